package import EndpointModel
package import NIOCore
package import SyncProtocol
package import SyncTransport

/// What a log subscription tells the follower it works for, on the event loop.
package protocol LogSubscriptionDelegate: AnyObject {
    /// Up to where the follower's own log is durable: asked before each connection, and where the
    /// records will go on from; nil: it has nothing and takes any log.
    func resumePosition() -> Position?
    /// An upstream is being dialed.
    func connecting(to server: ServerAddress)
    /// An upstream answered. Its forks tell where histories part.
    func connected(to server: ServerAddress, _ hello: ServerHello)
    /// Where the records go on.
    func resumed(_ resync: Resync)
    /// A batch, in order; `mark` when it ends here. Nothing more comes before `take`.
    func received(_ records: [EncodedRecord], mark: Mark?)
    /// This upstream has less than the follower.
    func behind(_ head: Position)
    /// Since when the upstream itself has had no word from its leader; nil: it is in touch.
    func upstreamStale(since: Timestamp?)
    func goodbye(_ goodbye: Goodbye)
    /// The connection is gone; another attempt follows after a pause.
    func disconnected(_ error: ClientError)
}

/// A follower's subscription to its upstream's log, on one event loop, without a task: dials,
/// subscribes from where the follower stands, hands over records on demand, dials again.
///
/// Demand is explicit: one batch is handed over, and nothing more is taken from the socket until
/// `take` says that it is stored. So a follower whose disk is slow makes its upstream wait.
package final class LogSubscription {
    private enum Link {
        case none
        case pausing(Scheduled<Void>)
        case connected(ClientConnection)
    }

    private let eventLoop: any EventLoop
    private let configuration: ClientConfiguration
    private let nodeID: NodeID
    private let advertise: String
    private weak var delegate: (any LogSubscriptionDelegate)?
    private var rota: ServerRota
    private var link = Link.none
    private var isStopped = false

    /// - Parameter configuration: its servers are the upstreams, tried in order.
    package init(
        configuration: ClientConfiguration, nodeID: NodeID, advertise: String, seed: UInt64,
        on eventLoop: any EventLoop, delegate: any LogSubscriptionDelegate
    ) {
        self.configuration = configuration
        self.nodeID = nodeID
        self.advertise = advertise
        self.eventLoop = eventLoop
        self.delegate = delegate
        rota = ServerRota(
            servers: configuration.servers, pauses: configuration.pauses, seed: seed)
    }

    // MARK: What the follower says

    package func start() {
        guard case .none = link, !isStopped else { return }
        connect()
    }

    package func stop() {
        isStopped = true
        dropLink()
    }

    /// What was handed over is stored: the next batch may come.
    package func take() {
        rota.succeeded()
        connection?.resumeReading()
    }

    /// Everything up to here is on disk.
    package func durable(_ position: Position) { connection?.send(.durable(position)) }

    /// What came cannot be taken: the upstream is told why, and another is tried.
    package func refuse(_ refusal: Refusal) {
        connection?.send(.refusal(refusal))
        tryNext(noSoonerThan: rota.pause(round: 3))
    }

    /// Leaves this upstream for the next, as when it is behind and others are not.
    package func leave() { tryNext() }

    /// Dials these next: who the leader is may have become known.
    package func goFirst(to addresses: [ServerAddress]) { rota.goFirst(to: addresses) }

    // MARK: Inside

    private var connection: ClientConnection? {
        switch link {
        case .none, .pausing: nil
        case .connected(let connection): connection
        }
    }

    private func connect() {
        guard !isStopped, let delegate else { return }
        let server = rota.take()
        delegate.connecting(to: server)
        let hello = ClientHello(
            role: .log, client: configuration.program, actor: configuration.actor,
            resume: delegate.resumePosition().map { ResumeToken(position: $0) }, nodeID: nodeID,
            advertise: advertise)
        let connection = ClientConnection(
            to: server, hello: hello, patience: TimeAmount(configuration.timeout), on: eventLoop,
            owner: self)
        link = .connected(connection)
        connection.dial()
    }

    private func dropLink() {
        switch link {
        case .none: break
        case .pausing(let pause): pause.cancel()
        case .connected(let connection): connection.close()
        }
        link = .none
    }

    private func tryNext(noSoonerThan least: Duration = .zero) {
        dropLink()
        guard !isStopped else { return }
        let pause = max(least, rota.pauseBeforeNext())
        guard pause > .zero else { return connect() }
        link = .pausing(
            eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) { [weak self] in
                self?.link = .none
                self?.connect()
            })
    }
}

extension LogSubscription: ClientConnectionOwner {
    func established(_ hello: ServerHello) {
        guard let connection else { return }
        delegate?.connected(to: connection.address, hello)
    }

    func received(_ message: ServerMessage) {
        switch message {
        case .resync(let resync): delegate?.resumed(resync)
        case .records(let records): handOver(records.records, records.mark)
        case .mark(let mark): handOver([], mark)
        case .behind(let head): delegate?.behind(head)
        case .serverState(let since): delegate?.upstreamStale(since: since)
        case .goodbye(let goodbye):
            delegate?.goodbye(goodbye)
            rota.goFirst(to: goodbye.addresses.compactMap { ServerAddress($0) })
            tryNext(noSoonerThan: .milliseconds(Int64(goodbye.retryAfterMilliseconds)))
        case .hello, .changes, .answers, .queryAnswer, .ping, .pong, .unknown: break
        }
    }

    private func handOver(_ records: [EncodedRecord], _ mark: Mark?) {
        connection?.pauseReading()
        delegate?.received(records, mark: mark)
    }

    func ended(_ end: ConnectionEnd) {
        guard let address = connection?.address else { return }
        link = .none
        delegate?.disconnected(end.error(at: address))
        guard case .none = link else { return }
        tryNext()
    }
}
