internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import Synchronization

/// Sends a stream of documents and tells what becomes of each: one task sends, one takes the
/// answers, and no more is held than the window of requests under way.
struct MutationRun: Sendable {
    /// A failure that counts as done: `--skip-exists`, `--skip-not-exists`.
    let forgiven: ClientError.Code?
    let printer: ResultPrinter

    struct Count: Sendable {
        var all = 0
        var done = 0
    }

    /// - Parameter seen: called with each document before it is sent.
    func run(
        _ documents: DocumentBatches<PreparedDocument>, through client: EndpointClient,
        seen: @escaping @Sendable (PreparedDocument) -> Void = { _ in }
    ) async throws -> Count {
        let stream = client.mutations()
        let waiting = WaitingDocuments()
        return try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                // Whatever ends the sending, what was sent is waited for.
                defer { stream.finish() }
                return try await send(documents, into: stream, waiting, seen)
            }
            var count = Count()
            for await result in stream {
                count.done += try take(result, of: waiting.next()) ? 1 : 0
            }
            count.all = try await group.next() ?? 0
            return count
        }
    }

    /// Gives back how many documents there were.
    private func send(
        _ documents: DocumentBatches<PreparedDocument>, into stream: MutationStream,
        _ waiting: WaitingDocuments, _ seen: (PreparedDocument) -> Void
    ) async throws -> Int {
        var count = 0
        for try await batch in documents {
            for document in batch {
                count += 1
                seen(document)
                for warning in document.warnings { Console.faults.warn(warning) }
                switch document.content {
                case .faults(let faults): Console.faults.report(faults)
                case .request(let request):
                    waiting.append(document.position)
                    try await stream.send(request)
                }
            }
        }
        return count
    }

    /// Whether it was done.
    func take(
        _ result: MutationResult, of position: DocumentPosition? = nil
    ) throws -> Bool {
        guard let error = result.error else {
            try printer.print(result)
            return true
        }
        if error.code == forgiven {
            try printer.printForgiven(result)
            return true
        }
        Console.faults.report(Fault.all(of: error).map { $0.at(position) })
        return false
    }
}

/// Where the documents stand whose answers have not come, in the order of sending.
private final class WaitingDocuments: Sendable {
    private struct Line {
        var positions: [DocumentPosition] = []
        var first = 0
    }

    private let line = Mutex(Line())
    /// How many answered ones are kept before they are cleared away, which costs a move.
    private static let clearAway = 4_096

    func append(_ position: DocumentPosition) { line.withLock { $0.positions.append(position) } }

    func next() -> DocumentPosition? {
        line.withLock { line in
            guard line.first < line.positions.count else { return nil }
            defer {
                line.first += 1
                if line.first >= Self.clearAway {
                    line.positions.removeFirst(line.first)
                    line.first = 0
                }
            }
            return line.positions[line.first]
        }
    }
}

/// Prints results as they are acknowledged.
struct ResultPrinter: Sendable {
    enum Style: Sendable {
        /// Only a summary, at the end.
        case quiet
        /// A line for each document, for people.
        case lines
        case json
    }

    let style: Style
    let effect: MutationRequest.Effect

    func print(_ result: MutationResult) throws {
        guard let word = result.outcome.word else { return }
        try print(result, word, seq: result.seq)
    }

    /// Of a failure that counts as done: nothing was changed. The seq is that of what stands, if
    /// anything does.
    func printForgiven(_ result: MutationResult) throws {
        try print(result, "unchanged", seq: result.error?.standingSeq)
    }

    /// A reader that has gone is a fault here: what was not printed was done all the same, or
    /// will not be done at all.
    private func print(_ result: MutationResult, _ word: String, seq: Seq?) throws {
        do {
            try printLine(result, word, seq)
        } catch is OutputClosed {
            throw Fault(
                code: FaultCode.outputFailed, what: "whoever read the results has gone",
                remedy: "look at the log for what was done, or do it again")
        }
    }

    private func printLine(_ result: MutationResult, _ word: String, _ seq: Seq?) throws {
        switch style {
        case .quiet: return
        case .lines:
            try Console.output.line(
                "workloadendpoint/\(result.key) \(word)" + (isDry ? " (dry run)" : ""))
        case .json:
            try Console.output.line(
                JSONLine([
                    ("key", .text(result.key)), ("result", .string(word)),
                    ("seq", seq.map { .seq($0) }),
                    ("requestID", .string(result.requestID)),
                    ("dryRun", isDry ? .bool(true) : nil),
                ]).text)
        }
        try Console.output.flush()
    }

    private var isDry: Bool {
        switch effect {
        case .dryRun: true
        case .real: false
        }
    }
}

extension MutationResult.Outcome {
    /// As results name it; nil for a failure.
    var word: String? {
        switch self {
        case .created: "created"
        case .configured: "configured"
        case .unchanged: "unchanged"
        case .deleted: "deleted"
        case .failed: nil
        }
    }
}
