internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import NIOCore
internal import ReplicaCore
internal import SyncProtocol
internal import SyncTransport

/// One attempt to make this node the leader (G10). It asks first what the answers would be, and
/// binds nobody when they would not do. Then the leader, if it can be reached, seals its log and
/// this node catches up with that; then this node promises, then the voters; then the candidacy is
/// judged, and the epoch begun.
final class Promotion {
    private let failover: Failover
    private let force: Force
    private let own: String
    private let patience: TimeAmount
    private var epoch = Epoch.none
    private var seen: UInt64
    private var leader: ServerAddress?
    private var isLeaderSealed = false
    private var unheard: [String] = []

    init(_ failover: Failover, _ force: Force) {
        self.failover = failover
        self.force = force
        own = failover.serving.advertise
        patience = TimeAmount(failover.serving.limits.peerPatience)
        seen = max(
            failover.serving.hub.position.epoch.number, failover.pledge.epoch.number)
    }

    private var loop: any EventLoop { failover.serving.loop }
    private var membership: MembershipStanding { failover.serving.hub.view.membership }
    private var logID: LogID { failover.serving.hub.position.logID }

    /// What stands at the end: the epoch, its first seq, and what may be lost by force.
    struct Result: Sendable {
        let position: Position
        let mayBeLost: [String]
    }

