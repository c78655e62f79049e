import EndpointModel
import EndpointState
import ReplicaCore
import SyncProtocol
import Testing

/// A cluster in memory: the real minds of leaders, followers, candidates and ledgers over logs that
/// are arrays. What travels may be late, lost and repeated; nodes crash, and keep what was on disk.
///
/// It keeps what nobody in it may know: which events were acknowledged, and of which leader each
/// stored event is.
struct FailoverWorld {
    struct Node {
        var mind: Mind
        private(set) var records: [EncodedRecord] = []
        /// The chain hash behind each.
        private(set) var chains: [Hash256] = []
        /// As on disk; the mind's is the same as long as nothing is broken.
        var pledge = Pledge.none
        var ledger: AckLedger<Position>?
        var isUp = true
        /// What left the log.
        var orphans: [[EncodedRecord]] = []

        enum Mind {
            case leader(LeaderCore)
            case follower(FollowerCore)
        }

        init(_ mind: Mind) { self.mind = mind }

        mutating func store(_ more: [EncodedRecord]) {
            for record in more {
                let last = chains.last ?? Fixture.logID.chainOrigin
                chains.append(last.followed(by: record.hash))
                records.append(record)
            }
        }

        mutating func cut(behind seq: Seq) {
            orphans.append(Array(records[Int(seq.rawValue)...]))
            records.removeSubrange(Int(seq.rawValue)...)
            chains.removeSubrange(Int(seq.rawValue)...)
        }

        var head: Position {
            switch mind {
            case .leader(let core): core.head
            case .follower(let core): core.head
            }
        }

        var view: EndpointView {
            var view = EndpointView()
            for record in records { _ = try? view.fold(record.item) }
            return view
        }

        var leads: Bool { if case .leader(let core) = mind { !core.isSealed } else { false } }

        /// Newest first.
        var epochs: [Fork] {
            records.reversed().compactMap { record in
                guard record.item.kind == .control,
                    case .epoch(let epoch)? = try? record.item.control()
                else { return nil }
                return Fork(epoch: epoch, firstSeq: record.seq)
            }
        }
    }

    private(set) var nodes: [Node]
    private(set) var acknowledged: [Hash256: Seq] = [:]
    private(set) var writers: [Epoch: Set<Int>] = [:]
    private(set) var promotions = 0
    private(set) var forced = 0
    /// What tests break on purpose.
    var promisesSurviveCrashes = true
    private var dice: Dice
    private var tickets: UInt64 = 0

    /// Node 0 leads; all others vote.
    init(nodes count: Int, minAcks: UInt32, seed: UInt64) throws {
        dice = Dice(seed: seed)
        let follower = FollowerCore(
            view: EndpointView(), head: .origin(of: Fixture.logID),
            lastTime: Timestamp(microseconds: 0), pledge: .none)
        nodes = Array(repeating: Node(.follower(follower)), count: count)
        nodes[0].store([try Fixture.begin()])
        reload(0, leading: true)
        writers[Fixture.epoch] = [0]
        change(.minAcks(minAcks))
        for voter in 1..<count {
            change(.add(Self.address(voter)))
        }
    }

    static func address(_ node: Int) -> String { "node-\(node):5474" }
    static func index(_ address: String) -> Int {
        Int(address.dropFirst("node-".count).dropLast(":5474".count)) ?? 0
    }

    // MARK: Steps

    /// Something that can happen, chosen at random.
    mutating func step() throws {
        switch dice.below(60) {
        case 0..<14: try write(on: mostlyLeading())
        case 14..<46: replicate(to: dice.below(nodes.count), from: mostlyLeading())
        case 46..<49: try promote(dice.below(nodes.count), .no)
        case 49..<51: crash(dice.below(nodes.count))
        case 51..<57: stepDown(dice.below(nodes.count), before: mostlyLeading())
        default: tidy(mostlyLeading())
        }
        if let down = nodes.firstIndex(where: { !$0.isUp }), dice.oneIn(6) {
            nodes[down].isUp = true
        }
    }

    private mutating func mostlyLeading() -> Int {
        let leading = nodes.indices.filter { nodes[$0].leads && nodes[$0].isUp }
        return leading.isEmpty || dice.oneIn(5) ? dice.below(nodes.count) : dice.pick(leading)
    }

    mutating func write(on index: Int) throws {
        guard nodes[index].isUp, case .leader(var core) = nodes[index].mind, !core.isSealed else {
            return
        }
        tickets += 1
        let wish = Fixture.mutation(
            .apply, Fixture.endpoint("p\(dice.below(5))", containerID: "c\(tickets)"),
            request: "r-\(index)-\(tickets)", ticket: tickets)
        let plan = try core.plan(
            [Admission.admit(wish, from: Fixture.actor).get()], at: Fixture.time,
            searching: .withoutEvent, findRequest: { _ in nil },
            fetch: { _ in throw WireError.fieldMissing(field: 1) })
        nodes[index].store(plan.records)
        _ = core.committed(plan)
        nodes[index].mind = .leader(core)
        noteWriter(index)
        nodes[index].ledger?.hold(core.head, at: core.head.seq, until: .max)
        release(index)
    }

