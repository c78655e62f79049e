internal import EndpointModel
internal import NIOCore
internal import SyncProtocol
internal import SyncTransport

/// Puts one question to whichever server answers, over a connection of its own, on one event
/// loop. A reader that does not keep up stops the reading from the socket, and nobody else.
///
/// Until the first part of an answer has come the question is put to the next server when one
/// fails; after that a failure ends the answer, for parts of two answers do not fit together.
final class QueryRunner {
    private let eventLoop: any EventLoop
    private let configuration: ClientConfiguration
    private let query: Query
    private let buffer: BoundedBuffer<QueryAnswer>
    private var rota: ServerRota
    private var connection: ClientConnection?
    private var pause: Scheduled<Void>?
    private var deadline: Scheduled<Void>?
    private var troubles = Troubles()
    private var progress = Progress.unheard
    private var pressure = BufferPressure.low

    private enum Progress {
        /// Not even a hello came since the last server was lost: the clock runs.
        case unheard
        /// A server has the question and is alive; finding the answer may take it any time.
        case asked
        case answering
        case over
    }

    /// A server that takes the question and is lost before it answers, again and again, is not
    /// asked for ever.
    private static let lossesMaximum = 5
    private var losses = 0

    init(
        configuration: ClientConfiguration, body: Query.Body,
        buffer: BoundedBuffer<QueryAnswer>, eventLoop: any EventLoop, seed: UInt64
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.buffer = buffer
        query = Query(ticket: 1, body: body)
        rota = ServerRota(
            servers: configuration.servers, pauses: configuration.pauses, seed: seed)
    }

    func start() {
        scheduleDeadline()
        connect()
    }

    private func scheduleDeadline() {
        let patience = TimeAmount(configuration.timeout)
        deadline = eventLoop.assumeIsolated().scheduleTask(in: patience) { [weak self] in
            self?.deadlineCame()
        }
    }

    func stop() { end(nil) }

    func relieved() {
        guard case .high = pressure else { return }
        pressure = .low
        connection?.resumeReading()
    }

    private func connect() {
        let hello = ClientHello(
            role: .requests, client: configuration.program, actor: configuration.actor)
        // Once established, the connection itself watches that something is heard.
        let connection = ClientConnection(
            to: rota.take(), hello: hello, tls: configuration.credentials,
            patience: TimeAmount(configuration.patiencePerServer), on: eventLoop, owner: self)
        self.connection = connection
        connection.dial()
    }

    private func tryNext() {
        connection?.close()
        connection = nil
        if case .asked = progress {
            progress = .unheard
            losses += 1
            guard losses < Self.lossesMaximum else {
                return end(troubles.error(servers: rota.all, patience: configuration.timeout))
            }
            scheduleDeadline()
        }
        let pause = rota.pauseBeforeNext()
        guard pause > .zero else { return connect() }
        self.pause = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) {
            [weak self] in
            self?.connect()
        }
    }

    private func deadlineCame() {
        guard case .unheard = progress else { return }
        end(troubles.error(servers: rota.all, patience: configuration.timeout))
    }

    private func end(_ error: ClientError?) {
        guard progress != .over else { return }
        progress = .over
        pause?.cancel()
        deadline?.cancel()
        connection?.close()
        connection = nil
        buffer.finish(error)
    }

    private func note(_ trouble: String) {
        guard let address = connection?.address else { return }
        troubles.note("\(address): \(trouble)", of: address)
    }
}

extension QueryRunner: ClientConnectionOwner {
    func established(_ hello: ServerHello) {
        progress = .asked
        deadline?.cancel()
        connection?.request(query)
    }

    func received(_ message: ServerMessage) {
        switch message {
        case .queryAnswer(let answer) where answer.ticket == query.ticket: received(answer)
        case .goodbye(let goodbye): goodbyeReceived(goodbye)
        case .hello, .resync, .changes, .records, .unreadable, .mark, .behind, .answers,
            .queryAnswer, .serverState, .ping, .pong, .unknown:
            break
        }
    }

    private func received(_ answer: QueryAnswer) {
        if case .failure(let code, let message) = answer.body {
            return failed(code, message)
        }
        progress = .answering
        if case .high = buffer.push(answer), case .low = pressure {
            pressure = .high
            connection?.pauseReading()
        }
        if answer.isLast { end(nil) }
    }

    private func failed(_ code: FailureCode, _ message: String) {
        note(message.isEmpty ? code.rawValue : message)
        switch (progress, code) {
        case (.asked, .unavailable), (.asked, .overloaded): tryNext()
        case (.unheard, _), (.asked, _), (.answering, _), (.over, _):
            end(ClientError(told: .init(rawValue: code.rawValue), message))
        }
    }

    private func goodbyeReceived(_ goodbye: Goodbye) {
        note(goodbye.message.isEmpty ? goodbye.code.rawValue : goodbye.message)
        switch progress {
        case .unheard where !goodbye.code.isPermanent, .asked where !goodbye.code.isPermanent:
            if let server = connection?.address { rota.heed(goodbye, from: server) }
            tryNext()
        case .unheard, .asked, .answering, .over:
            guard let server = connection?.address else { return }
            end(ClientError(goodbye, from: server))
        }
    }

    func ended(_ end: ConnectionEnd) {
        guard let address = connection?.address else { return }
        let error = end.error(at: address)
        troubles.note(end, of: address)
        connection = nil
        switch progress {
        case .unheard, .asked:
            guard let verdict = troubles.verdict(of: rota.all) else { return tryNext() }
            self.end(verdict)
        case .answering:
            var error = error
            error.remedy = "the answer is not complete; ask again"
            self.end(error)
        case .over: break
        }
    }
}
