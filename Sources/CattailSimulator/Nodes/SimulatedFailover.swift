internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol

/// Failover on a node's loop: carries out what operators and candidates ask, and looks whether the
/// node's reign is over. What may be done is judged by values: `Pledge`, `Election`, `HistoryFork`,
/// `AckLedger` (G10).
final class SimulatedFailover {
    private unowned let process: NodeProcess
    private var isPromoting = false
    private var isChanging = false
    private var looking = 0
    private var turn = 0
    private var isRejoining = false

    private static let peersPerRound = 8

    init(_ process: NodeProcess) { self.process = process }

    // MARK: Promises

    /// - Parameter done: Takes nil when the node gives no promise now.
    func promise(_ query: PromiseQuery, done: @escaping (PromiseAnswer?) -> Void) {
        guard query.logID == process.hub.position.logID else { return done(nil) }
        let asked = Pledge(epoch: query.epoch, holder: .candidate(query.candidate))
        promise(asked, query.dryRun) { [weak self] answer in
            if let self, let answer, !process.isDead,
                peerLook.isWorthALook(asked: asked.epoch, answer)
            {
                look(at: query.candidate)
            }
            done(answer)
        }
    }

    private func promise(
        _ asked: Pledge, _ dryRun: DryRun, done: @escaping (PromiseAnswer?) -> Void
    ) {
        process.control({ .promise(asked, dryRun, $0) }) { [weak process] result in
            guard let process, case .success(let answer) = result else { return done(nil) }
            if case .no = dryRun, answer.promised == asked.epoch { process.pledged(asked) }
            done(answer)
        }
    }

    // MARK: Promotion

    func promote(_ force: Force) {
        guard !isPromoting, process.hub.view.unknownEvent == nil else { return }
        isPromoting = true
        let attempt = Attempt(process, force) { [weak self] in self?.isPromoting = false }
        attempt.start()
    }

    /// One election, and those that it asks.
    private final class Attempt {
        /// Held: who is asked may answer when the process has ended.
        private let process: NodeProcess
        private let force: Force
        private var election: Election
        private let done: () -> Void

        init(_ process: NodeProcess, _ force: Force, done: @escaping () -> Void) {
            self.process = process
            self.force = force
            self.done = done
            election = Election(
                own: process.node.address, force: force, knownLeader: process.leader,
                seen: max(process.hub.position.epoch.number, process.pledge.epoch.number),
                leaderID: process.dice.next())
        }

        private var standing: Election.Standing {
            .init(
                here: process.hub.position, membership: process.hub.view.membership,
                role: process.role)
        }

        func start() { carryOut(election.started(standing)) }

        private func carryOut(_ step: Election.Step) {
            switch step {
            case .ask(let addresses, let epoch, let dryRun): ask(addresses, epoch, dryRun)
            case .catchUp(let seq):
                process.reached(seq) {
                    if !self.process.isDead { self.carryOut(self.election.caughtUp()) }
                }
            case .promise(let pledge):
                process.failover.promise(pledge, .no) { answer in
                    guard let answer else { return self.end("cannot promise") }
                    self.carryOut(self.election.promised(answer, self.standing))
                }
            case .begin(let pledge, let mayBeLost): begin(pledge, mayBeLost)
            case .refuse(let reasons): end("is not elected: \(reasons.count) reasons")
            }
        }

        private func begin(_ pledge: Pledge, _ mayBeLost: [String]) {
            process.world.history.elected(
                process.node, pledge.epoch, isForced: force == .yes && !mayBeLost.isEmpty)
            process.control({ .begin(pledge, $0) }) { result in
                switch result {
                case .success(let position): self.end("is elected at \(position.seq)")
                case .failure(let failure): self.end("does not begin: \(failure.code)")
                }
            }
        }

        private func ask(_ addresses: [String], _ epoch: Epoch, _ dryRun: DryRun) {
            let query = PromiseQuery(
                logID: process.hub.position.logID, epoch: epoch,
                candidate: process.node.address, dryRun: dryRun)
            var heard: [Election.Heard] = []
            var open = addresses.count
            let finish = {
                guard !self.process.isDead else { return }
                // In the order asked, whoever answers first.
                let ordered = addresses.compactMap { one in heard.first { $0.address == one } }
                let unheard = addresses.filter { one in
                    !heard.contains { $0.address == one }
                }
                self.carryOut(
                    self.election.heard(ordered, unheard: unheard, self.standing))
            }
            if open == 0 { return process.soon { _ in finish() } }
            for address in addresses {
                _ = Question(
                    process.world, from: process.node.host, to: address,
                    asking: { $0.head.logID == query.logID ? .promise(query) : nil }
                ) { reply in
                    if let reply, case .promise(let answer)? = reply.parts.first {
                        heard.append(
                            .init(address: address, role: reply.hello.role, answer: answer))
                    }
                    open -= 1
                    if open == 0 { finish() }
                }
            }
        }

