internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import NIOCore
internal import ReplicaCore
internal import SyncProtocol
internal import SyncTransport

extension ServingLoop {
    /// What operators and candidates ask of a node; nil for every other question.
    func operate(_ body: Query.Body, _ actor: Actor, _ peer: Peer?)
        -> EventLoopFuture<QueryAnswer.Body>?
    {
        switch body {
        case .get, .list, .log, .history, .diff, .verify, .status, .unknown: return nil
        case .promise, .promote, .members, .rights: break
        }
        guard PeerStanding.mayOperate(peer) else {
            return loop.makeFailedFuture(
                MutationFailure.notAllowed("\(actor.name) may not operate this node"))
        }
        return switch body {
        case .get, .list, .log, .history, .diff, .verify, .status, .unknown: nil
        case .promise(let query): failover.promise(query).map { .promise($0) }
        case .promote(let force): promote(force, actor)
        case .members(let query): members(query, actor)
        case .rights(let query): rights(query, actor)
        }
    }

    private func promote(_ force: Force, _ actor: Actor) -> EventLoopFuture<QueryAnswer.Body> {
        let leader = advertise
        return failover.promote(force, by: actor).map { result in
            var json = JSONText()
            json.object {
                $0.member("epoch", result.position.epoch.number)
                $0.member("seq", result.position.seq.rawValue)
                $0.member("leader", leader)
                $0.texts("mayBeLost", result.mayBeLost)
            }
            return .json(json.bytes)
        }
    }

    private func members(_ query: MembersQuery, _ actor: Actor)
        -> EventLoopFuture<QueryAnswer.Body>
    {
        let change: MembershipChange
        switch (query.add.isEmpty, query.remove.isEmpty) {
        case (true, true): return loop.makeSucceededFuture(.json(membersReport))
        case (false, true):
            guard let address = PeerStanding.address(query.add) else {
                return loop.makeFailedFuture(
                    MutationFailure(MembershipRefusal.addressUnusable(query.add)))
            }
            change = .add(address.description)
        case (true, false): change = .remove(query.remove)
        case (false, false):
            return loop.makeFailedFuture(
                MutationFailure(MembershipRefusal.addressUnusable("\(query.add) \(query.remove)")))
        }
        let bound = NIOLoopBound(self, eventLoop: loop)
        return failover.change(change, by: actor).map { _ in .json(bound.value.membersReport) }
    }

    /// As `cattail members -o json` prints it.
    private var membersReport: [UInt8] {
        let standing = hub.view.membership
        let leader = role == .leader ? advertise : health.now.leader
        var json = JSONText()
        json.object {
            $0.member("epoch", hub.position.epoch.number)
            $0.member("leader", leader.isEmpty ? nil : leader)
            $0.member("minAcks", UInt64(standing.current.minAcks))
            $0.member("unsettledSince", standing.isSettled ? nil : standing.seq.rawValue)
            $0.array("members", standing.voters) { json, voter in
                let seq = role == .leader ? acks.stored(by: voter) : nil
                json.object {
                    $0.member("address", voter)
                    $0.member("role", voter == leader ? "leader" : "voter")
                    $0.member("standing", Self.standing(of: voter, standing))
                    $0.member("seq", seq?.rawValue)
                }
            }
        }
        return json.bytes
    }

    private static func standing(of voter: String, _ membership: MembershipStanding) -> String {
        switch (
            membership.previous.voters.contains(voter), membership.current.voters.contains(voter)
        ) {
        case (true, false): "leaving"
        case (false, true): "joining"
        case (true, true), (false, false): "member"
        }
    }
}