    func run() -> EventLoopFuture<Result> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        epoch = Epoch(number: seen &+ 1, leaderID: Self.randomID())
        return survey()
            .flatMap { _ in bound.value.sealLeader() }
            .flatMap { bound.value.promise($0) }
            .flatMap { bound.value.collect($0) }
            .flatMap { bound.value.begin($0) }
    }

    private static func randomID() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    // MARK: Asking

    fileprivate struct Heard: Sendable {
        let address: String
        let role: NodeRole
        let answer: PromiseAnswer
    }

    private func ask(_ address: String, _ dryRun: DryRun) -> EventLoopFuture<Heard?> {
        guard let server = ServerAddress(address) else { return loop.makeSucceededFuture(nil) }
        let query = PromiseQuery(logID: logID, epoch: epoch, candidate: own, dryRun: dryRun)
        let logID = logID
        let bound = NIOLoopBound(self, eventLoop: loop)
        return PeerQuestion.ask(
            server, within: patience, on: loop, failover.serving.security?.node
        ) { hello in
            hello.head.logID == logID ? .promise(query) : nil
        }.map { reply -> Heard? in
            guard case .promise(let answer)? = reply.parts.first else { return nil }
            return Heard(address: address, role: reply.hello.role, answer: answer)
        }.flatMapErrorThrowing { error in
            bound.value.unheard.append("\(address): \(error)")
            return nil
        }
    }

    private func askAll(_ addresses: [String], _ dryRun: DryRun) -> EventLoopFuture<[Heard]> {
        EventLoopFuture.whenAllSucceed(addresses.map { ask($0, dryRun) }, on: loop)
            .map { $0.compactMap(\.self) }
    }

    /// Whom to ask: all voters, and the leader as far as it is known.
    private var electorate: [String] {
        let known = membership.voters + [failover.serving.health.now.leader]
        return Set(known).subtracting(["", own]).sorted()
    }

    // MARK: Steps

    private func survey() -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return askAll(electorate, .yes).flatMap { heard in
            let promotion = bound.value
            guard promotion.raise(above: heard) else {
                return promotion.loop.makeSucceededFuture(heard)
            }
            // Who has seen a later epoch than this node had answered to that alone: a leader did
            // not say that it would seal its log.
            promotion.unheard = []
            return promotion.askAll(promotion.electorate, .yes)
        }.flatMapThrowing { try bound.value.surveyed($0) }
    }

    /// Asks for an epoch above all that were heard of; whether that is another one now.
    private func raise(above heard: [Heard]) -> Bool {
        // A dry run answers with what was asked.
        for one in heard where one.answer.promised != epoch {
            seen = max(seen, one.answer.promised.number)
        }
        // Behind the greatest number comes none: 0 is promised by nobody.
        let next = seen &+ 1
        defer { epoch.number = next }
        return epoch.number != next
    }

    private func surveyed(_ heard: [Heard]) throws {
        _ = raise(above: heard)
        let here = failover.serving.hub.position
        var candidacy = Candidacy(own: here, membership: membership)
        candidacy.promised(.init(position: here, seal: .none), by: own)
        for one in heard {
            candidacy.promised(one.promise, by: one.address)
            if one.role == .leader, one.answer.seal == .head, one.answer.head.epoch >= here.epoch {
                leader = ServerAddress(one.address)
            }
        }
        let lacks = candidacy.lacks.filter { lack in
            switch lack {
            case .promises: true
            // To be had from the leader, which is there; or from this node, if that leads.
            case .holdsMore: leader == nil
            case .seal: leader == nil && failover.serving.role == .follower
            }
        }
        try refuse(lacks)
        unheard = []
    }

    /// After this nothing more is acknowledged in the old epoch, and this node holds all that was.
    private func sealLeader() -> EventLoopFuture<Heard?> {
        guard let leader else { return loop.makeSucceededFuture(nil) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        return ask(leader.description, .no).flatMap { heard in
            let promotion = bound.value
            guard let heard, heard.answer.promised == promotion.epoch else {
                return promotion.loop.makeSucceededFuture(nil)
            }
            promotion.isLeaderSealed = true
            return promotion.failover.serving.reached(
                heard.answer.head.seq, within: promotion.patience
            ).map { heard }
        }
    }

    private func promise(_ sealed: Heard?) -> EventLoopFuture<[Heard]> {
        let pledge = Pledge(epoch: epoch, holder: .ourselves)
        let bound = NIOLoopBound(self, eventLoop: loop)
        let own = own
        let role = failover.serving.role
        return failover.promise(pledge, .no).flatMapThrowing { answer in
            guard answer.promised == pledge.epoch else {
                throw bound.value.refusal(["this node has promised epoch \(answer.promised)"])
            }
            let itself = Heard(address: own, role: role, answer: answer)
            return [itself] + (sealed.map { [$0] } ?? [])
        }
    }

    private func collect(_ heard: [Heard]) -> EventLoopFuture<[Heard]> {
        let rest = electorate.filter { address in !heard.contains { $0.address == address } }
        let epoch = epoch
        return askAll(rest, .no).map { others in
            heard + others.filter { $0.answer.promised == epoch }
        }
    }

    private func begin(_ heard: [Heard]) -> EventLoopFuture<Result> {
        guard let own = heard.first else { preconditionFailure("a candidate promises first") }
        var candidacy = Candidacy(own: own.answer.head, membership: membership)
        for one in heard { candidacy.promised(one.promise, by: one.address) }
        let lacks = candidacy.lacks
        do { try refuse(lacks) } catch { return loop.makeFailedFuture(error) }
        return failover.begin(Pledge(epoch: epoch, holder: .ourselves)).map { position in
            Result(position: position, mayBeLost: lacks.map(\.description))
        }
    }

    // MARK: Refusing

    private func refuse(_ lacks: [Candidacy.Lack]) throws {
        guard !lacks.isEmpty, force == .no else { return }
        throw refusal(lacks.map(\.description) + unheard)
    }

    private func refusal(_ reasons: [String]) -> MutationFailure {
        var reasons = reasons
        if isLeaderSealed, let leader {
            reasons.append(
                "the leader \(leader) has sealed its log: promote this node again, or that one")
        }
        return .promotionRefused(reasons.joined(separator: "; "))
    }
}

extension Promotion.Heard {
    fileprivate var promise: Candidacy.Promise {
        Candidacy.Promise(
            position: answer.head, seal: answer.seal == .head ? .head : .none)
    }
}
