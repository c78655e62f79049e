internal import EndpointModel
internal import SyncProtocol

/// What writers ask and are told.
extension History {
    func asked(_ request: Request) { requests[request.name] = request }

    /// A writer has heard that its request took effect, or found it standing.
    func answered(_ id: String, _ answer: Answer) {
        switch answer.outcome {
        case .failed, .unchanged: return
        case .created, .configured, .deleted: break
        }
        let made = byRequest[id] ?? []
        guard made.contains(where: { events[$0].seq == answer.seq.rawValue }) else {
            return violates(
                "G1", "\(id) is answered \(answer.outcome) at \(answer.seq), where it is not")
        }
    }

    /// A refusal that no rule of the simulation gives reason for.
    func failed(_ id: String, _ code: String, _ message: String) {
        let expected = [
            "already-exists", "not-found", "conflict", "outcome-unknown", "unreachable",
            "acks-missing", "read-only", "unavailable",
        ]
        if code == "not-allowed", isDeniedSomewhere(String(id.prefix { $0 != "/" }), .writing) {
            return
        }
        if !expected.contains(code) { violates("G11", "\(id) fails by \(code): \(message)") }
    }
}
