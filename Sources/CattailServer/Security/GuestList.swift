package import EndpointModel

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
