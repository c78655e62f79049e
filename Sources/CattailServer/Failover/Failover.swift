internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import Logging
internal import NIOCore
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol
internal import SyncTransport

/// Failover on the serving loop: carries out what is asked of this node by operators and
/// candidates, and looks whether its reign is over. What may be done is judged by values: `Pledge`,
/// `Candidacy`, `HistoryFork`, `AckLedger` (G10).
final class Failover {
    unowned let serving: ServingLoop
    /// As far as this loop knows; the commit thread has the last word.
    private(set) var pledge: Pledge
    private var upstream: UpstreamLink?
    private var isPromoting = false
    /// Who wants the promotion that is under way.
    private var promoter: Actor?
    private var isChanging = false
    private var isLooking = false
    private var turn = 0
    private var rejoining: (@Sendable (Rejoin) -> Void)?

    /// Of one round of looking: enough for voters, and little for a leader of many followers.
    private static let peersPerRound = 8

    // error-codes
    private static var deposedCode: String { "deposed" }

    init(_ serving: ServingLoop, pledge: Pledge) {
        self.serving = serving
        self.pledge = pledge
    }

    /// - Parameter rejoining: Called when the node is to go on as another's follower.
    func start(_ upstream: UpstreamLink?, rejoining: @escaping @Sendable (Rejoin) -> Void) {
        self.upstream = upstream
        self.rejoining = rejoining
        noteFallbacks()
        lookAround()
    }

    private var loop: any EventLoop { serving.loop }

    // MARK: Promises

    /// Another node would begin an epoch.
    func promise(_ query: PromiseQuery) -> EventLoopFuture<PromiseAnswer> {
        guard query.logID == serving.hub.position.logID else {
            return loop.makeFailedFuture(
                MutationFailure.promotionRefused(
                    "this node holds log \(serving.hub.position.logID), not \(query.logID)"))
        }
        guard let candidate = PeerStanding.address(query.candidate) else {
            return loop.makeFailedFuture(
                MutationFailure(MembershipRefusal.addressUnusable(query.candidate)))
        }
        let asked = Pledge(epoch: query.epoch, holder: .candidate(candidate.description))
        let bound = NIOLoopBound(self, eventLoop: loop)
        return promise(asked, query.dryRun).map { answer in
            let failover = bound.value
            if failover.peerLook.isWorthALook(asked: asked.epoch, answer) {
                failover.look(at: candidate)
            }
            return answer
        }
    }

