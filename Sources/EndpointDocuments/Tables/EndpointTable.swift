package import EndpointModel

/// A column of calicoctl's table of endpoints; the raw value is its heading.
package enum EndpointColumn: String, CaseIterable, Hashable, Sendable {
    case name = "NAME"
    case namespace = "NAMESPACE"
    case node = "NODE"
    case orchestrator = "ORCHESTRATOR"
    case workload = "WORKLOAD"
    case networks = "NETWORKS"
    case nats = "NATS"
    case profiles = "PROFILES"
    case interface = "INTERFACE"

    package func cell(_ endpoint: WorkloadEndpoint) -> String {
        let spec = endpoint.spec
        return switch self {
        case .name: endpoint.metadata.name
        case .namespace: endpoint.metadata.namespace
        case .node: spec.node
        case .orchestrator: spec.orchestrator
        case .workload: spec.workload.isEmpty ? spec.pod : spec.workload
        case .networks: spec.ipNetworks.joined(separator: ",")
        case .nats:
            spec.ipNATs.map { "{\($0.internalIP) \($0.externalIP)}" }.joined(separator: ",")
        case .profiles: spec.profiles.joined(separator: ",")
        case .interface: spec.interfaceName
        }
    }
}

/// A heading of `-o custom-columns=` that names no column.
package struct UnknownHeading: Error, Hashable, Sendable, CustomStringConvertible {
    package var heading: String

    package var description: String {
        let valid = EndpointColumn.allCases.map(\.rawValue).joined(separator: ", ")
        return "unknown heading \(heading), valid values are: \(valid)"
    }
}

/// Endpoints as calicoctl's `get` prints them; `calicoctl-table.json` pins the layout.
package struct EndpointTable {
    /// Whether the namespace is shown in front: it is when `-n` or `-A` was given.
    package enum NamespaceColumn: Sendable {
        case shown
        case hidden
    }

    package let columns: [EndpointColumn]

    private init(_ columns: [EndpointColumn], _ namespace: NamespaceColumn) {
        self.columns = namespace == .shown ? [.namespace] + columns : columns
    }

    /// `-o ps`, which is the default.
    package static func ps(namespace: NamespaceColumn = .hidden) -> EndpointTable {
        EndpointTable([.workload, .node, .networks, .interface], namespace)
    }

    /// `-o wide`.
    package static func wide(namespace: NamespaceColumn = .hidden) -> EndpointTable {
        EndpointTable(
            [.name, .workload, .node, .networks, .interface, .profiles, .nats], namespace)
    }

    /// `-o custom-columns=NAME,NODE`: exactly these, the namespace only when it is named.
    package static func custom(_ headings: String) throws(UnknownHeading) -> EndpointTable {
        var columns: [EndpointColumn] = []
        for heading in headings.split(separator: ",", omittingEmptySubsequences: false) {
            guard let column = EndpointColumn(rawValue: String(heading)) else {
                throw UnknownHeading(heading: String(heading))
            }
            columns.append(column)
        }
        return EndpointTable(columns, .hidden)
    }

    package func text(_ endpoints: some Sequence<WorkloadEndpoint>) -> String {
        var table = TextTable(headings: columns.map(\.rawValue), ending: .blankLine)
        for endpoint in endpoints { table.append(columns.map { $0.cell(endpoint) }) }
        return table.text
    }
}

/// The lines of `-o name`.
package enum EndpointNames {
    /// `workloadendpoint/NAME`, or `workloadendpoint/NS/NAME` where several namespaces are
    /// listed; with its newline.
    package static func line(
        _ key: EndpointKey, namespace: EndpointTable.NamespaceColumn
    ) -> String {
        switch namespace {
        case .shown: "workloadendpoint/\(key.namespace)/\(key.name)\n"
        case .hidden: "workloadendpoint/\(key.name)\n"
        }
    }
}