    /// One link for a moment: a follower takes some of what another node has, and says what it
    /// stored; that may be lost.
    mutating func replicate(to index: Int, from source: Int) {
        guard index != source, nodes[index].isUp, nodes[source].isUp,
            case .follower(var core) = nodes[index].mind
        else { return }
        let upstream = nodes[source]
        let held = core.head
        // A server refuses a token that is not on its history.
        guard held.seq <= upstream.head.seq, chain(of: source, at: held.seq) == held.chain else {
            return
        }
        let rest = upstream.records[Int(held.seq.rawValue)...]
        let part = Array(rest.prefix(dice.below(4) + 1))
        guard let intake = try? core.check(part, from: upstream.head.epoch) else { return }
        core.committed(intake)
        nodes[index].store(intake.records)
        nodes[index].mind = .follower(core)
        if !dice.oneIn(4) { acknowledge(core.head, of: index, at: source) }
    }

    private mutating func acknowledge(_ stored: Position, of voter: Int, at leader: Int) {
        guard nodes[leader].leads, chain(of: leader, at: stored.seq) == stored.chain,
            nodes[voter].pledge.admits(upstream: nodes[leader].head.epoch)
        else { return }
        nodes[leader].ledger?.noted(Self.address(voter), stored: stored.seq)
        release(leader)
    }

    private mutating func release(_ index: Int) {
        guard nodes[index].leads else { return }
        for position in nodes[index].ledger?.release() ?? [] {
            acknowledged[position.chain] = position.seq
        }
    }

    /// A process that ends and comes back knows what is on disk, and no more.
    mutating func crash(_ index: Int) {
        if !promisesSurviveCrashes { nodes[index].pledge = .none }
        reload(index, leading: leadsOnDisk(index))
        nodes[index].isUp = !dice.oneIn(3)
    }

    private func leadsOnDisk(_ index: Int) -> Bool {
        guard let epoch = nodes[index].epochs.first?.epoch else { return false }
        // The first leader gave no promise to itself.
        return nodes[index].pledge.leads(epoch)
            || epoch == Fixture.epoch && index == 0
                && nodes[index].pledge.holder == .candidate("")
    }

    /// Leads as is on disk, or follows.
    private mutating func reload(_ index: Int, leading: Bool) {
        let node = nodes[index]
        let view = node.view
        let head = position(of: index)
        nodes[index].ledger = nil
        if leading {
            nodes[index].mind = .leader(
                LeaderCore(
                    view: view, head: head, lastTime: Fixture.time, pledge: node.pledge,
                    seed: (UInt64(index), 7)))
            nodes[index].ledger = AckLedger(
                membership: view.membership, ownAddress: Self.address(index))
        } else {
            let time = node.records.isEmpty ? Timestamp(microseconds: 0) : Fixture.time
            nodes[index].mind = .follower(
                FollowerCore(view: view, head: head, lastTime: time, pledge: node.pledge))
        }
    }

    /// A node meets another whose history has the later word.
    mutating func stepDown(_ index: Int, before other: Int) {
        guard index != other, nodes[index].isUp, nodes[other].isUp,
            nodes[other].head.epoch > nodes[index].head.epoch
        else { return }
        let fork = HistoryFork.between(
            nodes[index].epochs, endingAt: nodes[index].head, and: nodes[other].epochs,
            endingAt: nodes[other].head)
        let epoch = nodes[other].head.epoch
        switch fork {
        case .stale, .unknown: return
        case .follows:
            guard case .leader = nodes[index].mind else { return }
        case .orphaned(let seq, _):
            nodes[index].cut(behind: seq)
        }
        if nodes[index].pledge.epoch < epoch {
            nodes[index].pledge = Pledge(
                epoch: epoch, holder: .candidate(Self.address(other)))
        }
        reload(index, leading: false)
    }

    /// A whole promotion; some of those that are asked do not hear, or are not heard.
    mutating func promote(_ index: Int, _ force: Force) throws {
        guard nodes[index].isUp else { return }
        let seen = max(nodes[index].head.epoch.number, nodes[index].pledge.epoch.number)
        let epoch = Epoch(
            number: seen + 1 + UInt64(dice.below(3)), leaderID: UInt64(dice.below(1000) + 1))
        // What would be refused binds nobody.
        var dry = Candidacy(own: nodes[index].head, membership: nodes[index].view.membership)
        for other in nodes.indices where nodes[other].isUp {
            dry.promised(
                .init(position: nodes[other].head, seal: nodes[other].leads ? .head : .none),
                by: Self.address(other))
        }
        guard dry.lacks.isEmpty || force == .yes else { return }
        let own = Pledge(epoch: epoch, holder: .ourselves)
        let wasLeading = nodes[index].leads
        guard give(own, by: index) else { return }
        var candidacy = Candidacy(
            own: nodes[index].head, membership: nodes[index].view.membership)
        candidacy.promised(
            .init(position: nodes[index].head, seal: wasLeading ? .head : .none),
            by: Self.address(index))
        for other in nodes.indices where other != index && nodes[other].isUp && !dice.oneIn(5) {
            let isLeading = nodes[other].leads
            let pledge = Pledge(epoch: epoch, holder: .candidate(Self.address(index)))
            guard give(pledge, by: other), !dice.oneIn(8) else { continue }
            candidacy.promised(
                .init(position: nodes[other].head, seal: isLeading ? .head : .none),
                by: Self.address(other))
        }
        // Time goes by, and another candidate may have come between.
        if dice.oneIn(5) { try step() }
        guard candidacy.lacks.isEmpty || force == .yes, nodes[index].pledge == own,
            nodes[index].isUp
        else { return }
        try begin(epoch, on: index)
        promotions += 1
        if force == .yes { forced += 1 }
    }

