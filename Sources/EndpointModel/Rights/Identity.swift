/// Who somebody is, as far as rights ask.
public enum Identity: Hashable, Sendable {
    /// What a certificate proves: the subject's common name, and its URIs.
    case proven(commonName: String?, uris: [String])
    /// What somebody without a certificate says of itself.
    case claimed(String)

    /// What a rule's pattern is held against; one that fits is enough. What is merely claimed looks
    /// like no certificate's name, so that a rule must mean it.
    package var names: [String] {
        switch self {
        case .proven(let commonName, let uris): [commonName].compactMap(\.self) + uris
        case .claimed(let name): ["\(Self.claimMark)\(name)"]
        }
    }

    package static let claimMark = "unproven:"
}

extension Identity {
    /// By bytes: strings that merely look alike are two identities.
    public static func == (left: Identity, right: Identity) -> Bool { left.bytes == right.bytes }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    private var bytes: [[UInt8]] {
        let kind: [UInt8] =
            switch self {
            case .proven(let commonName, _): [commonName == nil ? 0 : 1]
            case .claimed: [2]
            }
        return [kind] + names.map { Array($0.utf8) }
    }
}