        private func end(_ what: String) {
            guard !process.isDead else { return }
            process.world.trace.note(process.name, what)
            done()
        }
    }

    // MARK: Membership

    func change(_ change: MembershipChange, done: @escaping () -> Void = {}) {
        guard process.role == .leader, !process.pledge.seals(process.hub.position.epoch) else {
            return done()
        }
        let wish = MembershipWish(actor: nil, leaderAddress: process.node.address)
        process.control({ .change(change, wish, $0) }) {
            (_: Result<Membership, MutationFailure>) in done()
        }
    }

    func tidyMembership() {
        guard process.role == .leader, !isChanging,
            !process.pledge.seals(process.hub.position.epoch)
        else { return }
        let wanted: MembershipChange
        if process.acks.mayBeSettled {
            wanted = .settle
        } else if process.acks.membership.isSettled,
            process.acks.membership.current.voters.contains(process.node.address)
        {
            wanted = .remove(process.node.address)
        } else {
            return
        }
        isChanging = true
        change(wanted) { [weak self] in self?.isChanging = false }
    }

    func noteFallbacks() {
        var known = process.hub.view.membership.voters
        if case .candidate(let address) = process.pledge.holder, !address.isEmpty {
            known.append(address)
        }
        process.upstream?.noteFallbacks(known.filter { $0 != process.node.address })
    }

    // MARK: Whether another reign has begun

    /// Whether an upstream that says this hello is to be followed.
    func follows(_ hello: ServerHello, of address: String) -> Bool {
        guard process.pledge.admits(upstream: hello.head.epoch) else { return false }
        switch fork(with: hello) {
        case .follows, .unknown: return true
        case .stale: return false
        case .orphaned:
            look(at: address)
            return false
        }
    }

    private func fork(with hello: ServerHello) -> HistoryFork {
        .between(
            process.epochs, endingAt: process.hub.position, and: hello.forks,
            endingAt: hello.head)
    }

    func lookAround() {
        guard process.role == .leader, looking == 0 else { return }
        var peers = Set(process.hub.view.membership.voters)
        for connection in process.sortedConnections where connection.isLog {
            peers.insert(connection.advertise)
        }
        if case .candidate(let address) = process.pledge.holder { peers.insert(address) }
        let addresses = peers.subtracting([process.node.address, ""]).sorted()
        guard !addresses.isEmpty else { return }
        for place in 0..<min(Self.peersPerRound, addresses.count) {
            looking += 1
            look(at: addresses[(turn + place) % addresses.count]) { [weak self] in
                self?.looking -= 1
            }
        }
        turn += min(Self.peersPerRound, addresses.count)
    }

    private func look(at address: String, done: @escaping () -> Void = {}) {
        _ = Question(
            process.world, from: process.node.host, to: address,
            asking: { [weak self] in self?.peerLook.question(for: $0) }
        ) { [weak self] reply in
            done()
            guard let self, !process.isDead, let reply else { return }
            looked(at: address, reply)
        }
    }

    private var peerLook: PeerLook {
        PeerLook(from: process.hub.position, as: process.role, at: process.node.address)
    }

    private func looked(at address: String, _ reply: Question.Reply) {
        let here = process.hub.position
        let head = reply.hello.head
        if process.role == .leader, head.logID == here.logID, head.epoch == here.epoch {
            process.noteHeld(head.seq, at: address)
        }
        guard let shown = Fork.shown(by: reply.hello, reply.parts), shown.epoch > here.epoch,
            process.pledge.admits(upstream: shown.epoch)
        else { return }
        let upstreams = peerLook.upstreams(shownBy: reply.hello, at: address)
        switch fork(with: reply.hello) {
        case .follows where process.role == .leader:
            rejoin(upstreams, shown.epoch, behind: nil)
        case .orphaned(let seq, _): rejoin(upstreams, shown.epoch, behind: seq)
        case .follows, .stale, .unknown: break
        }
    }

    private func rejoin(_ upstreams: [String], _ epoch: Epoch, behind: Seq?) {
        guard !isRejoining else { return }
        isRejoining = true
        process.giveUpHeldAnswers()
        let node = process.node
        process.soon { _ in node.rejoin(upstreams, epoch: epoch, behind: behind) }
    }
}
