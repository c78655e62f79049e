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
