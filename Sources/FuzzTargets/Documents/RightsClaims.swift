internal import EndpointDocuments
internal import EndpointModel

/// Rights that read are written, as a document and for the wire, so that they read as the same;
/// whoever asks is given what the first rule that fits says, and no more.
enum RightsClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let name = input.text()
        let uri = input.text()
        guard let document = try? YAMLReader.read(Array(input.rest)) else { return }
        let decoded = RightsDocument.decode(document.value)
        let faults = decoded.faults
        try claim(faults.count <= FaultList.mostFaults + 1, "\(faults.count) faults")
        guard faults.isEmpty else { return }
        let read = decoded.value
        let again = try mustRead("a written document") {
            try YAMLReader.read(read.document.yaml, limits: DocumentClaims.roomy)
        }
        let second = RightsDocument.decode(again?.value ?? .null)
        try claim(second.faults.isEmpty, "what was taken is refused: \(second.faults)")
        try claim(second.value == read, "rights come back otherwise from a document")
        let isSound = read.rights.faults().isEmpty
        if isSound { try wire(read.rights) }
        try grants(of: read.rights, isSound: isSound, name: name, uri: uri)
    }

    private static func wire(_ rights: Rights) throws {
        let again = try mustRead("encoded rights") {
            try rights.encoded.withUnsafeBytes { try Rights(ProtoReader($0, order: .ascending)) }
        }
        try claim(again == rights, "rights come back otherwise from the wire")
    }

    private static func grants(of rights: Rights, isSound: Bool, name: String, uri: String) throws {
        let grant = rights.grant(to: .proven(commonName: name, uris: [uri]))
        let first = rights.rules.first { rule in
            [name, uri].contains { fits($0, rule.identity.description) }
        }
        guard let first, !first.roles.isEmpty else {
            return try claim(grant == nil, "a grant by no rule")
        }
        let template = first.selection
        let texts = [template.selector, template.node, template.namespace]
        let hasPlaces = texts.contains { $0.contains("${") }
        guard let grant else {
            return try claim(hasPlaces || !isSound, "a sound rule without places gives nothing")
        }
        try claim(grant.roles == first.roles, "the roles of another rule")
        for (given, text) in [
            (grant.selection.node, template.node), (grant.selection.namespace, template.namespace),
        ] {
            try claim((given ?? "").isEmpty == text.isEmpty, "'\(text)' became \(given ?? "all")")
            guard !hasPlaces else { continue }
            try claim((given ?? "").utf8.elementsEqual(text.utf8), "'\(text)' became another")
        }
        guard isSound, !grant.roles.isDisjoint(with: .seeingAll) else { return }
        try claim(grant.selection.isEverything, "a log seen in part")
    }

    /// The pattern by the book: which of the name's beginnings each of its characters reaches.
    private static func fits(_ name: String, _ pattern: String) -> Bool {
        let name = Array(name.utf8)
        var reached = [true] + Array(repeating: false, count: name.count)
        for byte in pattern.utf8 {
            if byte == UInt8(ascii: "*") {
                var isReached = false
                reached = reached.map { one in
                    isReached = isReached || one
                    return isReached
                }
            } else {
                reached = [false] + name.indices.map { reached[$0] && name[$0] == byte }
            }
        }
        return reached[name.count]
    }
}
