/// Reading names back.
extension EndpointName {
    /// The identifiers of a name or of a name's prefix. What is not in it stays empty, and a
    /// trailing dash makes an empty part.
    ///
    /// Any text of one to four parts parses: nothing tells `coredns-668d6bf9bc-bxhr6`, a pod's
    /// name, from an endpoint's. For `libnetwork` the third part overwrites the orchestrator.
    public static func parse(_ name: String) throws(FieldFault) -> EndpointIdentifiers {
        if name.isEmpty {
            throw FieldFault(field: "metadata.name", reason: "is empty: give an endpoint's name")
        }
        let parts = split(name)
        guard parts.count <= partCount else {
            throw FieldFault(
                field: "metadata.name", offending: name,
                reason: "has more than four parts: check that it is an endpoint's name, not a pod's"
            )
        }
        var identifiers = EndpointIdentifiers(node: parts[0])
        if parts.count > 1 { identifiers.orchestrator = parts[1] }
        if parts.count > 2 {
            switch WorkloadField(orchestrator: parts[1].utf8) {
            case .pod: identifiers.pod = parts[2]
            case .containerID: identifiers.containerID = parts[2]
            case .orchestrator: identifiers.orchestrator = parts[2]
            case .workload: identifiers.workload = parts[2]
            }
        }
        if parts.count > 3 { identifiers.endpoint = parts[3] }
        return identifiers
    }

    /// Whether the full name `name` has these identifiers; those left empty match anything. The
    /// node is required.
    public static func matches(
        _ identifiers: EndpointIdentifiers, _ name: String
    ) throws(FieldFault) -> Bool {
        let wanted = try segments(of: identifiers)
        guard let parts = fullNameParts(name) else { return false }
        return wanted.indices.allSatisfy { index in
            wanted[index].value.isEmpty || wanted[index].value == parts[index]
        }
    }

    /// The key that the v1 data model has for the endpoint; nil when the name has not exactly
    /// four parts or the namespace is empty.
    package static func v1Key(namespace: String, name: String) -> V1EndpointKey? {
        guard !namespace.isEmpty, let parts = fullNameParts(name) else { return nil }
        return V1EndpointKey(
            hostname: parts[0], orchestratorID: parts[1], workloadID: "\(namespace)/\(parts[2])",
            endpointID: parts[3])
    }

    private static func fullNameParts(_ name: String) -> [String]? {
        guard name.utf8.count >= shortestByteCount else { return nil }
        let parts = split(name)
        return parts.count == partCount ? parts : nil
    }

    /// The parts with their doubled dashes single again; never empty. A dash followed by a dash
    /// is an escaped one, a lone dash separates, and a leading dash is neither: of an odd run
    /// the last separates.
    ///
    /// Scalars, not characters: a combining mark after a dash must not hide the dash.
    private static func split(_ name: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var scalars = name.unicodeScalars[...]
        if let first = scalars.popFirst() { part.unicodeScalars.append(first) }
        while let scalar = scalars.popFirst() {
            if scalar != "-" {
                part.unicodeScalars.append(scalar)
            } else if scalars.first == "-" {
                scalars.removeFirst()
                part.unicodeScalars.append(scalar)
            } else {
                parts.append(part)
                part = ""
            }
        }
        return parts + [part]
    }
}

/// An endpoint's key in the v1 data model, as Felix and Typha know it.
package struct V1EndpointKey: Hashable, Sendable {
    package var hostname: String
    package var orchestratorID: String
    package var workloadID: String
    package var endpointID: String
}
