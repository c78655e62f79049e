internal import EndpointModel
internal import NIOCore
internal import SyncProtocol
internal import SyncTransport

/// Carries mutations over a connection of their own to whoever leads, on one event loop.
final class RequestRunner {
    enum Token: Sendable {
        case stream(MutationStream, number: UInt64)
        case single(CheckedContinuation<MutationResult, Never>)
    }

    /// A frame holds this many mutations at most, so that its answers come soon.
    private static let mutationsPerFrame = 1000
    private static let bytesPerFrame = 256 << 10
    /// What may wait for the socket before the next frame is made.
    private static let unsentBytesMaximum = 1 << 20

    private enum Link {
        /// No connection: there is nothing to do, or a pause runs.
        case none
        case pausing(Scheduled<Void>)
        /// The hello was not answered yet.
        case connecting(ClientConnection)
        case established(ClientConnection)
    }

    private let eventLoop: any EventLoop
    private let configuration: ClientConfiguration
    private var pipeline: RequestPipeline<Token>
    private var rota: ServerRota
    private var link = Link.none
    private var lastProgress: NIODeadline
    private var deadline: Scheduled<Void>?
    private var askingAgain: Scheduled<Void>?
    /// The last word of each server that was tried in vain.
    private var troubles = Troubles()
    private var delivered: [(MutationStream, UInt64, MutationResult)] = []
    private var isToSend = false
    private var isClosed = false

    init(configuration: ClientConfiguration, eventLoop: any EventLoop, seed: UInt64) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        pipeline = RequestPipeline(ids: RequestIDs(seed: seed))
        rota = ServerRota(
            servers: configuration.servers, pauses: configuration.pauses, seed: seed &+ 1)
        lastProgress = eventLoop.now
    }

    // MARK: In

    func submit(_ request: MutationRequest, token: Token) {
        noteWork()
        take(request, token)
        handOver()
        goOn()
    }

    func pull(_ stream: MutationStream) {
        let (requests, first) = stream.takeIncoming()
        guard !requests.isEmpty else { return }
        noteWork()
        for (index, request) in requests.enumerated() {
            take(request, .stream(stream, number: first &+ UInt64(index)))
        }
        handOver()
        goOn()
    }

    /// What no server can take is answered here: sent, it would end the connection each time.
    private func take(_ request: MutationRequest, _ token: Token) {
        guard let fault = request.fault else { return pipeline.submit(request, token: token) }
        let result = MutationResult(
            key: request.key, requestID: request.requestID ?? "", outcome: .failed(fault))
        deliver(result, to: token)
    }

    func close() {
        isClosed = true
        dropLink()
        giveUp(ClientError(code: .cancelled, message: "the client was closed"))
    }

    /// The clock runs from the first request on that has nothing before it.
    private func noteWork() {
        if pipeline.isEmpty { lastProgress = eventLoop.now }
    }

    private func goOn() {
        guard !isClosed else {
            return giveUp(ClientError(code: .cancelled, message: "the client was closed"))
        }
        scheduleDeadline()
        switch link {
        case .none: connect()
        case .pausing, .connecting: break
        case .established: sendSoon()
        }
    }

    /// Behind whatever the event loop has to do already: what many callers ask at the same time
    /// goes out in one frame and one write, and what one asks goes out at once.
    private func sendSoon() {
        guard !isToSend else { return }
        isToSend = true
        eventLoop.assumeIsolated().execute { [weak self] in
            guard let self else { return }
            self.isToSend = false
            if case .established(let connection) = self.link { self.send(over: connection) }
        }
    }

    // MARK: Out

    private func send(over connection: ClientConnection) {
        while connection.isOpen, connection.unsentBytes < Self.unsentBytesMaximum {
            let mutations = pipeline.takeToSend(
                countLimit: Self.mutationsPerFrame, byteLimit: Self.bytesPerFrame)
            guard !mutations.isEmpty else { return }
            connection.request(mutations)
        }
    }

    private func connect() {
        let server = rota.take()
        let hello = ClientHello(
            role: .requests, client: configuration.program, actor: configuration.actor)
        let connection = ClientConnection(
            to: server, hello: hello, tls: configuration.credentials,
            patience: TimeAmount(configuration.patiencePerServer),
            on: eventLoop, owner: self)
        link = .connecting(connection)
        connection.dial()
    }

    private func dropLink() {
        switch link {
        case .none: break
        case .pausing(let pause): pause.cancel()
        case .connecting(let connection), .established(let connection): connection.close()
        }
        link = .none
        askingAgain?.cancel()
        askingAgain = nil
        pipeline.connectionLost()
    }

    /// The next server, now or after a pause; none when there is nothing to be asked.
    private func tryNext() {
        dropLink()
        guard !pipeline.isEmpty, !isClosed else { return }
        let pause = rota.pauseBeforeNext()
        guard pause > .zero else { return connect() }
        link = .pausing(
            eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) { [weak self] in
                guard let self else { return }
                self.link = .none
                if !self.pipeline.isEmpty { self.connect() }
            })
    }

    private func askAgainLater() {
        guard askingAgain == nil else { return }
        let pause = rota.pause(round: 2)
        askingAgain = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) {
            [weak self] in
            guard let self else { return }
            self.askingAgain = nil
            self.pipeline.askAgain()
            self.goOn()
        }
    }

    // MARK: Patience

    private func scheduleDeadline() {
        guard deadline == nil, !pipeline.isEmpty else { return }
        let due = lastProgress + TimeAmount(configuration.timeout)
        deadline = eventLoop.assumeIsolated().scheduleTask(deadline: due) { [weak self] in
            self?.deadlineCame()
        }
    }

    private func deadlineCame() {
        deadline = nil
        guard !pipeline.isEmpty else { return }
        guard eventLoop.now >= lastProgress + TimeAmount(configuration.timeout) else {
            return scheduleDeadline()
        }
        let error = troubles.error(servers: rota.all, patience: configuration.timeout)
        dropLink()
        giveUp(error)
    }

    private func giveUp(_ error: ClientError) {
        for (token, result) in pipeline.giveUp(error) { deliver(result, to: token) }
        handOver()
    }

    // MARK: Results

    private func deliver(_ result: MutationResult, to token: Token) {
        switch token {
        case .single(let continuation): continuation.resume(returning: result)
        case .stream(let stream, let number): delivered.append((stream, number, result))
        }
    }

    /// Each stream is given its results of one read at once.
    private func handOver() {
        var rest = delivered[...]
        while let stream = rest.first?.0 {
            let run = rest.prefix { $0.0 === stream }
            stream.deliver(run.lazy.map { (number: $0.1, result: $0.2) })
            rest = rest[run.endIndex...]
        }
        delivered.removeAll(keepingCapacity: true)
    }
}

