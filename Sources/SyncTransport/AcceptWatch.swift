package import NIOCore

/// What is to happen when the system cannot take one more connection. Both are called on the
/// listening socket's event loop.
package struct AcceptReactions: Sendable {
    /// Accepting failed with this errno: how long to wait before it is tried again; nil for what
    /// says nothing of the next.
    package var failed: @Sendable (Int32) -> TimeAmount?
    /// A connection was accepted.
    package var accepted: @Sendable () -> Void

    package init(
        failed: @escaping @Sendable (Int32) -> TimeAmount?,
        accepted: @escaping @Sendable () -> Void
    ) {
        self.failed = failed
        self.accepted = accepted
    }
}

/// Stands before the bootstrap's own handler of the listening socket. One whose queue cannot be
/// emptied stays readable, and would keep a core busy for nothing: so nothing is read from it for a
/// while. (NIO's `AcceptBackoffHandler` holds back reads; after an error a read is still pending
/// here, and none comes by that could be held back.)
final class AcceptWatch: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let reactions: AcceptReactions
    private var retry: Scheduled<Void>?

    init(_ reactions: AcceptReactions) { self.reactions = reactions }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = error as? IOError, let pause = reactions.failed(failure.errnoCode) {
            wait(pause, context.channel)
        }
        // Nobody behind could do anything about it, and those who are here go on.
    }

    private func wait(_ pause: TimeAmount, _ channel: any Channel) {
        guard retry == nil else { return }
        set(autoRead: false, channel)
        retry = channel.eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak self] in
            guard let self else { return }
            self.retry = nil
            self.set(autoRead: true, channel)
        }
    }

    private func set(autoRead: Bool, _ channel: any Channel) {
        // Only a closed channel refuses, and that accepts no more.
        try? channel.syncOptions?.setOption(.autoRead, value: autoRead)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reactions.accepted()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        retry?.cancel()
        retry = nil
        context.fireChannelInactive()
    }
}
