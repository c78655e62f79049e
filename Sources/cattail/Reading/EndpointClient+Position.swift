internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

extension EndpointClient {
    /// The position at a seq of the server's log, to subscribe from.
    func position(at seq: Seq) async throws -> Position {
        let logID = try await logID()
        if seq == .zero { return .origin(of: logID) }
        let entry = try await event(at: seq)
        return Position(
            logID: logID, epoch: try await epoch(of: entry), seq: seq, chain: entry.chain)
    }

    /// The epoch in which an event stands. An event says its number alone; which leader began it
    /// says the first event of that number. Numbers never fall along the log, so halving finds
    /// it, and the first guess is the log's beginning.
    private func epoch(of entry: LogEntry) async throws -> Epoch {
        let number = try entry.record.audit().epochNumber
        var beginning = entry
        var low: UInt64 = 1
        var guess = low
        while low < beginning.seq.rawValue {
            let candidate = try await event(at: Seq(guess))
            if try candidate.record.audit().epochNumber < number {
                low = guess + 1
            } else {
                beginning = candidate
            }
            guess = low + (beginning.seq.rawValue - low) / 2
        }
        guard beginning.record.item.kind == .control,
            case .epoch(let epoch) = try beginning.record.item.control()
        else {
            throw Fault(
                code: FaultCode.protocolBroken,
                what: "the event at seq \(beginning.seq) does not begin epoch \(number)",
                remedy: "check the log with cattail verify")
        }
        return epoch
    }

    private func event(at seq: Seq) async throws -> LogEntry {
        let entries = try await log(from: .seq(seq), to: .seq(seq)).collect().elements
        guard let entry = entries.last else {
            throw Fault(
                code: FaultCode.positionCompacted, what: "the event at seq \(seq) is gone",
                remedy: "ask for a later one")
        }
        return entry
    }

    func logID() async throws -> LogID {
        let status = try JSONReader.read(try await status())
        guard case .string(let text)? = status["logID"], let logID = LogID(text) else {
            throw Fault(
                code: FaultCode.protocolBroken, what: "the server's status names no log",
                remedy: "use versions that fit together")
        }
        return logID
    }
}
