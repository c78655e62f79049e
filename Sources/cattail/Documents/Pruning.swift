internal import CattailClient
internal import EndpointModel

/// Deletes what an import's input did not have. The input must have been read to its end: what
/// could not be read might be what is about to be deleted.
struct Pruning {
    let client: EndpointClient
    let options: WriteOptions
    let allowsMany: Bool

    /// Without `--yes`.
    private static let greatestShare = 10

    func run(keeping imported: ImportedKeys) async throws {
        guard imported.isWhole else {
            throw Fault(
                code: FaultCode.pruneRefused, what: "a part of the input could not be read",
                remedy: "correct it, then prune: nothing was deleted")
        }
        let kept = imported.keys
        let selection = Selection(namespace: options.namespace.namespace)
        let all = try await client.list(selection).collect().elements
        let doomed = all.filter { !kept.contains($0.key) }
        guard allowsMany || doomed.count * Self.greatestShare <= all.count else {
            throw Fault(
                code: FaultCode.pruneRefused,
                what: "\(doomed.count) of \(all.count) endpoints are not in the input, "
                    + "more than a tenth",
                remedy: "look at the input, or say --yes: nothing was deleted")
        }
        try await delete(doomed)
    }

    /// Each as it was listed: what changed since is left alone and told.
    private func delete(_ doomed: [EncodedItem]) async throws {
        let effect = options.effect
        let requests = doomed.map {
            MutationRequest(.delete, key: $0.key, expectedSeq: $0.seq, effect: effect)
        }
        var count = 0
        try await client.submit(requests) { result in
            if let error = result.error {
                Console.faults.report(Fault.all(of: error))
            } else {
                count += 1
                try options.printer.print(result)
            }
        }
        if case .text = options.output {
            try Console.output.line(
                "Successfully pruned \(count) '\(WorkloadEndpoint.kind)' resource(s)")
        }
    }
}
