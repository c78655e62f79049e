internal import Audit
internal import CattailTestKit
internal import EndpointModel
internal import LogStore
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol

/// One machine: its disk, its clock, and the process that runs on it now, if any.
final class SimulatedNode {
    let number: Int
    let host: String
    let address: String
    unowned let world: World
    let storage: NodeStorage
    private(set) var process: NodeProcess?
    /// Whom it is told to follow.
    var upstreams: [String]
    /// Whether it has been a follower: such a node is started as one (the file `node-id`).
    private(set) var replicates: Bool
    /// By how much its wall clock is wrong, in microseconds.
    var clockOffset: Int64 = 0
    private var dice: Dice
    private var isStarting = false

    init(_ number: Int, _ world: World, upstreams: [String], dice: Dice) throws {
        self.number = number
        self.world = world
        self.upstreams = upstreams
        self.dice = dice
        host = "node-\(number)"
        address = "\(host):1"
        replicates = number > 0
        storage = try NodeStorage(in: world.folder, name: host, dice: self.dice.fork())
    }

    var now: Timestamp {
        Timestamp(
            microseconds: 1_700_000_000_000_000 + Int64(world.timeline.now) + clockOffset)
    }

    private func note(_ what: String) { world.trace.note(host, what) }

    // MARK: Starting

    func start() {
        guard process == nil, !isStarting, world.isRunning else { return }
        do {
            if try open(creating: replicates ? nil : firstLog) { return }
            askForLog()
        } catch { startFailed(error) }
    }

    private var firstLog: NodeFiles.NewLog {
        .init(
            logID: world.logID, epoch: Epoch(number: 1, leaderID: dice.next()), now: now)
    }

    /// False when there is no log.
    private func open(creating new: NodeFiles.NewLog?) throws -> Bool {
        guard let files = try NodeFiles.open(storage, creating: new) else { return false }
        if storage.isDark { throw PowerIsOut() }
        let role: NodeRole =
            !replicates || files.pledge.leads(files.position.epoch) ? .leader : .follower
        note("starts as \(role) at \(files.position.seq) of \(files.position.epoch.number)")
        world.history.opened(self, files)
        let process = NodeProcess(self, files, role, dice.fork())
        self.process = process
        process.start()
        return true
    }

    private struct PowerIsOut: Error {}

    private func startFailed(_ error: any Error) {
        note("does not start")
        if storage.isDark { return crash(.power) }
        if !storage.isArmed { world.history.refused(self, "\(error)") }
        world.timeline.after(500_000) { [weak self] in
            self?.storage.heal()
            self?.start()
        }
    }

    /// A follower with an empty directory asks which log there is.
    private func askForLog() {
        isStarting = true
        let upstream = dice.pick(upstreams)
        let question = Question(world, from: host, to: upstream, asking: { _ in nil }) {
            [weak self] reply in
            guard let self, isStarting else { return }
            isStarting = false
            guard let reply else {
                world.timeline.after(300_000) { [weak self] in self?.start() }
                return
            }
            let new = NodeFiles.NewLog(logID: reply.hello.head.logID, epoch: nil, now: now)
            do { _ = try open(creating: new) } catch { startFailed(error) }
        }
        withExtendedLifetime(question) {}
    }

    // MARK: Ending

    /// The process ends where it stands.
    func crash(_ end: NodeStorage.End) {
        isStarting = false
        note("crashes (\(end.rawValue))")
        // First, so that nothing is said any more.
        world.network.stopListening(at: address)
        world.network.ended(host, end == .killed ? .told : .silent)
        process?.die()
        do { try storage.ended(end) } catch { world.fail("a crash: \(error)") }
        process?.letGo()
        process = nil
        world.timeline.after(dice.between(100_000, 4_000_000)) { [weak self] in self?.start() }
    }

    /// In good order: connections are told, and what is pending is written.
    func restart() {
        guard let process else { return }
        note("drains")
        process.drain()
        world.timeline.after(400_000) { [weak self, weak process] in
            guard let self, let process, self.process === process else { return }
            end(process)
            guard self.process == nil else { return }
            world.timeline.after(dice.between(10_000, 1_000_000)) { [weak self] in self?.start() }
        }
    }

    /// Afterwards the files are closed; or the power went meanwhile.
    private func end(_ process: NodeProcess) {
        process.die()
        world.network.stopListening(at: address)
        world.network.ended(host, .told)
        process.close()
        process.letGo()
        self.process = nil
        if storage.isDark { crash(.power) }
    }

    /// A later leader's epoch was shown: on as its follower, with what both have (G10).
    func rejoin(_ shown: [String], epoch: Epoch, behind: Seq?) {
        guard let process else { return }
        note("steps down behind \(behind?.description ?? "all") for \(shown[0])")
        process.drain()
        end(process)
        guard self.process == nil, !storage.isDark else { return }
        replicates = true
        upstreams = shown + upstreams.filter { !shown.contains($0) && $0 != address }
        do {
            let directory = try DataDirectory.acquire(storage.folder)
            defer { directory.release() }
            try StepDown(upstream: shown[0], epoch: epoch, behind: behind)
                .prepare(directory, storage.settings(), .silent)
        } catch { note("the step-down fails") }
        if storage.isDark { return crash(.power) }
        world.history.steppedDown(self, behind: behind)
        world.timeline.after(20_000) { [weak self] in self?.start() }
    }

    /// Its disk is gone; an old backup becomes its log, in an epoch above all that the operator
    /// knows of, and it leads (G7).
    func restore(_ file: String, epochAbove: UInt64) {
        isStarting = false
        note("is restored from a backup")
        world.network.stopListening(at: address)
        world.network.ended(host, .told)
        process?.die()
        do {
            let beginning = Restoration.Beginning(
                epochAbove: epochAbove, leaderID: dice.next(), now: now)
            try storage.replace { folder in
                let directory = try DataDirectory.acquire(folder)
                defer { directory.release() }
                let outcome = try Restoration(LogRestore(of: file, into: directory))
                    .run(beginning) { _, _ in }
                world.history.restored(self, outcome.epoch)
            }
        } catch { world.fail("a backup cannot be restored: \(error)") }
        process?.letGo()
        process = nil
        replicates = false
        start()
    }

    /// At the end of a run.
    func stop() {
        guard let process else { return }
        end(process)
    }
}