extension RequestRunner: ClientConnectionOwner {
    func established(_ hello: ServerHello) {
        guard case .connecting(let connection) = link else { return }
        link = .established(connection)
        if hello.role == .follower, let leader = ServerAddress(hello.leader),
            leader != connection.address
        {
            return go(to: leader)
        }
        send(over: connection)
    }

    func received(_ message: ServerMessage) {
        switch message {
        case .answers(let answers): for answer in answers { received(answer) }
        case .goodbye(let goodbye): goodbyeReceived(goodbye)
        case .hello, .resync, .changes, .records, .unreadable, .mark, .behind, .queryAnswer,
            .serverState, .ping, .pong, .unknown:
            break
        }
        // Of a connection that was given up over this nobody says that the read is over.
        guard case .established = link else { return handOver() }
    }

    private func received(_ answer: Answer) {
        switch pipeline.answered(answer) {
        case .done(let token, let result):
            lastProgress = eventLoop.now
            rota.succeeded()
            deliver(result, to: token)
        case .askAgain(let error):
            note(error.message)
            askAgainLater()
        case .goTo(let leader?): go(to: leader)
        case .goTo(nil):
            note("is no leader and does not know who is")
            tryNext()
        case .known: break
        }
    }

    private func go(to leader: ServerAddress) {
        note("is no leader; \(leader) is")
        rota.goFirst(to: [leader])
        tryNext()
    }

    private func goodbyeReceived(_ goodbye: Goodbye) {
        note(goodbye.message.isEmpty ? goodbye.code.rawValue : goodbye.message)
        if goodbye.code.isPermanent, let server = address {
            dropLink()
            return giveUp(ClientError(goodbye, from: server))
        }
        if let address { rota.heed(goodbye, from: address) }
        tryNext()
    }

    func receivedAll() {
        handOver()
        guard case .established(let connection) = link else { return }
        send(over: connection)
    }

    func flushed() {
        guard case .established(let connection) = link else { return }
        send(over: connection)
    }

    func ended(_ end: ConnectionEnd) {
        if let address { troubles.note(end, of: address) }
        // What the last read brought: a connection that breaks does not say that a read is over.
        handOver()
        guard let verdict = troubles.verdict(of: rota.all) else { return tryNext() }
        dropLink()
        giveUp(verdict)
    }

    private func note(_ trouble: String) {
        if let address { troubles.note("\(address): \(trouble)", of: address) }
    }

    private var address: ServerAddress? {
        switch link {
        case .none, .pausing: nil
        case .connecting(let connection), .established(let connection): connection.address
        }
    }
}

/// What each server said or did last when it was of no help: what an error tells the user.
struct Troubles {
    private var last: [Trouble] = []

    private struct Trouble {
        let server: ServerAddress
        let what: String
        /// Of one that the next attempt would meet again.
        let verdict: ClientError?
    }

    mutating func note(_ what: String, of server: ServerAddress) {
        note(Trouble(server: server, what: what, verdict: nil))
    }

    mutating func note(_ end: ConnectionEnd, of server: ServerAddress) {
        let error = end.error(at: server)
        note(
            Trouble(
                server: server, what: error.message, verdict: end.isCertain ? error : nil))
    }

    private mutating func note(_ trouble: Trouble) {
        last.removeAll { $0.server == trouble.server }
        last.append(trouble)
        if last.count > 16 { last.removeFirst() }
    }

    /// What no server can be asked for before somebody changes something; nil while one of them
    /// may do it yet.
    func verdict(of servers: [ServerAddress]) -> ClientError? {
        let verdicts = servers.map { server in last.first { $0.server == server }?.verdict }
        return verdicts.allSatisfy { $0 != nil } ? verdicts.first ?? nil : nil
    }

    func error(servers: [ServerAddress], patience: Duration) -> ClientError {
        let names = servers.map(\.description).joined(separator: ", ")
        let details = last.map(\.what).joined(separator: "; ")
        let message = "no answer from \(names) within \(patience)"
        return ClientError(
            told: .unreachable, details.isEmpty ? message : "\(message): \(details)")
    }
}

extension ClientConfiguration {
    /// One dead server must not use up the patience for all.
    var patiencePerServer: Duration {
        max(.milliseconds(500), timeout / max(1, servers.count))
    }
}
