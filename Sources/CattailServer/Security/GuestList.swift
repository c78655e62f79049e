/// Who may connect, of those whose certificate is good: by common name or by URI. One match is
/// enough; without any pattern everybody may.
package struct GuestList: Hashable, Sendable {
    package var commonNames: [NamePattern] = []
    package var uris: [NamePattern] = []

    package init() {}

    func admits(_ identity: PeerIdentity) -> Bool {
        if commonNames.isEmpty && uris.isEmpty { return true }
        if let name = identity.commonName, commonNames.contains(where: { $0.matches(name) }) {
            return true
        }
        return identity.uris.contains { uri in uris.contains { $0.matches(uri) } }
    }
}

/// A name, or names that are alike: `*` stands for any characters, also none. Capitals count.
package struct NamePattern: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    private let parts: [[UInt8]]

    /// Nil for an empty text, which matches nobody.
    package init?(_ text: String) {
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

    package func matches(_ name: String) -> Bool {
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
}
