internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import Logging
internal import NIOCore
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol

extension ServingLoop {
    /// Says what rights there are; puts others in force before, if that is wished.
    func rights(_ query: RightsQuery, _ actor: Actor) -> EventLoopFuture<QueryAnswer.Body> {
        guard let wanted = query.wanted else {
            return loop.makeSucceededFuture(.json(hub.view.rights.report))
        }
        guard role == .leader else {
            return loop.makeFailedFuture(MutationFailure.notLeader(health.now.leader))
        }
        let wish = RightsWish(rights: wanted, expectedSeq: query.expectedSeq, actor: actor)
        let bound = NIOLoopBound(self, eventLoop: loop)
        return commit { .replace(wish, $0) }.flatMap { standing in
            bound.value.acknowledged(standing.seq).map { .json(standing.report) }
        }
    }
}

extension ServingLoop {
    /// What `--rights` says. A leader that has sealed its log may change nothing, and must come up
    /// all the same: to find out who leads.
    func set(_ rights: Rights) -> EventLoopFuture<Void> {
        guard !failover.pledge.seals(hub.position.epoch) else {
            logger.warning(
                "the rights of --rights are not put in force: this node has promised another epoch")
            return loop.makeSucceededVoidFuture()
        }
        let wish = RightsWish(rights: rights, expectedSeq: nil, actor: nil)
        return commit { .replace(wish, $0) }.map { _ in }
    }
}

extension ServingLoop {
    /// Whether this node can say who may do what: not while it catches up with what its upstream had
    /// when it was first heard, and has met no rights. A node that is cut off goes by what it has.
    var knowsRights: Bool {
        guard role == .follower, hub.view.rights.rights == nil, let first = health.now.firstHead
        else { return true }
        return hub.position.seq >= first
    }
}

extension RightsStanding {
    /// As `cattail rights get -o json` prints it.
    fileprivate var report: [UInt8] {
        var json = JSONText()
        json.object {
            $0.member("kind", "Rights")
            $0.array("rules", rights?.rules ?? []) { json, rule in
                json.object {
                    $0.member("identity", rule.identity.description)
                    $0.texts("roles", rule.roles.names)
                    if rule.selection != .everything { $0.member(rule.selection) }
                }
            }
            $0.member("seq", rights == nil ? nil : seq.rawValue)
        }
        return json.bytes
    }
}

extension JSONText {
    fileprivate mutating func member(_ selection: SelectionTemplate) {
        object("selection") { json in
            let parts = [
                ("selector", selection.selector), ("node", selection.node),
                ("namespace", selection.namespace),
            ]
            for (name, text) in parts where !text.isEmpty { json.member(name, text) }
        }
    }
}
