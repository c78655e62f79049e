internal import EndpointModel
internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// Stands between TLS and the handler of messages: that one hears of the connection when the
/// handshake is done, and of what went wrong in our own words. Nothing is sent before.
final class TLSGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let end: TLSEnd
    private var overdue: Scheduled<Void>?
    private var phase = Phase.handshaking
    private var wasHeard = false

    private enum Phase {
        /// Exits: open, failed.
        case handshaking
        case open
        /// What follows is the same failure in other words.
        case failed
    }

    init(_ end: TLSEnd) { self.end = end }

    func handlerAdded(context: ChannelHandlerContext) {
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        overdue = context.eventLoop.scheduleTask(in: end.patience) {
            let (gate, context) = loopBound.value
            gate.failed(context, .late)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { overdue?.cancel() }

    /// Not yet: the socket stands, and nobody knows who is at its other end.
    func channelActive(context: ChannelHandlerContext) {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        wasHeard = true
        context.fireChannelRead(data)
    }

    /// A client that finds the server's name to be another goes behind the handshake, without a
    /// word.
    func channelInactive(context: ChannelHandlerContext) {
        if isOpen, !wasHeard, case .listener = end.side { failed(context, .cutOff) }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent, case .handshaking = phase {
            phase = .open
            overdue?.cancel()
            context.fireChannelActive()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that goes in the middle of a handshake may do so with a reset.
        guard let trouble = TLSTrouble(error) ?? (isHandshaking ? .cutOff : nil) else {
            return context.fireErrorCaught(error)
        }
        switch (phase, trouble) {
        // Frames say where they end: a peer that goes without a word of farewell has just gone.
        case (_, .cutOff) where isOpen, (.failed, _): break
        case (.handshaking, _), (.open, _):
            failed(context, trouble)
        }
    }

    private var isOpen: Bool { if case .open = phase { true } else { false } }
    private var isHandshaking: Bool { if case .handshaking = phase { true } else { false } }

    private func failed(_ context: ChannelHandlerContext, _ trouble: TLSTrouble) {
        phase = .failed
        overdue?.cancel()
        context.fireErrorCaught(end.fault(trouble, seenBy: peer(context)))
    }

    private func peer(_ context: ChannelHandlerContext) -> TLSEnd.Peer {
        let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLHandler.self)
        return TLSEnd.Peer(
            address: context.channel.remoteAddress.map { PeerAddress.text($0) } ?? "the peer",
            certificate: handler?.peerCertificate.flatMap { PeerCertificate($0) })
    }
}
