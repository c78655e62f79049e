internal import DequeModule
internal import NIOCore

/// Whose socket it is.
protocol SocketOwner: AnyObject {
    func received(_ bytes: ByteBuffer)
    /// All of one write is with the peer's kernel.
    func flushed(byteCount: Int)
    /// The peer has closed, or the connection broke.
    func closed()
}

/// One end of a connection, with what is on its way to it. What was written comes in order, late,
/// in pieces, or not at all; what the peer does not read stays here, like in a socket's buffers.
final class Socket {
    let host: String
    let peerHost: String
    weak var owner: (any SocketOwner)?
    unowned let network: Network
    fileprivate(set) var peer: Socket?

    private enum State { case open, closing, closed }
    private enum Arrival {
        case bytes(ByteBuffer)
        case end
    }
    /// Of one write, what is left of it, and what its owner is told when it is gone.
    private struct Piece {
        var bytes: ByteBuffer
        let tells: Int?
    }

    private var state = State.open
    private var pending: Deque<Piece> = []
    private(set) var unsentBytes = 0
    private var arrivals: Deque<Arrival> = []
    private var unread: Deque<ByteBuffer> = []
    /// Sent to this end and not read by its owner.
    private var unreadBytes = 0
    private var lastDue: UInt64 = 0
    private var isAtEnd = false
    private var isHandingOver = false
    /// Ever; what shows that a peer lives.
    private(set) var receivedBytes: UInt64 = 0
    private(set) var acknowledgedBytes: UInt64 = 0
    private let capacity: Int

    init(host: String, peerHost: String, capacity: Int, network: Network) {
        self.host = host
        self.peerHost = peerHost
        self.capacity = capacity
        self.network = network
    }

    func meet(_ peer: Socket) { self.peer = peer }

    var isOpen: Bool { if case .open = state { true } else { false } }
    var movedBytes: UInt64 { receivedBytes &+ acknowledgedBytes }

    /// Whether what comes is handed over.
    var isReading = true {
        didSet { if isReading, !oldValue { handOver() } }
    }

    // MARK: Writing

    func write(_ bytes: ByteBuffer, tells: Int? = nil) {
        guard isOpen, bytes.readableBytes > 0 else { return }
        pending.append(Piece(bytes: bytes, tells: tells))
        unsentBytes += bytes.readableBytes
        pump()
    }

    private func pump() {
        while state != .closed, var piece = pending.first {
            guard let peer, peer.state != .closed else { return vanish() }
            let count = min(peer.capacity - peer.unreadBytes, piece.bytes.readableBytes)
            guard count > 0, let slice = piece.bytes.readSlice(length: count) else { return }
            unsentBytes -= count
            peer.comes(slice)
            guard piece.bytes.readableBytes == 0 else {
                pending[0] = piece
                return
            }
            pending.removeFirst()
            if let tells = piece.tells {
                network.timeline.after(0) { [weak self] in self?.owner?.flushed(byteCount: tells) }
            }
        }
        if case .closing = state, pending.isEmpty {
            peer?.comes(.end)
            finish()
        }
    }

    /// Nobody is there any more. Mostly somebody says so.
    private func vanish() {
        pending = []
        unsentBytes = 0
        if case .closing = state { return finish() }
        guard !network.dice.oneIn(4) else { return }
        network.timeline.after(network.latency()) { [weak self] in
            guard let self, !network.isCut(host, peerHost) else { return }
            breakOff()
        }
    }

    /// When everything that was written has been sent. The owner hears nothing more.
    func closeAfterFlush() {
        guard isOpen else { return }
        owner = nil
        state = .closing
        pump()
        network.timeline.after(5_000_000) { [weak self] in self?.reset(.told) }
    }

    // MARK: Breaking

    enum Farewell { case told, silent }

    /// Now, with what is on its way in both directions lost.
    func reset(_ farewell: Farewell) {
        guard state != .closed else { return }
        let peer = peer
        finish()
        guard case .told = farewell else { return }
        network.timeline.after(network.latency()) { [weak peer] in
            guard let peer, !peer.network.isCut(peer.host, peer.peerHost) else { return }
            peer.breakOff()
        }
    }

    /// This end alone hears that the connection is gone.
    func breakOff() {
        guard state != .closed else { return }
        let owner = owner
        finish()
        owner?.closed()
    }

    private func finish() {
        state = .closed
        owner = nil
        pending = []
        arrivals = []
        unread = []
        unsentBytes = 0
        peer = nil
        network.forget(self)
    }

    // MARK: Reading

    private func comes(_ bytes: ByteBuffer) {
        unreadBytes += bytes.readableBytes
        var rest = bytes
        if bytes.readableBytes > 1, network.dice.oneIn(6) {
            let count = 1 + network.dice.below(bytes.readableBytes - 1)
            if let head = rest.readSlice(length: count) { comes(.bytes(head)) }
        }
        comes(.bytes(rest))
    }

    private func comes(_ arrival: Arrival) {
        arrivals.append(arrival)
        lastDue = max(lastDue, network.timeline.now + network.latency())
        network.timeline.after(lastDue - network.timeline.now) { [weak self] in self?.take() }
    }

    private func take() {
        guard state != .closed, !arrivals.isEmpty else { return }
        if network.isCut(host, peerHost) {
            network.timeline.after(250_000) { [weak self] in self?.take() }
            return
        }
        switch arrivals.removeFirst() {
        case .end: isAtEnd = true
        case .bytes(let bytes):
            receivedBytes += UInt64(bytes.readableBytes)
            peer?.acknowledgedBytes += UInt64(bytes.readableBytes)
            unread.append(bytes)
        }
        handOver()
    }

    private func handOver() {
        guard !isHandingOver else { return }
        isHandingOver = true
        while isReading, state != .closed, let bytes = unread.popFirst() {
            unreadBytes -= bytes.readableBytes
            owner?.received(bytes)
        }
        isHandingOver = false
        peer?.pump()
        if isReading, isAtEnd, unread.isEmpty { breakOff() }
    }
}
