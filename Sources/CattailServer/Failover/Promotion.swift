internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import NIOCore
internal import ReplicaCore
internal import SyncProtocol
internal import SyncTransport

/// One attempt to make this node the leader (G10): carries out what `Election` decides.
final class Promotion {
    private let failover: Failover
    private let patience: TimeAmount
    private var election: Election

    init(_ failover: Failover, _ force: Force) {
        self.failover = failover
        patience = TimeAmount(failover.serving.limits.peerPatience)
        var generator = SystemRandomNumberGenerator()
        election = Election(
            own: failover.serving.advertise, force: force,
            knownLeader: failover.serving.health.now.leader,
            seen: max(
                failover.serving.hub.position.epoch.number, failover.pledge.epoch.number),
            leaderID: generator.next())
    }

    private var loop: any EventLoop { failover.serving.loop }
    private var logID: LogID { failover.serving.hub.position.logID }

    private var standing: Election.Standing {
        let serving = failover.serving
        return Election.Standing(
            here: serving.hub.position, membership: serving.hub.view.membership,
            role: serving.role)
    }

    /// What stands at the end: the epoch, its first seq, and what may be lost by force.
    struct Result: Sendable {
        let position: Position
        let mayBeLost: [String]
    }

    func run() -> EventLoopFuture<Result> { carryOut(election.started(standing)) }

    private func carryOut(_ step: Election.Step) -> EventLoopFuture<Result> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        switch step {
        case .ask(let addresses, let epoch, let dryRun):
            return askAll(addresses, epoch, dryRun).flatMap { answers in
                let promotion = bound.value
                let heard = answers.compactMap { try? $0.get() }
                let unheard = answers.compactMap { answer -> String? in
                    if case .failure(let error) = answer { error.reason } else { nil }
                }
                return promotion.carryOut(
                    promotion.election.heard(heard, unheard: unheard, promotion.standing))
            }
        case .catchUp(let seq):
            return failover.serving.reached(seq, within: patience).flatMap {
                bound.value.carryOut(bound.value.election.caughtUp())
            }
        case .promise(let pledge):
            return failover.promise(pledge, .no).flatMap { answer in
                let promotion = bound.value
                return promotion.carryOut(
                    promotion.election.promised(answer, promotion.standing))
            }
        case .begin(let pledge, let mayBeLost):
            return failover.begin(pledge).map { Result(position: $0, mayBeLost: mayBeLost) }
        case .refuse(let reasons):
            return loop.makeFailedFuture(
                MutationFailure.promotionRefused(reasons.joined(separator: "; ")))
        }
    }

    // MARK: Asking

    private typealias Answer = Swift.Result<Election.Heard, PeerUnheard>

    private func askAll(_ addresses: [String], _ epoch: Epoch, _ dryRun: DryRun)
        -> EventLoopFuture<[Answer]>
    {
        EventLoopFuture.whenAllSucceed(addresses.map { ask($0, epoch, dryRun) }, on: loop)
            .map { $0.compactMap(\.self) }
    }

    /// Nil of one that gives no promises, and of what is no address.
    private func ask(_ address: String, _ epoch: Epoch, _ dryRun: DryRun)
        -> EventLoopFuture<Answer?>
    {
        guard let server = ServerAddress(address) else { return loop.makeSucceededFuture(nil) }
        let query = PromiseQuery(
            logID: logID, epoch: epoch, candidate: failover.serving.advertise, dryRun: dryRun)
        let logID = logID
        return PeerQuestion.ask(
            server, within: patience, on: loop, failover.serving.security?.node
        ) { hello in
            hello.head.logID == logID ? .promise(query) : nil
        }.map { reply -> Answer? in
            guard case .promise(let answer)? = reply.parts.first else { return nil }
            return .success(
                Election.Heard(address: address, role: reply.hello.role, answer: answer))
        }.recover { error in .failure(PeerUnheard(reason: "\(address): \(error)")) }
    }
}
