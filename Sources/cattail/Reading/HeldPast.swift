internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import EndpointState

/// A past state that a watcher says it holds: `watch --from`.
struct HeldPast {
    let state: EndpointSet
    let position: Position

    static func read(
        _ selection: Selection, at point: LogPoint, from client: EndpointClient
    ) async throws -> HeldPast {
        let (items, seq) = try await client.list(selection, at: point).collect()
        var state = EndpointSet()
        for item in items { state.put(item) }
        state.advance(to: seq)
        let logID = try await logID(from: client)
        return HeldPast(state: state, position: try await position(seq, logID, client))
    }

    private static func logID(from client: EndpointClient) async throws -> LogID {
        let status = try JSONReader.read(try await client.status())
        guard case .string(let text)? = status["logID"], let logID = LogID(text) else {
            throw Fault(
                code: FaultCode.protocolBroken, what: "the server's status names no log",
                remedy: "use versions that fit together")
        }
        return logID
    }

    /// The chain hash names the history; the epoch's leader is not in the event and not asked
    /// for.
    private static func position(
        _ seq: Seq, _ logID: LogID, _ client: EndpointClient
    ) async throws -> Position {
        if seq == .zero { return .origin(of: logID) }
        let entries = try await client.log(from: .seq(seq), to: .seq(seq)).collect().elements
        guard let entry = entries.last else {
            throw Fault(code: FaultCode.positionCompacted, what: "the event at seq \(seq) is gone")
        }
        let epoch = Epoch(number: try entry.record.audit().epochNumber, leaderID: 0)
        return Position(logID: logID, epoch: epoch, seq: seq, chain: entry.chain)
    }
}
