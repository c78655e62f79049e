import EndpointModel
import SyncProtocol

/// What was added for failover. Apart from the others, so that their samples stay what they were.
extension Samples {
    mutating func membership() -> Membership {
        Membership(
            voters: (0..<number(4)).map { _ in "host-\(number(100)):5474" },
            minAcks: UInt32(number(3)))
    }

    mutating func membershipItem() -> EncodedItem {
        let (seq, membership) = (seq(), membership())
        return unwrap { try .control(seq: seq, .membership(membership)) }
    }

    mutating func candidacyEpoch() -> Epoch {
        Epoch(number: 1 + number(1 << 40), leaderID: wide())
    }

    mutating func failoverQuery() -> Query {
        let body: Query.Body =
            switch number(4) {
            case 0: .members(MembersQuery(add: text(), remove: text()))
            case 1: .promote(number(2) == 0 ? .no : .yes)
            case 2: .log(LogQuery(source: number(2) == 0 ? .log : .orphaned))
            default:
                .promise(
                    PromiseQuery(
                        logID: position().logID, epoch: candidacyEpoch(), candidate: text(),
                        dryRun: number(2) == 0 ? .no : .yes))
            }
        return Query(ticket: wide(), body: body)
    }

    mutating func promiseAnswer() -> QueryAnswer {
        QueryAnswer(
            ticket: wide(),
            body: .promise(
                PromiseAnswer(
                    head: position(), promised: candidacyEpoch(),
                    seal: number(2) == 0 ? .none : .head)))
    }
}
