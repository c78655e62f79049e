internal import EndpointModel
internal import NIOCore
internal import NIOPosix
internal import SyncProtocol

/// A subscriber that costs its machine as little as it can: it counts what comes and keeps the
/// last frame, so that the server is what is measured.
final class ByteCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let hello: ClientHello
    private let inSync: EventLoopPromise<Void>
    private var isInSync = false
    private var pending = ByteBuffer()
    private var lastFrame = ByteBuffer()
    private var prefaceWasRead = false
    private(set) var receivedBytes = 0
    private(set) var frames = 0
    /// Of messages other than changes and marks: the first says how the subscription goes on.
    private(set) var resyncs = 0

    /// A frame as small as this may be a mark alone.
    private static let smallBytes = 512

    init(_ hello: ClientHello, inSync: EventLoopPromise<Void>) {
        self.hello = hello
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
        receivedBytes += bytes.readableBytes
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeBuffer(&bytes) }
        if !prefaceWasRead {
            guard pending.readableBytes >= FrameFormat.preface.count else { return }
            pending.moveReaderIndex(forwardBy: FrameFormat.preface.count)
            prefaceWasRead = true
        }
        takeFrames()
        pending.discardReadBytes()
    }

    private func takeFrames() {
        while let length: UInt32 = pending.getInteger(at: pending.readerIndex),
            let frame = pending.readSlice(length: FrameFormat.lengthBytes + Int(length))
        {
            frames += 1
            lastFrame = frame
            guard !isInSync, frame.readableBytes < Self.smallBytes else { continue }
            switch Self.message(frame) {
            case .mark(let mark) where mark.sync == .inSync:
                isInSync = true
                inSync.succeed()
            case .resync: resyncs += 1
            case .goodbye(let goodbye):
                inSync.fail(
                    UsageFault("the server says \(goodbye.code.rawValue)", remedy: goodbye.message))
            default: break
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        inSync.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    /// What the last frame leads to; nil when it says nothing of that.
    var heldSeq: UInt64? {
        switch Self.message(lastFrame) {
        case .mark(let mark): mark.position.seq.rawValue
        case .changes(let changes): changes.mark?.position.seq.rawValue
        default: nil
        }
    }

    private static func message(_ frame: ByteBuffer) -> ServerMessage? {
        var frame = frame
        guard frame.readInteger(as: UInt32.self) != nil, let codec: UInt8 = frame.readInteger()
        else { return nil }
        if codec == FrameFormat.Codec.zlib.rawValue {
            guard let size: UInt32 = frame.readInteger(),
                let body = try? Inflater().inflate(frame, size: Int(size))
            else { return nil }
            frame = body
        }
        return try? ServerMessage(decoding: frame)
    }
}
