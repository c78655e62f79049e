internal import CattailTestKit
internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol

/// Whoever runs the cluster, and the world's malice: what happens to it from outside.
final class Operator {
    private unowned let world: World
    private var dice: Dice

    init(_ world: World, _ dice: Dice) {
        self.world = world
        self.dice = dice
    }

    // MARK: Beginning

    func begin() {
        for node in world.nodes { node.start() }
        for agent in world.agents {
            world.timeline.after(dice.between(0, 3_000_000)) { agent.start() }
        }
        for writer in world.writers { writer.start() }
        world.timeline.after(50_000) { [weak self] in self?.enrol() }
        troubleLater()
    }

    /// Followers become voters, one by one, and then acknowledgements wait for them.
    private func enrol() {
        guard world.scenario.minAcks > 0 || world.scenario.faults.contains(.promotions),
            world.scenario.nodes > 1, let leader = world.leaders.first
        else { return }
        let standing = leader.hub.view.membership
        let missing = world.nodes.map(\.address).first {
            $0 != leader.node.address && !standing.current.voters.contains($0)
        }
        if let missing {
            leader.failover.change(.add(missing))
        } else if standing.current.minAcks != world.scenario.minAcks {
            leader.failover.change(.minAcks(world.scenario.minAcks))
        } else {
            return
        }
        world.timeline.after(200_000) { [weak self] in self?.enrol() }
    }

    // MARK: Trouble

    private func troubleLater() {
        world.timeline.after(dice.between(100_000, 1_500_000)) { [weak self] in
            guard let self, world.isRunning, !isOver else { return }
            trouble()
            troubleLater()
        }
    }

    private var isOver = false

    private func trouble() {
        guard
            let fault = Scenario.Fault.allCases.filter({ world.scenario.faults.contains($0) })
                .randomElement(using: &dice)
        else { return }
        let node = dice.pick(world.nodes)
        switch fault {
        case .crashes: node.crash(.killed)
        case .power: cutPower(node)
        case .disk: breakDisk(node)
        case .space: fill(node)
        case .links: world.network.breakOne()
        case .partitions: part()
        case .clocks: shift(node)
        case .promotions: promote(node, .no)
        case .force: if dice.oneIn(3) { promote(node, .yes) }
        case .members: changeMembers()
        case .restarts: node.restart()
        case .views:
            node.storage.removeViews()
            node.crash(.killed)
        case .agents: disturb(dice.pick(world.agents))
        case .backups: backUpOrRestore(node)
        case .rights: changeRights()
        }
    }

    private func cutPower(_ node: SimulatedNode) {
        guard dice.oneIn(2) else { return node.crash(.power) }
        node.storage.arm(.power, at: 1 + dice.below(30), .once)
        world.trace.note(node.host, "will lose power")
    }

    private func breakDisk(_ node: SimulatedNode) {
        let fault = dice.pick([FaultyDisk.Fault.io, .full, .short, .sync])
        let span: FaultyDisk.Span = dice.oneIn(3) ? .forever : .once
        node.storage.arm(fault, at: 1 + dice.below(20), span)
        world.trace.note(node.host, "disk fails: \(fault) \(span)")
        world.timeline.after(dice.between(100_000, 5_000_000)) { node.storage.heal() }
    }

    private func fill(_ node: SimulatedNode) {
        world.trace.note(node.host, "volume is full")
        node.storage.freeBytes = 1 << 16
        world.timeline.after(dice.between(100_000, 5_000_000)) {
            node.storage.freeBytes = 1 << 40
        }
    }

    private func part() {
        let hosts = world.nodes.map(\.host) + world.agents.map(\.name) + world.writers.map(\.name)
        let one = dice.pick(world.nodes).host
        let others = dice.oneIn(3) ? hosts.filter { $0 != one } : [dice.pick(hosts)]
        world.trace.note("network", "parts \(one) from \(others.joined(separator: " "))")
        for other in others { world.network.cut(one, other) }
        world.timeline.after(dice.between(200_000, 12_000_000)) { [weak self] in
            for other in others { self?.world.network.heal(one, other) }
        }
    }

    private func shift(_ node: SimulatedNode) {
        let seconds = Int64(dice.between(0, 7_200)) - 3_600
        node.clockOffset = seconds * 1_000_000
        world.trace.note(node.host, "clock is \(seconds) s wrong")
    }

    private func promote(_ node: SimulatedNode, _ force: Force) {
        world.trace.note(node.host, "is to lead\(force == .yes ? ", by force" : "")")
        node.process?.failover.promote(force)
    }

    private func changeMembers() {
        guard let leader = world.leaders.first else { return }
        let address = dice.pick(world.nodes).address
        let isVoter = leader.hub.view.membership.current.voters.contains(address)
        leader.failover.change(isVoter ? .remove(address) : .add(address))
    }

