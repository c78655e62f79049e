internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "What changed between two points, each endpoint once.",
        discussion: "Compares the state after FROM with the state after TO; seq 0 is the empty "
            + "state. Points are a seq, a time (RFC 3339) or an age (15m, 2h).")

    @Argument(help: "A point.") var from: PointArgument
    @Argument(help: "A point.") var to: PointArgument

    @Option(name: .shortAndLong, help: "table or json, a line for each endpoint.")
    var output = TableOutput.table

    @OptionGroup var source: ArchiveOptions

    func run() async throws {
        var table = TextTable(headings: ["NAMESPACE", "NAME", "CHANGE"])
        try await source.withArchive { archive in
            try await archive.differences(from: from.point, to: to.point) { page in
                for difference in page {
                    let found = try FoundDifference(difference)
                    switch output {
                    case .json: try Console.output.line(found.json)
                    case .table: found.rows.forEach { table.append($0) }
                    }
                }
            }
        }
        if case .table = output { try Console.output.write(table.text) }
    }
}

/// One endpoint that the two states differ in.
private struct FoundDifference {
    let key: EndpointKey
    let before: WorkloadEndpoint?
    let after: WorkloadEndpoint?
    let changes: FieldChanges

    init(_ difference: CattailClient.EndpointDifference) throws {
        before = try difference.before.map { try $0.endpoint() }
        after = try difference.after.map { try $0.endpoint() }
        key = (difference.after ?? difference.before)?.key ?? EndpointKey(namespace: "", name: "")
        changes = FieldChanges(from: before, to: after)
    }

    var rows: [[String]] {
        changes.lines.enumerated().map { index, change in
            index == 0 ? [key.namespace, key.name, change] : ["", "", change]
        }
    }

    var json: String {
        JSONLine([
            ("key", .text(key)),
            ("change", .string(changes.kind.rawValue)),
            ("changes", changes.json),
            ("before", before.map { DocumentValue($0) } ?? .null),
            ("after", after.map { DocumentValue($0) } ?? .null),
        ]).text
    }
}
