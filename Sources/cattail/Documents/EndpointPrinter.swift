internal import ArgumentParser
internal import EndpointDocuments
internal import EndpointModel

/// The values of `get -o`.
enum EndpointOutput: ExpressibleByArgument {
    case ps
    case wide
    case yaml
    case json
    case name
    case columns(String)

    private static let columnsPrefix = "custom-columns="

    init?(argument: String) {
        switch argument {
        case "ps": self = .ps
        case "wide": self = .wide
        case "yaml", "yml": self = .yaml
        case "json": self = .json
        case "name": self = .name
        case _ where argument.hasPrefix(Self.columnsPrefix):
            self = .columns(String(argument.dropFirst(Self.columnsPrefix.count)))
        default: return nil
        }
    }

    var defaultValueDescription: String { "ps" }
}

/// Prints endpoints as calicoctl and kubectl do.
struct EndpointPrinter {
    let output: EndpointOutput
    /// Of tables.
    private let column: EndpointTable.NamespaceColumn
    /// Of `-o name`.
    private let names: EndpointTable.NamespaceColumn

    init(_ output: EndpointOutput, _ namespaces: NamespaceOptions) {
        self.output = output
        column = namespaces.column
        names = namespaces.inNames
    }

    /// All that a list found, of none or one too.
    func list(_ items: [EncodedItem], at seq: Seq) throws {
        switch output {
        case .json: try jsonList(items, at: seq)
        case .yaml: try yamlList(items, at: seq)
        case .name: for item in items { try Console.output.write(name(item.key)) }
        case .ps, .wide, .columns: try table(items.map { try $0.endpoint() })
        }
    }

    /// What was asked for by name: the object, or an array of several.
    func named(_ endpoints: [WorkloadEndpoint]) throws {
        let documents = endpoints.map { DocumentValue($0) }
        let value = documents.count == 1 ? documents[0] : .array(documents)
        switch output {
        case .json: try Console.output.write(value.prettyJSON)
        case .yaml: try Console.output.write(value.yaml)
        case .name: for endpoint in endpoints { try Console.output.write(name(endpoint.key)) }
        case .ps, .wide, .columns: try table(endpoints)
        }
    }

    private func name(_ key: EndpointKey) -> String {
        EndpointNames.line(key, namespace: names)
    }

    private func table(_ endpoints: [WorkloadEndpoint]) throws {
        let table: EndpointTable =
            switch output {
            case .wide: .wide(namespace: column)
            case .columns(let headings): try Self.columns(headings)
            case .ps, .json, .yaml, .name: .ps(namespace: column)
            }
        try Console.output.write(table.text(endpoints))
    }

    private static func columns(_ headings: String) throws(UsageFault) -> EndpointTable {
        do {
            return try EndpointTable.custom(headings)
        } catch {
            throw UsageFault(error.description, remedy: "name columns as they are listed")
        }
    }

    // MARK: Lists of any length, item by item

    private func jsonList(_ items: [EncodedItem], at seq: Seq) throws {
        let head = DocumentValue.object([
            .init("kind", .string(WorkloadEndpoint.listKind)),
            .init("apiVersion", .string(WorkloadEndpoint.apiVersion)),
            .init("metadata", .object([.init("resourceVersion", .text(seq))])),
            .init("items", .array([])),
        ]).prettyJSON
        guard !items.isEmpty else { return try Console.output.write(head) }
        let emptyEnd = "[]\n}"
        try Console.output.write(String(head.dropLast(emptyEnd.count)) + "[")
        var separator = ""
        for item in items {
            let document = DocumentValue(try item.endpoint())
            try Console.output.write(separator + "\n    " + document.prettyJSON(level: 2))
            separator = ","
        }
        try Console.output.write("\n  ]\n}")
    }

    private func yamlList(_ items: [EncodedItem], at seq: Seq) throws {
        try Console.output.write("apiVersion: \(WorkloadEndpoint.apiVersion)\n")
        try Console.output.write(items.isEmpty ? "items: []\n" : "items:\n")
        for item in items {
            let document = DocumentValue(try item.endpoint())
            try Console.output.write("- " + document.yaml(indent: 2))
        }
        try Console.output.write("kind: \(WorkloadEndpoint.listKind)\n")
        try Console.output.write("metadata:\n  resourceVersion: \"\(seq)\"\n")
    }
}