    private func changeRights() {
        let rights = Rights.drawn(for: world, &dice)
        for leader in world.leaders.prefix(1) { put(rights, by: leader) }
    }

    private func put(_ rights: Rights, by leader: NodeProcess) {
        world.trace.note(
            leader.name, "is given rights of \(rights.rules.map(\.identity.description))")
        let wish = RightsWish(rights: rights, expectedSeq: nil, actor: nil)
        leader.control({ .replace(wish, $0) }) { [world] result in
            if case .failure(let failure) = result {
                world.trace.note("operator", "rights are refused: \(failure.code)")
            }
        }
    }

    private var backup: String?
    private var isRestored = false

    /// First a backup is made, and in some runs it is put back later, once.
    private func backUpOrRestore(_ node: SimulatedNode) {
        guard let backup else {
            let path = "\(world.folder)/backup"
            do { try node.process?.backUp(to: path) } catch {
                return world.trace.note(node.host, "cannot be backed up")
            }
            if node.process != nil { self.backup = path }
            return
        }
        guard !isRestored, dice.oneIn(3) else { return }
        isRestored = true
        let known = world.nodes.compactMap(\.process).flatMap {
            [$0.hub.position.epoch.number, $0.pledge.epoch.number]
        }
        node.restore(backup, epochAbove: known.max() ?? 0)
    }

    private func disturb(_ agent: SimulatedAgent) {
        switch dice.below(3) {
        case 0: agent.restart(with: .nothing)
        case 1: agent.restart(with: .cache)
        default: agent.sleep(dice.between(100_000, 15_000_000))
        }
    }

    // MARK: Ending

    /// Nothing is broken any more, and nothing new is asked for.
    func heal() {
        isOver = true
        world.trace.note("operator", "heals everything")
        world.network.healAll()
        for node in world.nodes {
            node.storage.heal()
            node.storage.freeBytes = 1 << 40
            node.clockOffset = max(0, node.clockOffset)
            node.start()
        }
        for writer in world.writers { writer.finish() }
        lead()
    }

    /// Somebody leads in the end, if need be by force.
    private func lead() {
        world.timeline.after(12_000_000) { [weak self] in
            guard let self, world.isRunning else { return }
            introduceLeaders()
            overcomePromises()
            letAllIn()
            if world.leaders.isEmpty {
                let best = world.nodes.compactMap(\.process)
                    .max { $1.hub.position.isBeyond($0.hub.position) }
                if let best { promote(best.node, dice.oneIn(2) ? .no : .yes) }
            }
            lead()
        }
    }

    /// Leaders that nobody votes for and nobody follows never hear of each other, until one is told
    /// whom to look at; one that has promised to acknowledge nothing more still says that it leads.
    private func introduceLeaders() {
        let others = world.nodes.compactMap(\.process).filter { $0.role == .leader }
        for leader in world.leaders {
            for other in others where other !== leader {
                leader.failover.change(.add(other.node.address))
            }
        }
    }

    /// Who has promised an epoch that never began follows nobody below it, nor does who holds one
    /// that whoever restored a log did not know of: the leader begins one above.
    private func overcomePromises() {
        guard let leader = world.leaders.first, world.leaders.count == 1 else { return }
        let epoch = leader.hub.position.epoch
        let isAhead = world.nodes.compactMap(\.process).contains {
            $0.pledge.epoch > epoch || $0.hub.position.epoch > epoch
        }
        if isAhead { promote(leader.node, dice.oneIn(3) ? .yes : .no) }
    }

    /// In the end everybody is let in somewhere; only so can everybody be in sync.
    private func letAllIn() {
        guard world.leaders.count == 1, let leader = world.leaders.first,
            let standing = leader.hub.view.rights.rights, standing != lastRights
        else { return }
        let rights = lastRights ?? Rights.drawn(for: world, &dice, lettingAllIn: true)
        lastRights = rights
        put(rights, by: leader)
    }

    private var lastRights: Rights?

    /// The one leader whose log everybody has, when all agents have it too.
    var settled: SimulatedNode? {
        let leaders = world.leaders
        guard leaders.count == 1, let leader = leaders.first else { return nil }
        let log = world.history.logs[leader.node.number] ?? []
        let isSame = world.nodes.allSatisfy { node in
            node.process != nil && world.history.logs[node.number] == log
        }
        guard isSame, world.writers.allSatisfy(\.isIdle) else { return nil }
        let head = leader.hub.position
        guard UInt64(log.count) == head.seq.rawValue else { return nil }
        return world.agents.allSatisfy { $0.isInSync && $0.position == head }
            ? leader.node : nil
    }
}
