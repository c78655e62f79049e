internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

extension EndpointClient {
    /// The position at a seq of the server's log, to subscribe from.
    ///
    /// The chain hash names the history; the epoch's leader is not in the event and not asked
    /// for.
    func position(at seq: Seq) async throws -> Position {
        let logID = try await logID()
        if seq == .zero { return .origin(of: logID) }
        let entries = try await log(from: .seq(seq), to: .seq(seq)).collect().elements
        guard let entry = entries.last else {
            throw Fault(code: FaultCode.positionCompacted, what: "the event at seq \(seq) is gone")
        }
        let epoch = Epoch(number: try entry.record.audit().epochNumber, leaderID: 0)
        return Position(logID: logID, epoch: epoch, seq: seq, chain: entry.chain)
    }

    private func logID() async throws -> LogID {
        let status = try JSONReader.read(try await status())
        guard case .string(let text)? = status["logID"], let logID = LogID(text) else {
            throw Fault(
                code: FaultCode.protocolBroken, what: "the server's status names no log",
                remedy: "use versions that fit together")
        }
        return logID
    }
}
