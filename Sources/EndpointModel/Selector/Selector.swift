/// Calico's selector: a condition on an endpoint's labels, such as
/// `role == "frontend" && !has(deprecated)`.
///
/// Parsed, written, compared and evaluated without recursion and in linear time, whatever the
/// nesting (G12). Two selectors are equal when their canonical forms are the same bytes. Labels
/// that the reference inherits from profiles are not seen.
public struct Selector: Sendable {
    @usableFromInline let storage: Storage

    /// Shared by all copies.
    @usableFromInline
    final class Storage: Sendable {
        let syntax: SelectorSyntax
        let canonical: [UInt8]
        @usableFromInline let program: SelectorProgram

        init(_ syntax: SelectorSyntax) {
            self.syntax = syntax
            canonical = syntax.canonicalBytes
            program = SelectorProgram(syntax)
        }
    }

    /// `all()`: matches everything.
    public static let all = Selector(.all)

    /// Reads a selector; the empty text and blanks are `all()`.
    public init(parsing text: String) throws(SelectorError) {
        self.init(try SelectorParser.parse(text))
    }

    init(_ syntax: SelectorSyntax) {
        storage = Storage(syntax)
    }

    /// The reference's canonical text. It reads back as an equal selector, except that
    /// `!(!x)` is written `!!x`, which reads as `x`; see `withoutDoubleNegation`.
    public var canonical: String { String(decoding: storage.canonical, as: UTF8.self) }

    /// `canonical` in UTF-8.
    public var canonicalBytes: [UInt8] { storage.canonical }

    /// The reference's name of this selector: `s:` and the unpadded base64url of the SHA-224 of
    /// `s:` and the canonical form.
    public var uid: String {
        "s:" + Base64URL.text(SHA224.hash(Array("s:".utf8) + storage.canonical))
    }

    /// Whether something with these labels is selected.
    @inlinable
    public func matches(_ labels: some LabelSource) -> Bool {
        storage.program.run(labels)
    }

    /// The same condition with every `!(!x)` written as `x`: its canonical form reads back as
    /// an equal selector, so both ends of a connection agree on its fingerprint.
    public var withoutDoubleNegation: Selector {
        let simpler = storage.syntax.withoutDoubleNegation
        return simpler.nodes.count == storage.syntax.nodes.count ? self : Selector(simpler)
    }

    /// The same condition on labels whose names begin with `prefix`.
    ///
    /// - Throws: `SelectorError` when a name would not be a label's any more.
    public func prefixingLabels(with prefix: String) throws(SelectorError) -> Selector {
        var syntax = storage.syntax
        for index in syntax.labels.indices {
            let name = prefix + syntax.labels[index].text
            syntax.labels[index] = try SelectorParser.label(name)
        }
        return Selector(syntax)
    }

    /// The canonical form of a text with white space trimmed off its ends; the trimmed text
    /// itself when that is no selector.
    public static func normalise(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        guard let start = scalars.firstIndex(where: { !isSpace($0) }),
            let end = scalars.lastIndex(where: { !isSpace($0) })
        else { return Selector.all.canonical }
        let trimmed = String(scalars[start...end])
        guard let selector = try? Selector(parsing: trimmed) else { return trimmed }
        return selector.canonical
    }
}

extension Selector: Hashable {
    public static func == (left: Selector, right: Selector) -> Bool {
        left.storage === right.storage || left.storage.canonical == right.storage.canonical
    }

    public func hash(into hasher: inout Hasher) {
        storage.canonical.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension Selector: CustomStringConvertible {
    public var description: String { canonical }
}

/// RFC 4648, section 5, without padding.
enum Base64URL {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - group.count))
            for digit in 0...group.count {
                result.append(digits[Int(bits >> (18 - 6 * digit) & 63)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
