internal import EndpointModel
internal import NIOCore
internal import NIOPosix
internal import SyncProtocol

/// A subscriber that costs its machine as little as it can: it counts what comes, so that the
/// server is what is measured.
final class ByteCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let hello: ClientHello
    private let counts: LoopCounts
    private let inSync: EventLoopPromise<Void>
    private var pending = ByteBuffer()
    private var prefaceWasRead = false
    private(set) var held = Seq.zero

    init(_ hello: ClientHello, _ counts: LoopCounts, inSync: EventLoopPromise<Void>) {
        self.hello = hello
        self.counts = counts
        self.inSync = inSync
    }

    func channelActive(context: ChannelHandlerContext) {
        var buffer = ByteBuffer(bytes: FrameFormat.preface)
        do {
            buffer.writeImmutableBuffer(try FrameEncoder().frame(ClientMessage.hello(hello)))
        } catch {
            return inSync.fail(error)
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        counts.tally.received(bytes.readableBytes, at: SentLabel.now)
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeBuffer(&bytes) }
        if !prefaceWasRead {
            guard pending.readableBytes >= FrameFormat.preface.count else { return }
            pending.moveReaderIndex(forwardBy: FrameFormat.preface.count)
            prefaceWasRead = true
        }
        while let length: UInt32 = pending.getInteger(at: pending.readerIndex),
            let frame = pending.readSlice(length: FrameFormat.lengthBytes + Int(length))
        {
            take(frame, context)
        }
        pending.discardReadBytes()
    }

    private func take(_ frame: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let entry = counts.ledger.entry(frame) else {
            return inSync.fail(UsageFault("a frame cannot be read", remedy: "use equal versions"))
        }
        counts.tally.deliveries += entry.changes
        if let seq = entry.seq {
            counts.tally.frames += 1
            held = seq
        }
        switch entry.event {
        case .none: break
        case .inSync: inSync.succeed()
        case .resync(let how): counts.tally.resyncs[how.word, default: 0] += 1
        case .ping(let number): answer(number, context)
        case .goodbye(let goodbye):
            counts.tally.goodbyes[goodbye.code.rawValue, default: 0] += 1
            inSync.fail(
                UsageFault("the server says \(goodbye.code.rawValue)", remedy: goodbye.message))
        }
    }

    /// Who never says anything is taken for dead.
    private func answer(_ number: UInt64, _ context: ChannelHandlerContext) {
        guard let pong = try? FrameEncoder().frame(ClientMessage.pong(number)) else { return }
        context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        counts.tally.disconnects += 1
        inSync.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}

/// What the counters of one event loop count together.
final class LoopCounts {
    var tally = AgentTally()
    var ledger = FrameLedger()
}

extension How {
    fileprivate var word: String {
        switch self {
        case .deltas: "deltas"
        case .netChange: "net-change"
        case .snapshot: "snapshot"
        case .reset: "reset"
        }
    }
}
