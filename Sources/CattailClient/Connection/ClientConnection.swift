internal import NIOCore
internal import NIOPosix
internal import SyncProtocol
internal import SyncTransport

/// What a connection tells the one that asked for it, on its event loop.
protocol ClientConnectionOwner: AnyObject {
    /// The server's hello came; everything may be sent now.
    func established(_ hello: ServerHello)
    /// Any message but hello and ping.
    func received(_ message: ServerMessage)
    func receivedAll()
    /// The socket took what `write(frames:)` was given.
    func flushed()
    /// The connection is gone or never came about; nothing follows.
    func ended(_ end: ConnectionEnd)
}

extension ClientConnectionOwner {
    func receivedAll() {}
    func flushed() {}
}

/// Why a connection is gone.
enum ConnectionEnd: Error {
    case notMade(String)
    case lost(PeerClosure)
    /// Nothing was heard for too long.
    case silent
    /// The server does not keep to the protocol.
    case outOfOrder(String)
}

/// One connection to one server: dials, says hello, answers pings, and watches that something
/// is heard. It decides nothing else.
final class ClientConnection: PeerDriver {
    typealias Incoming = ServerMessage
    typealias Outgoing = ClientMessage

    private enum Stage {
        case dialing
        /// The hello is sent; waits for the server's.
        case greeting(PeerLink<ClientMessage>)
        case established(PeerLink<ClientMessage>)
        case over
    }

    let address: ServerAddress
    private let eventLoop: any EventLoop
    private let hello: ClientHello
    private let patience: TimeAmount
    private weak var owner: (any ClientConnectionOwner)?
    private var stage = Stage.dialing
    private var watch: Scheduled<Void>?
    private var heardBytes: UInt64 = 0
    private var silence = TimeAmount.zero
    /// Whether this end itself does not want to hear anything.
    private var isDeaf = false
    private(set) var lastHeard: NIODeadline

    /// - Parameter patience: how long nothing may be heard.
    init(
        to address: ServerAddress, hello: ClientHello, patience: TimeAmount,
        on eventLoop: any EventLoop, owner: any ClientConnectionOwner
    ) {
        self.address = address
        self.hello = hello
        self.patience = patience
        self.eventLoop = eventLoop
        self.owner = owner
        lastHeard = eventLoop.now
    }

    func dial() {
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        ClientTransport.connect(to: address, on: eventLoop, timeout: patience) { _ in box.value }
            .assumeIsolated().whenFailure { error in
                self.over(.notMade(NetworkText.of(error)))
            }
    }

    // MARK: Sending

    func write(_ message: ClientMessage) { link?.write(message) }
    func flush() { link?.flush() }
    func send(_ message: ClientMessage) { link?.send(message) }

    /// Queues a ready-made frame and flushes; `flushed` follows.
    func send(frame: ByteBuffer) {
        link?.write(frames: frame)
        link?.flush()
    }

    /// The measure of how far the server is behind with reading.
    var unsentBytes: Int { link?.unsentBytes ?? 0 }

    /// Stops listening: the server's writes will stall.
    func pauseReading() {
        isDeaf = true
        link?.pauseReading()
    }

    func resumeReading() {
        isDeaf = false
        silence = .zero
        link?.resumeReading()
    }

    /// Says goodbye and closes; the owner hears nothing more.
    func close(_ code: GoodbyeCode = .done) {
        let link = link
        stage = .over
        watch?.cancel()
        owner = nil
        guard let link else { return }
        link.send(.goodbye(Goodbye(code: code)))
        link.closeAfterFlush()
    }

    private var link: PeerLink<ClientMessage>? {
        switch stage {
        case .dialing, .over: nil
        case .greeting(let link), .established(let link): link
        }
    }

    // MARK: PeerDriver

