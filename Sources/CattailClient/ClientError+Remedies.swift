internal import EndpointModel
internal import SyncProtocol
internal import SyncTransport

/// What to do about what others said. A server says what stands in the way; what helps follows
/// from the code.
extension ClientError {
    /// With the remedy of the code.
    init(told code: Code, _ message: String) {
        self.init(code: code, message: message, remedy: code.remedy)
    }

    /// Why a mutation was not done.
    init(_ answer: Answer) {
        let code = Code(rawValue: answer.code.rawValue)
        self.init(
            code: code, message: answer.message, remedy: code.remedy, faults: answer.faults,
            standingSeq: answer.item?.seq)
    }

    /// What a goodbye that nothing can mend means to the user.
    init(_ goodbye: Goodbye, from server: ServerAddress) {
        let why = goodbye.message.isEmpty ? goodbye.code.rawValue : goodbye.message
        self.init(told: Code(rawValue: goodbye.code.rawValue), "\(server): \(why)")
    }
}

extension ClientError.Code {
    /// What helps in most cases; empty for a word that this library does not know.
    var remedy: String {
        switch rawValue {
        case "acks-missing":
            "look at the voting followers; ask again with the same request ID to hear whether they"
                + " have it"
        case "already-exists": "replace or apply it"
        case "conflict": "get it again and redo the change"
        case "damaged", "record-malformed":
            "restore the node's data directory from a copy or from a follower"
        case "digest-differs": "it is fetched anew by itself"
        case "history-other", "log-other": "name another server"
        case "invalid": "correct what is named"
        case "membership-unsettled": "wait until those voters have caught up"
        case "not-allowed": "ask for the right to do it"
        case "not-found": "look at the name and the namespace"
        case "not-leader": "name the leader as server"
        case "outcome-unknown": "ask again with the same request ID, or look"
        case "overloaded": "come back later"
        case "position-ahead": "ask for an earlier point, or wait"
        case "position-compacted": "ask for a later point"
        case "promotion-refused":
            "do as it says; with --force it goes on, and what was acknowledged may be lost"
        case "protocol-broken": "is this a Cattail server of a release that fits?"
        case "query-unknown", "version-unsupported": "use releases that fit together"
        case "read-only": "look at the node's log; writes come back by themselves"
        case "request-id-reused": "give each request an ID of its own"
        case "rights-lockout": "add a rule with the role admin that fits who applies them"
        case "selector-invalid": "correct the selector"
        case "too-few-voters": "add another voter first, or start the leader with fewer --min-acks"
        case "too-long", "limit-exceeded": "shorten what is named"
        case "unavailable": "retry; look at the node's log"
        case "voter-known", "voter-unknown": "look at `cattail members`"
        case "unreachable": "is the server running, and is the address right?"
        default: ""
        }
    }
}