    private mutating func give(_ pledge: Pledge, by index: Int) -> Bool {
        guard nodes[index].pledge.admits(pledge, over: nodes[index].head.epoch) else {
            return false
        }
        nodes[index].pledge = pledge
        switch nodes[index].mind {
        case .leader(var core):
            core.promised(pledge)
            nodes[index].mind = .leader(core)
        case .follower(var core):
            core.promised(pledge)
            nodes[index].mind = .follower(core)
        }
        return true
    }

    private mutating func begin(_ epoch: Epoch, on index: Int) throws {
        guard epoch > nodes[index].head.epoch else { return }
        if case .follower(let core) = nodes[index].mind {
            nodes[index].mind = .leader(LeaderCore(promoting: core, seed: (UInt64(index), 9)))
        }
        nodes[index].ledger = AckLedger(
            membership: nodes[index].view.membership, ownAddress: Self.address(index))
        append([.epoch(epoch)], on: index)
        noteWriter(index)
        tidy(index)
    }

    // MARK: Membership

    private mutating func append(_ events: [ControlEvent], on index: Int) {
        guard case .leader(var core) = nodes[index].mind,
            let plan = try? core.plan(events, by: nil, at: Fixture.time)
        else { return }
        nodes[index].store(plan.records)
        _ = core.committed(plan)
        nodes[index].ledger?.took(core.membership)
        nodes[index].mind = .leader(core)
    }

    private mutating func change(_ change: MembershipChange) {
        tell(change, to: 0)
        for voter in nodes.indices.dropFirst() {
            for _ in 0..<4 { catchUp(voter) }
        }
        tidy(0)
    }

    private mutating func catchUp(_ index: Int) {
        guard case .follower(var core) = nodes[index].mind,
            let intake = try? core.check(nodes[0].records, from: nodes[0].head.epoch)
        else { return }
        core.committed(intake)
        nodes[index].store(intake.records)
        nodes[index].mind = .follower(core)
        acknowledge(core.head, of: index, at: 0)
    }

    private mutating func tell(_ change: MembershipChange, to index: Int) {
        guard case .leader(let core) = nodes[index].mind, !core.isSealed,
            let wanted = try? core.judge(change, ownAddress: Self.address(index))
        else { return }
        append([.membership(wanted)], on: index)
    }

    /// What a leader does to the membership by itself.
    mutating func tidy(_ index: Int) {
        guard nodes[index].isUp, nodes[index].leads, let ledger = nodes[index].ledger else {
            return
        }
        if ledger.mayBeSettled {
            tell(.settle, to: index)
        } else if ledger.membership.isSettled,
            ledger.membership.current.voters.contains(Self.address(index))
        {
            tell(.remove(Self.address(index)), to: index)
        } else if ledger.membership.isSettled, dice.oneIn(2) {
            tell(.add(Self.address(dice.below(nodes.count))), to: index)
        }
    }

    // MARK: What is known from outside

    private mutating func noteWriter(_ index: Int) {
        writers[nodes[index].head.epoch, default: []].insert(index)
    }

    func chain(of index: Int, at seq: Seq) -> Hash256 {
        seq == .zero ? Fixture.logID.chainOrigin : nodes[index].chains[Int(seq.rawValue) - 1]
    }

    private func position(of index: Int) -> Position {
        let seq = Seq(UInt64(nodes[index].records.count))
        return Position(
            logID: Fixture.logID, epoch: nodes[index].epochs.first?.epoch ?? .none, seq: seq,
            chain: chain(of: index, at: seq))
    }

    /// Acknowledged events that the log of the latest leader does not hold.
    var lost: [Seq] {
        // Of a reign whose leader is gone nobody can say what it had.
        guard let newest = nodes.map(\.head.epoch).max(),
            let leader = nodes.first(where: { $0.leads && $0.head.epoch == newest })
        else { return [] }
        return acknowledged.filter { chain, seq in
            seq > leader.head.seq || leader.chains[Int(seq.rawValue) - 1] != chain
        }.map(\.value).sorted()
    }

    /// Epochs with events of two leaders.
    var shared: [Epoch] { writers.filter { $0.value.count > 1 }.map(\.key) }
}
