import EndpointModel

/// Seeded documents with everything that makes writers and readers stumble.
struct RandomTree {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func number(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }

    private static let pieces = [
        "a", "Z", "0", "9", "12", " ", "  ", "-", "--", "---", "...", ".", ":", ": ", " #", "#",
        "'",
        "\"", "\\", "\n", "\n\n", "\t", "\r", "\u{0}", "\u{7F}", "\u{85}", "\u{2028}", "\u{2029}",
        "\u{FEFF}", "\u{301}", "é", "€", "😀", "\u{FFFF}", "{", "}", "[", "]", ",", "&", "*", "!",
        "|",
        ">", "%", "@", "`", "?", "<", "=", "<<", "~", "null", "true", "No", "y", "on", "0x1F",
        "1e3",
        "+1", "1_0", ".5", ".inf", "2026-11-23", "T10:42:00Z", "12:34:56", "key", "- ", "? ", "_",
    ]
    private static let literals = [
        "0", "-0", "7", "-12", "1.50", "1e3", "2E-7", "13374955569420310264153526", "65536",
    ]

    mutating func string() -> String {
        (0..<number(below: 5)).map { _ in Self.pieces[number(below: Self.pieces.count)] }.joined()
    }

    mutating func value(depth: Int = 0) -> DocumentValue {
        switch number(below: depth > 4 ? 4 : 7) {
        case 0: return .null
        case 1: return .bool(number(below: 2) == 0)
        case 2: return .number(Self.literals[number(below: Self.literals.count)])
        case 3: return .string(string())
        case 4: return .array((0..<number(below: 4)).map { _ in value(depth: depth + 1) })
        default:
            var members: [DocumentValue.Member] = []
            for _ in 0..<number(below: 5) {
                let key = string()
                if members.contains(where: { $0.key == key }) { continue }
                members.append(DocumentValue.Member(key, value(depth: depth + 1)))
            }
            return .object(members)
        }
    }
}

extension DocumentValue {
    /// The same with the members of every object in one order, for comparing what was sorted.
    var sorted: DocumentValue {
        switch self {
        case .object(let members):
            .object(
                members.map { Member($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(\.sorted))
        case .null, .bool, .number, .string: self
        }
    }
}
