/// The alphabets of the resource's texts, each judged in one pass over the bytes.
///
/// All of them have one shape: runs that begin and end with an alphanumeric, may hold joiners
/// inside, and are separated by dots where the alphabet has dots as separators.
enum FieldSyntax {
    enum Alphabet {
        /// NAME: `[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?` joined by dots.
        case identity
        /// A DNS subdomain: the same in lower case and without `_`.
        case subdomain
        /// A DNS subdomain in either case, for annotation keys.
        case subdomainAnyCase
        /// One label of a DNS subdomain.
        case dnsLabel
        /// A label's name or value: `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`.
        case labelText
    }

    private enum ByteKind { case alphanumeric, joiner, separator, foreign }

    /// Whether `text` is a non-empty text of the alphabet.
    static func matches(_ text: some Sequence<UInt8>, _ alphabet: Alphabet) -> Bool {
        var previous = ByteKind.separator
        for byte in text {
            let kind = kind(of: byte, in: alphabet)
            switch kind {
            case .alphanumeric: break
            case .joiner: if previous == .separator { return false }
            case .separator: if previous != .alphanumeric { return false }
            case .foreign: return false
            }
            previous = kind
        }
        return previous == .alphanumeric
    }

    @inline(__always)
    private static func kind(of byte: UInt8, in alphabet: Alphabet) -> ByteKind {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .alphanumeric
        case UInt8(ascii: "-"):
            return .joiner
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            return alphabet == .subdomain || alphabet == .dnsLabel ? .foreign : .alphanumeric
        case UInt8(ascii: "."):
            return alphabet == .labelText ? .joiner : alphabet == .dnsLabel ? .foreign : .separator
        case UInt8(ascii: "_"):
            return alphabet == .identity || alphabet == .labelText ? .joiner : .foreign
        default:
            return .foreign
        }
    }

    /// `*`, or 1–15 of `[a-zA-Z0-9_.-]`: Linux's IFNAMSIZ without its final zero.
    static func isInterfaceName(_ text: some Collection<UInt8>) -> Bool {
        if text.elementsEqual(CollectionOfOne(UInt8(ascii: "*"))) { return true }
        guard (1...15).contains(text.count) else { return false }
        return text.allSatisfy { kind(of: $0, in: .labelText) != .foreign }
    }

    /// RFC 6335's service name: at most 15 of `[a-z0-9-]` with a letter in it, no dash at an
    /// edge and no two in a row.
    static func isPortName(_ text: some Collection<UInt8>) -> Bool {
        guard text.count <= 15, matches(text, .dnsLabel) else { return false }
        var hasLetter = false
        var previous: UInt8 = 0
        for byte in text {
            if byte == UInt8(ascii: "-") && previous == byte { return false }
            if byte >= UInt8(ascii: "a") { hasLetter = true }
            previous = byte
        }
        return hasLetter
    }

    /// 1–20 decimal digits that a UInt64 holds.
    static func isDecimal(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return false }
        return UInt64(text) != nil
    }
}