    func promise(_ asked: Pledge, _ dryRun: DryRun) -> EventLoopFuture<PromiseAnswer> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return serving.commit { .promise(asked, dryRun, $0) }.map { answer in
            if case .no = dryRun, answer.promised == asked.epoch { bound.value.pledged(asked) }
            return answer
        }
    }

    private func pledged(_ pledge: Pledge) {
        self.pledge = pledge
        serving.logger.notice(
            "promised to store and acknowledge nothing of an older reign",
            metadata: ["epoch": "\(pledge.epoch)", "holder": "\(pledge.holder)"])
        noteFallbacks()
        upstream?.judgeAgain()
    }

    // MARK: Promotion

    func promote(_ force: Force, by actor: Actor) -> EventLoopFuture<Promotion.Result> {
        if let event = serving.hub.view.unknownEvent {
            return loop.makeFailedFuture(MutationFailure.promotionRefused(event.what))
        }
        guard !isPromoting else {
            return loop.makeFailedFuture(
                MutationFailure.promotionRefused("a promotion of this node is under way"))
        }
        isPromoting = true
        promoter = actor
        let bound = NIOLoopBound(self, eventLoop: loop)
        let future = Promotion(self, force).run()
        future.whenComplete { _ in bound.value.isPromoting = false }
        return future
    }

    /// - Returns: A failure when whoever wants it is no operator by the rights that this node holds
    ///   now: it may have caught up with others since it was asked.
    func begin(_ pledge: Pledge) -> EventLoopFuture<Position> {
        if let promoter,
            serving.hub.view.rights.grant(to: promoter.identity)?.allows(.operation) != true
        {
            return loop.makeFailedFuture(MutationFailure.notAllowed(promoter, .operation))
        }
        return serving.commit { .begin(pledge, $0) }
    }

    /// The event that begins this node's epoch is durable.
    func begun(_ epoch: Epoch) {
        serving.logger.notice("this node leads", metadata: ["epoch": "\(epoch)"])
        upstream?.retire()
        upstream = nil
        serving.lead()
        tidyMembership()
    }

    // MARK: Membership

    func change(_ change: MembershipChange, by actor: Actor?) -> EventLoopFuture<Membership> {
        guard serving.role == .leader else {
            return loop.makeFailedFuture(
                MutationFailure.notLeader(serving.health.now.leader))
        }
        let wish = MembershipWish(actor: actor, leaderAddress: serving.advertise)
        return serving.commit { .change(change, wish, $0) }
    }

    /// What `--min-acks` says. A leader that has sealed its log may change nothing, and must come up
    /// all the same: to find out who leads.
    func set(minAcks count: UInt32) -> EventLoopFuture<Void> {
        guard !pledge.seals(serving.hub.position.epoch) else {
            return loop.makeSucceededVoidFuture()
        }
        return change(.minAcks(count), by: nil).map { _ in }
    }

    /// What a leader does to the membership by itself: settles a change when enough voters have
    /// it, and stops being a voter when it has been promoted.
    func tidyMembership() {
        guard serving.role == .leader, !isChanging, !pledge.seals(serving.hub.position.epoch)
        else { return }
        let wanted: MembershipChange
        if serving.acks.mayBeSettled {
            wanted = .settle
        } else if serving.acks.membership.isSettled,
            serving.acks.membership.current.voters.contains(serving.advertise)
        {
            wanted = .remove(serving.advertise)
        } else {
            return
        }
        isChanging = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        change(wanted, by: nil).whenComplete { result in
            let failover = bound.value
            failover.isChanging = false
            switch result {
            case .success: failover.tidyMembership()
            case .failure(let error):
                failover.serving.logger.warning(
                    "membership not changed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// The membership may have changed.
    func noteFallbacks() {
        var known = serving.hub.view.membership.voters
        if case .candidate(let address) = pledge.holder, !address.isEmpty { known.append(address) }
        let own = serving.advertise
        upstream?.noteFallbacks(known.filter { $0 != own }.compactMap { ServerAddress($0) })
    }

    // MARK: Whether another reign has begun

    /// What becomes of a link to an upstream that says this hello.
    func judge(_ hello: ServerHello, of address: ServerAddress) -> UpstreamVerdict {
        guard pledge.admits(upstream: hello.head.epoch) else {
            return .refuse(
                "its log ends in epoch \(hello.head.epoch), and this node has promised"
                    + " \(pledge.epoch)")
        }
        switch fork(with: hello) {
        case .follows, .unknown: return .follow
        case .stale: return .refuse("its history is that of a leader who was deposed")
        case .orphaned:
            look(at: address)
            return .refuse("this node's log has a tail that its history lacks")
        }
    }

    private func fork(with hello: ServerHello) -> HistoryFork {
        .between(
            serving.epochs, endingAt: serving.hub.position, and: hello.forks,
            endingAt: hello.head)
    }

    /// A leader looks whether one of those who follow or vote has seen a later leader: the network
    /// may have hidden it.
    func lookAround() {
        guard serving.role == .leader, !isLooking else { return }
        var peers = Set(serving.hub.view.membership.voters)
        peers.formUnion(serving.followerAddresses)
        if case .candidate(let address) = pledge.holder { peers.insert(address) }
        let addresses = peers.subtracting([serving.advertise, ""]).sorted()
        guard !addresses.isEmpty else { return }
        let chosen = (0..<min(Self.peersPerRound, addresses.count)).map {
            addresses[(turn + $0) % addresses.count]
        }
        turn += chosen.count
        isLooking = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        let looks = chosen.compactMap { ServerAddress($0) }.map { look(at: $0) }
        EventLoopFuture.andAllComplete(looks, on: loop).whenComplete { _ in
            bound.value.isLooking = false
        }
    }

    /// Asks a peer whose hello shows a later epoch for the event that begins it, and goes on as its
    /// follower when that is shown. One that leads an older epoch is asked to promise this node's:
    /// nobody it knows may ever tell it of that, and who has promised looks at whom.
    @discardableResult
    private func look(at address: ServerAddress) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let patience = TimeAmount(serving.limits.peerPatience)
        return PeerQuestion.ask(
            address, within: patience, on: loop, serving.security?.node
        ) { hello in
            bound.value.peerLook.question(for: hello)
        }.map { bound.value.looked(at: address, $0) }
    }

    private var peerLook: PeerLook {
        PeerLook(from: serving.hub.position, as: serving.role, at: serving.advertise)
    }

    private func looked(at address: ServerAddress, _ reply: PeerQuestion.Reply) {
        let here = serving.hub.position
        let head = reply.hello.head
        if serving.role == .leader, head.logID == here.logID, head.epoch == here.epoch {
            serving.noteHeld(head.seq, at: address)
        }
        guard let shown = Fork.shown(by: reply.hello, reply.parts), shown.epoch > here.epoch,
            pledge.admits(upstream: shown.epoch)
        else { return }
        switch fork(with: reply.hello) {
        case .follows where serving.role == .leader:
            rejoin(to: reply.hello, of: address, shown.epoch, behind: nil)
        case .orphaned(let seq, _): rejoin(to: reply.hello, of: address, shown.epoch, behind: seq)
        case .follows, .stale, .unknown: break
        }
    }

    private func rejoin(
        to hello: ServerHello, of address: ServerAddress, _ epoch: Epoch, behind: Seq?
    ) {
        let shown = peerLook.upstreams(shownBy: hello, at: address.description)
        let upstreams = shown.compactMap { ServerAddress($0) }
        rejoin(
            Rejoin(
                upstreams: upstreams.isEmpty ? [address] : upstreams, epoch: epoch, behind: behind))
    }

    private func rejoin(_ rejoin: Rejoin) {
        guard let rejoining else { return }
        self.rejoining = nil
        serving.logger.warning(
            "a later leader's epoch was shown: this node goes on as its follower",
            metadata: [
                "code": "\(Self.deposedCode)", "epoch": "\(rejoin.epoch)",
                "upstream": "\(rejoin.upstreams[0])",
                "behind": "\(rejoin.behind?.description ?? "")",
            ])
        serving.giveUpHeldAnswers()
        // Those who are said goodbye to are sent there.
        serving.health.update { $0.leader = rejoin.upstreams[0].description }
        rejoining(rejoin)
    }
}

/// What becomes of a link to an upstream.
enum UpstreamVerdict {
    case follow
    case refuse(String)
}
