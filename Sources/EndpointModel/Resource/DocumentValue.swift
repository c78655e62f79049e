/// A document as a tree, whatever text it came from: the shape that YAML and JSON share.
///
/// Numbers keep the literal they were written with, so that a 25-digit identifier loses
/// nothing; members keep their order.
public indirect enum DocumentValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The literal as written: `1337495556942031415926535`, `1e3`, `-0`.
    case number(String)
    case string(String)
    case array([DocumentValue])
    case object([Member])

    public struct Member: Hashable, Sendable {
        public var key: String
        public var value: DocumentValue

        public init(_ key: String, _ value: DocumentValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of the member `key`, or nil when this is no object or has none.
    public subscript(key: String) -> DocumentValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}
