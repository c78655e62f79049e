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
    private var progress = Progress.unanswered
    private var pressure = BufferPressure.low

    private enum Progress {
        case unanswered
        case answering
        case over
    }

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
        deadline = eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(configuration.timeout)
        ) { [weak self] in
            self?.deadlineCame()
        }
        connect()
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
            to: rota.take(), hello: hello,
            patience: TimeAmount(configuration.patiencePerServer), on: eventLoop, owner: self)
        self.connection = connection
        connection.dial()
    }

    private func tryNext(noSoonerThan least: Duration = .zero) {
        connection?.close()
        connection = nil
        let pause = max(least, rota.pauseBeforeNext())
        guard pause > .zero else { return connect() }
        self.pause = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) {
            [weak self] in
            self?.connect()
        }
    }

    private func deadlineCame() {
        guard case .unanswered = progress else { return }
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
    func established(_ hello: ServerHello) { connection?.send(.query(query)) }

    func received(_ message: ServerMessage) {
        switch message {
        case .queryAnswer(let answer) where answer.ticket == query.ticket: received(answer)
        case .goodbye(let goodbye): goodbyeReceived(goodbye)
        case .hello, .resync, .changes, .records, .mark, .behind, .answers, .queryAnswer,
            .serverState, .ping, .pong, .unknown:
            break
        }
    }

    private func received(_ answer: QueryAnswer) {
        if case .failure(let code, let message) = answer.body {
            return failed(code, message)
        }
        progress = .answering
        deadline?.cancel()
        if case .high = buffer.push(answer), case .low = pressure {
            pressure = .high
            connection?.pauseReading()
        }
        if answer.isLast { end(nil) }
    }

    private func failed(_ code: FailureCode, _ message: String) {
        note(message.isEmpty ? code.rawValue : message)
        switch (progress, code) {
        case (.unanswered, .unavailable), (.unanswered, .overloaded): tryNext()
        case (.unanswered, _), (.answering, _), (.over, _):
            end(ClientError(code: .init(rawValue: code.rawValue), message: message))
        }
    }

    private func goodbyeReceived(_ goodbye: Goodbye) {
        note(goodbye.message.isEmpty ? goodbye.code.rawValue : goodbye.message)
        switch progress {
        case .unanswered where !goodbye.code.isPermanent:
            rota.goFirst(to: goodbye.addresses.compactMap { ServerAddress($0) })
            tryNext(noSoonerThan: .milliseconds(Int64(goodbye.retryAfterMilliseconds)))
        case .unanswered, .answering, .over:
            guard let server = connection?.address else { return }
            end(ClientError(goodbye, from: server))
        }
    }

    func ended(_ end: ConnectionEnd) {
        guard let address = connection?.address else { return }
        let error = end.error(at: address)
        troubles.note(error.message, of: address)
        connection = nil
        switch progress {
        case .unanswered: tryNext()
        case .answering:
            var error = error
            error.remedy = "the answer is not complete; ask again"
            self.end(error)
        case .over: break
        }
    }
}
