package import EndpointModel
package import SyncProtocol

/// Why a mutation is refused: the code and what stands in the way. What to do about it follows
/// from the code; clients say it.
package struct MutationFailure: Error, Sendable {
    package let code: FailureCode
    package let message: String
    package var faults: [FieldFault] = []
    package var item: EncodedItem?
    package var leader = ""

    private init(_ code: FailureCode, _ message: String) {
        self.code = code
        self.message = message.cut(toBytes: Limits.messageBytes)
    }

    package func answer(ticket: UInt64) -> Answer {
        Answer(
            ticket: ticket, outcome: .failed, seq: item?.seq ?? .zero, code: code,
            message: message, faults: faults, item: item, leader: leader)
    }

    package static func invalid(_ faults: [FieldFault]) -> MutationFailure {
        var failure = MutationFailure(
            .invalid, faults.map(\.description).joined(separator: "; "))
        failure.faults = faults.cut(toBytes: Limits.faultBytes)
        return failure
    }

    /// The endpoint's bytes are not the canonical encoding: the client's mistake, not the user's.
    package static func unreadable(_ error: WireError) -> MutationFailure {
        MutationFailure(.invalid, "the encoded endpoint cannot be read: \(error)")
    }

    package static func tooLarge(bytes: Int, limit: Int) -> MutationFailure {
        MutationFailure(
            .tooLong,
            "the endpoint or its origin takes \(bytes) bytes, at most \(limit) are allowed")
    }

    package static func originTooLarge(bytes: Int, limit: Int) -> MutationFailure {
        MutationFailure(
            .tooLong, "the endpoint's origin takes \(bytes) bytes, at most \(limit) are allowed")
    }

    package static func notFound(_ key: EndpointKey) -> MutationFailure {
        MutationFailure(.notFound, "resource does not exist: WorkloadEndpoint(\(key))")
    }

    package static func alreadyExists(_ key: EndpointKey, standing: EncodedItem)
        -> MutationFailure
    {
        var failure = MutationFailure(
            .alreadyExists,
            "resource already exists: WorkloadEndpoint(\(key)) at resourceVersion \(standing.seq)")
        failure.item = standing
        return failure
    }

    /// - Parameter wanted: What was expected to stand: `resourceVersion 12`, `uid …`.
    package static func conflict(_ key: EndpointKey, wanted: String, standing: EncodedItem?)
        -> MutationFailure
    {
        let found =
            standing.map { item in
                "resourceVersion \(item.seq) with uid \(item.uid?.description ?? "") stands"
            } ?? "no such endpoint stands"
        var failure = MutationFailure(
            .conflict,
            "update conflict: WorkloadEndpoint(\(key)): \(wanted) was expected, \(found)")
        failure.item = standing
        return failure
    }

    package static func requestIDReused(_ requestID: String) -> MutationFailure {
        MutationFailure(
            .requestIDReused,
            "request ID \(requestID) was used with another body")
    }

    package static func notLeader(_ leader: String) -> MutationFailure {
        let place = leader.isEmpty ? "is not known now" : "is \(leader)"
        var failure = MutationFailure(
            .notLeader, "this node is a follower, its leader \(place)")
        failure.leader = leader
        return failure
    }

    package static func readOnly(_ why: String) -> MutationFailure {
        MutationFailure(.readOnly, why)
    }

    package static func outcomeUnknown(_ why: String) -> MutationFailure {
        MutationFailure(.outcomeUnknown, why)
    }

    /// It comes back by itself, here or at another node.
    package static func unavailable(_ why: String) -> MutationFailure {
        MutationFailure(.unavailable, why)
    }

    package static func notAllowed(_ why: String) -> MutationFailure {
        MutationFailure(.notAllowed, why)
    }

    /// Other rights are in force than those that were to be replaced.
    package static func rightsConflict(expected: Seq, standing: Seq) -> MutationFailure {
        MutationFailure(
            .conflict,
            "the rights in force are of seq \(standing), not of seq \(expected) as the document says"
        )
    }

    /// Nobody may take from itself what it would need to mend that.
    package static func rightsLockout(_ actor: Actor) -> MutationFailure {
        MutationFailure(
            .rightsLockout, "by these rights \(actor.name), who applies them, is no admin")
    }

    package static func promotionRefused(_ why: String) -> MutationFailure {
        MutationFailure(.promotionRefused, why)
    }

    /// Stored, and nobody can say yet that a promotion will not lose it (G10).
    package static func acksMissing(at seq: Seq, count: Int) -> MutationFailure {
        MutationFailure(
            .acksMissing,
            "stored at seq \(seq), not yet on \(count) of the voting followers that must have it")
    }

    package init(_ refusal: MembershipRefusal) {
        self.init(FailureCode(refusal.code), refusal.what)
    }

    package static let logFull = MutationFailure(
        .readOnly, "the log has reached its last seq; begin a new one")
}
