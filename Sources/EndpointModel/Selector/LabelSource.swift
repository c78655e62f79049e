/// Something that has labels: a dictionary, or the bytes of an encoded item.
///
/// The shape lets a lookup run without an allocation: the name comes as a string and as bytes,
/// and the value is lent, not returned.
public protocol LabelSource {
    /// Calls `body` once with the bytes of the label's value, or with nil when there is no such
    /// label. A present label with an empty value is an empty buffer, not nil.
    func withValue<Result>(of label: LabelName, _ body: (UnsafeRawBufferPointer?) -> Result)
        -> Result
}

/// A label's name, ready to be looked up by string or by bytes.
public struct LabelName: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    /// `text` in UTF-8.
    public let bytes: [UInt8]

    public init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    public var description: String { text }
}

extension [String: String]: LabelSource {
    /// Swift's strings are equal when they look alike (the Kelvin sign equals `K`); labels are
    /// equal by bytes. A name in a selector is ASCII, so an equal key of the same byte count is
    /// the same bytes.
    @inlinable
    public func withValue<Result>(
        of label: LabelName, _ body: (UnsafeRawBufferPointer?) -> Result
    ) -> Result {
        guard let index = index(forKey: label.text),
            self[index].key.utf8.count == label.bytes.count
        else { return body(nil) }
        var value = self[index].value
        return value.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}