    func opened(_ link: PeerLink<ClientMessage>) {
        guard case .dialing = stage else {
            link.close()
            return
        }
        stage = .greeting(link)
        link.sendPreface()
        link.send(.hello(hello))
        if isDeaf { link.pauseReading() }
        scheduleWatch(patience)
    }

    func received(_ message: ServerMessage) {
        switch (stage, message) {
        case (.dialing, _), (.over, _): return
        case (.greeting(let link), .hello(let hello)):
            stage = .established(link)
            let pings = TimeAmount.milliseconds(Int64(hello.pingIntervalMilliseconds) * 3)
            scheduleWatch(max(patience, pings))
            owner?.established(hello)
        case (.greeting, .goodbye), (.established, .goodbye): owner?.received(message)
        case (.greeting, .unknown): return
        case (.greeting, _): breakOff("a message came before the server's hello")
        case (.established, .hello): breakOff("a second hello came")
        case (.established(let link), .ping(let number)): link.send(.pong(number))
        case (.established, _): owner?.received(message)
        }
    }

    func receivedAll() {
        lastHeard = eventLoop.now
        owner?.receivedAll()
    }

    func flushed(byteCount: Int) { owner?.flushed() }

    func closed(_ reason: PeerClosure) { over(.lost(reason)) }

    private func breakOff(_ why: String) {
        let link = link
        over(.outOfOrder(why))
        link?.send(.goodbye(Goodbye(code: .messageUnexpected, message: why)))
        link?.closeAfterFlush()
    }

    private func over(_ end: ConnectionEnd) {
        if case .over = stage { return }
        stage = .over
        watch?.cancel()
        let owner = owner
        self.owner = nil
        owner?.ended(end)
    }

    // MARK: Silence

    /// Looks four times in `patience` whether bytes came: cheaper than moving a deadline with
    /// every read, and late by a quarter at most.
    private func scheduleWatch(_ patience: TimeAmount) {
        watch?.cancel()
        silence = .zero
        lookLater(
            step: .nanoseconds(max(1_000_000, patience.nanoseconds / 4)), patience: patience)
    }

    private func lookLater(step: TimeAmount, patience: TimeAmount) {
        watch = eventLoop.assumeIsolated().scheduleTask(in: step) { [weak self] in
            self?.look(step: step, patience: patience)
        }
    }

    private func look(step: TimeAmount, patience: TimeAmount) {
        guard let link else { return }
        if link.receivedBytes != heardBytes || isDeaf {
            heardBytes = link.receivedBytes
            silence = .zero
        } else {
            silence = silence + step
        }
        guard silence < patience else {
            over(.silent)
            return link.close()
        }
        lookLater(step: step, patience: patience)
    }
}

/// What the network said, without the layers around it.
enum NetworkText {
    static func of(_ error: any Error) -> String {
        if let failure = error as? NIOConnectionError {
            if let first = failure.connectionErrors.first { return of(first.error) }
            return "the name does not resolve"
        }
        if case .connectTimeout = error as? ChannelError { return "no answer" }
        return "\(error)"
    }
}

extension ConnectionEnd {
    /// For people, with the address that it is about.
    func error(at address: ServerAddress) -> ClientError {
        switch self {
        case .notMade(let why):
            ClientError(code: .unreachable, message: "no connection to \(address): \(why)")
        case .lost(.frameMalformed(let error)):
            ClientError(
                code: .protocolBroken, message: "\(address) sends no frames: \(error)",
                remedy: "is this a Cattail server?")
        case .lost(.messageMalformed(let error)):
            ClientError(
                code: .protocolBroken, message: "\(address) sends no message: \(error)",
                remedy: "do client and server belong to the same release?")
        case .lost(let reason):
            ClientError(code: .unreachable, message: "lost \(address): \(reason)")
        case .silent:
            ClientError(code: .unreachable, message: "\(address) has gone silent")
        case .outOfOrder(let why):
            ClientError(code: .protocolBroken, message: "\(address): \(why)")
        }
    }
}
