/// A name, or names that are alike: `*` stands for any characters, also none. Capitals count.
public struct NamePattern: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private let parts: [[UInt8]]

    /// Nil for an empty text, which matches nobody.
    public init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        description = text
        parts = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
            .map { Array($0) }
    }

    /// `a,b*,c`; nil when one of them is empty.
    package static func list(_ text: String) -> [NamePattern]? {
        var patterns: [NamePattern] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let pattern = NamePattern(String(part)) else { return nil }
            patterns.append(pattern)
        }
        return patterns
    }

    public func matches(_ name: String) -> Bool {
        var rest = Array(name.utf8)[...]
        guard parts.count > 1 else { return rest.elementsEqual(parts[0]) }
        guard rest.starts(with: parts[0]) else { return false }
        rest = rest.dropFirst(parts[0].count)
        // Each at its first place: a later one would leave the others less room.
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let place = rest.firstRange(of: part) else { return false }
            rest = rest[place.upperBound...]
        }
        let last = parts[parts.count - 1]
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }

    /// Whether there is one `*`, so that what it stands for can be said.
    public var hasOneStar: Bool { parts.count == 2 }

    /// What the one `*` stands for in a name that matches.
    public func starred(in name: String) -> String? {
        guard hasOneStar, matches(name) else { return nil }
        let middle = Array(name.utf8).dropFirst(parts[0].count).dropLast(parts[1].count)
        return String(decoding: middle, as: UTF8.self)
    }
}
