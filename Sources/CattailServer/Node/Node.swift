internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import Logging
internal import NIOConcurrencyHelpers
package import NIOCore
internal import NIOPosix
internal import Projection
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol
package import SyncTransport

/// A running node: its files, threads and sockets, from opening to the end of the drain.
package final class Node: Sendable {
    private let configuration: NodeConfiguration
    private let role: NodeRole
    private let group: MultiThreadedEventLoopGroup
    private let serving: NIOLoopBound<ServingLoop>
    private let transport: ServerTransport
    private let committer: CommitThread
    private let views: ViewThread
    private let readers: NodeReaders
    private let upstream: UpstreamLink?
    private let threadsEnded: [EventLoopFuture<Void>]
    private let ending: EventLoopPromise<Ending>
    /// The node that goes on in this one's place, once there is one.
    private let successor = NIOLockedValueBox(Succession.none)
    private let logID: LogID
    private let readySeq: Seq
    /// Held until the node has ended, which is before the last reference to it goes.
    private let directory: DataDirectory

    /// How a run of the node ends.
    private enum Ending: Sendable {
        case drain
        /// Its log is not the leader's: the next run begins with what they have in common.
        case rejoin(Rejoin)
    }

    private enum Succession: Sendable {
        case none
        case runs(Node)
        /// Drained: there will be none.
        case over
    }

    // MARK: Starting

    /// Opens or makes the log, and listens. The node takes writes when this returns.
    package static func leader(_ configuration: NodeConfiguration) async throws -> Node {
        let node = try await start(configuration) { directory, group in
            let files = try NodeFiles.openLeader(directory, configuration)
            return try await Node(configuration, .leader, files, nil, group)
        }
        try await node.setMinAcks()
        return node
    }

    /// Opens the log and serves; with an empty directory, once an upstream has said which log.
    package static func follower(_ configuration: NodeConfiguration) async throws -> Node {
        let logger = configuration.logger
        return try await start(configuration) { directory, group in
            let upstream = try await UpstreamLink(configuration, loop: group.next())
            let files: NodeFiles
            if let own = try NodeFiles.openFollower(directory, logger: logger) {
                if own.leads {
                    // It was promoted, and nobody has deposed it: a restart does not.
                    try own.refuseUnlessLeading(configuration)
                    return try await Node(configuration, .leader, own, nil, group)
                }
                files = own
            } else {
                let logID = try await upstream.askForLog()
                files = try NodeFiles.createFollower(directory, logID: logID, logger: logger)
            }
            return try await Node(configuration, .follower, files, upstream, group)
        }
    }

    /// A start that fails leaves nothing held.
    private static func start(
        _ configuration: NodeConfiguration,
        _ open: (DataDirectory, MultiThreadedEventLoopGroup) async throws -> Node
    ) async throws -> Node {
        if let renewal = try configuration.security?.load() {
            configuration.logger.report(renewal, at: configuration.clock.now())
        }
        let directory = try DataDirectory.acquire(configuration.directory)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            return try await open(directory, group)
        } catch {
            try? await group.shutdownGracefully()
            directory.release()
            throw error
        }
    }

    private init(
        _ given: NodeConfiguration, _ role: NodeRole, _ files: NodeFiles,
        _ upstream: UpstreamLink?, _ group: MultiThreadedEventLoopGroup
    ) async throws {
        let loop = group.next()
        let logger = given.logger
        let configuration = given.bounded(by: Descriptors.raise())
        let health = upstream?.health ?? NodeHealth()
        let committer = CommitThread()
        let views = ViewThread()
        let readers = NodeReaders(
            directory: files.directory.path, limits: configuration.limits)
        let position = files.position
        let view = files.views.view.view
        let hands = Self.hands(configuration, role, files, health, upstream)
        let pinned = Confined((position, view))
        let times = files.times
        let nodeID = files.nodeID
        let (epochs, pledge, orphans) = (files.epochs, files.pledge, files.orphans)

        readers.start()
        let serving = try await loop.submit {
            let (position, view) = pinned.take()
            let loopState = ServingLoop(
                loop: loop, role: role, configuration: configuration,
                hub: FeedHub(position: position, view: view, limits: configuration.feeds),
                times: times, nodeID: nodeID, epochs: epochs, pledge: pledge, orphans: orphans,
                readers: readers, committer: committer, views: views, health: health)
            return NIOLoopBound(loopState, eventLoop: loop)
        }.get()

        let commitsEnded = loop.makePromise(of: Void.self)
        committer.start(hands, logger: logger) { outcome in
            if let batch = outcome.batch { views.take(batch) }
            loop.execute {
                serving.value.take(outcome)
                if let position = outcome.batch?.position { upstream?.stored(position) }
            }
        } ended: {
            commitsEnded.succeed()
        }
        let viewsEnded = loop.makePromise(of: Void.self)
        views.start(Confined(files.views), logger: logger) { viewsEnded.succeed() }

        self.configuration = configuration
        self.role = role
        self.group = group
        self.committer = committer
        self.views = views
        self.readers = readers
        self.upstream = upstream
        self.serving = serving
        threadsEnded = [commitsEnded.futureResult, viewsEnded.futureResult]
        ending = loop.makePromise(of: Ending.self)
        logID = position.logID
        readySeq = position.seq
        directory = files.directory
        do {
            if let rights = configuration.rights {
                try await loop.flatSubmit { serving.value.set(rights) }.get()
            }
            transport = try await Self.listen(configuration, loop, serving)
        } catch {
            committer.close()
            views.close()
            for ended in [commitsEnded.futureResult, viewsEnded.futureResult] {
                try? await ended.get()
            }
            await readers.close()
            ending.succeed(.drain)
            throw error
        }
        let address = transport.localAddress
        let advertise = configuration.advertise ?? address.description
        let ending = ending
        try await loop.submit {
            serving.value.begin(advertise: advertise)
            serving.value.failover.start(upstream) { ending.succeed(.rejoin($0)) }
        }.get()
        let replica = Replica(nodeID: files.nodeID, advertise: advertise)
        upstream?.start(
            at: position, as: replica, committer: committer,
            judging: { hello, address in serving.value.failover.judge(hello, of: address) },
            tell: { serving.value.tell($0) }
        ).whenFailure { ending.fail($0) }
    }

    /// What `--min-acks` says becomes an event, where the log says otherwise.
    private func setMinAcks() async throws {
        guard let count = configuration.minAcks else { return }
        let serving = serving
        do {
            try await group.next().flatSubmit { serving.value.failover.set(minAcks: count) }.get()
        } catch {
            beginDrain()
            try await run()
            throw error
        }
    }

    private static func hands(
        _ configuration: NodeConfiguration, _ role: NodeRole, _ files: NodeFiles,
        _ health: NodeHealth, _ upstream: UpstreamLink?
    ) -> Confined<any Committer> {
        let view = files.views.view.view
        let pledges = PledgeFile(
            directory: files.directory.path, disk: configuration.log.disk)
        let surroundings = LeaderCommitter.Surroundings(
            clock: { configuration.clock.now() },
            seed: {
                var generator = SystemRandomNumberGenerator()
                return (generator.next(), generator.next())
            },
            logger: configuration.logger, health: health)
        switch role {
        case .leader:
            let core = LeaderCore(
                view: view, head: files.position, lastTime: files.lastTime, pledge: files.pledge,
                seed: surroundings.seed())
            let leader = LeaderCommitter(core: core, writer: files.writer, surroundings)
            return Confined(NodeCommitter(leader: leader, pledges: pledges, surroundings))
        case .follower:
            let core = FollowerCore(
                view: view, head: files.position, lastTime: files.lastTime, pledge: files.pledge)
            let follower = FollowerCommitter(
                core: core, writer: files.writer, logger: configuration.logger, health: health
            ) { fault, link in upstream?.refuse(fault, from: link) }
            return Confined(NodeCommitter(follower: follower, pledges: pledges, surroundings))
        }
    }

    private static func listen(
        _ configuration: NodeConfiguration, _ loop: any EventLoop,
        _ serving: NIOLoopBound<ServingLoop>
    ) async throws -> ServerTransport {
        try await ServerTransport.listen(
            .init(address: configuration.listen, tls: configuration.security?.credentials),
            group: loop,
            admit: { serving.value.connectionCount.enter() },
            makeDriver: { channel in serving.value.makeConnection(channel) },
            accepting: AcceptReactions(
                failed: { serving.value.acceptFailed(errno: $0) },
                accepted: { serving.value.accepted() }))
    }

    // MARK: Running

    /// `ready role=leader listen=127.0.0.1:5474 log=UUID seq=N`.
    package var readyLine: String {
        "ready role=\(role == .leader ? "leader" : "follower") listen=\(transport.localAddress)"
            + " log=\(logID) seq=\(readySeq)"
    }

    /// Where it listens, with the port that it was given.
    package var address: ServerAddress { transport.localAddress }

    /// What happens once a second, now: for tests with a clock of their own.
    package func tick() async throws {
        if case .runs(let node) = successor.withLockedValue({ $0 }) { return try await node.tick() }
        let (serving, upstream) = (serving, upstream)
        try await group.next().submit {
            serving.value.tick()
            upstream?.tick()
        }.get()
    }

    /// Reads certificates and revocation lists anew, if they changed: at once instead of within
    /// the second. Connections go on, but for those whose certificate is revoked.
    ///
    /// - Returns: They are in force; or never, when the node ends meanwhile.
    @discardableResult
    package func renewCertificates() -> EventLoopFuture<Void> {
        let serving = serving
        return group.next().flatSubmit { serving.value.renewSecurity(.signal) }
    }

    /// Begins to drain; `run` returns when it is done.
    package func beginDrain() {
        let next = successor.withLockedValue { succession -> Node? in
            if case .runs(let node) = succession { return node }
            succession = .over
            return nil
        }
        if let next { next.beginDrain() } else { ending.succeed(.drain) }
    }

    /// Serves until a drain has been begun and has ended. When this returns, port, files and
    /// directory are free for the next node, in this process too. A leader that was deposed, or a
    /// follower whose tail the leader's history lacks, goes on at the same address as a follower.
    ///
    /// - Throws: `UpstreamMismatch` when the upstream turns out to hold another log.
    package func run() async throws {
        let outcome = await ending.futureResult.result()
        configuration.logger.info("draining")
        await transport.stopListening()
        await upstream?.close()
        await drain()
        committer.close()
        views.close()
        for ended in threadsEnded { try? await ended.get() }
        await readers.close()
        // It fails only when it was shut down before, and this is the only place that does.
        try? await group.shutdownGracefully()
        let next = Result { try self.next(after: outcome.get()) }
        directory.release()
        configuration.logger.info("ended")
        if let next = try next.get() { try await goOn(as: next) }
    }

    /// How the node is to be started again; nil: not at all.
    private func next(after ending: Ending) throws -> NodeConfiguration? {
        guard case .rejoin(let rejoin) = ending else { return nil }
        try rejoin.prepare(directory, configuration.log, configuration.logger)
        var next = configuration
        next.listen = transport.localAddress
        next.upstream =
            rejoin.upstreams + configuration.upstream.filter { !rejoin.upstreams.contains($0) }
        return next
    }

    private func goOn(as configuration: NodeConfiguration) async throws {
        let node = try await Node.follower(configuration)
        let isDrained = successor.withLockedValue { succession -> Bool in
            if case .over = succession { return true }
            succession = .runs(node)
            return false
        }
        if isDrained { node.beginDrain() }
        try await node.run()
    }

    /// Tells every connection to go, and waits until they have or the time is over.
    private func drain() async {
        let serving = serving
        let loop = group.next()
        let timeout = TimeAmount(configuration.drainTimeout)
        let empty = loop.flatSubmit { serving.value.drain() }
        let deadline = loop.scheduleTask(in: timeout) { serving.value.abandon() }
        try? await empty.get()
        deadline.cancel()
    }
}

extension NodeConfiguration {
    /// With no more connections than there is room for.
    fileprivate func bounded(by descriptors: Descriptors) -> NodeConfiguration {
        var bounded = self
        bounded.limits.connections = descriptors.connections(wanted: limits.connections)
        descriptors.report(connections: bounded.limits.connections, to: logger)
        return bounded
    }
}

extension EventLoopFuture where Value: Sendable {
    fileprivate func result() async -> Result<Value, any Error> {
        do { return .success(try await get()) } catch { return .failure(error) }
    }
}
