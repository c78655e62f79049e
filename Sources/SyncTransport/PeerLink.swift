package import NIOCore
package import SyncProtocol

/// The sending half of a connection, and the taps of its receiving half. Belongs to the
/// connection's event loop.
///
/// What is written between two flushes goes out in one gathered write. Inside
/// `PeerDriver.received` nothing needs a flush: the end of the read flushes.
package final class PeerLink<Outgoing: WireMessage> {
    package let channel: any Channel
    /// As the peer is seen from here: `127.0.0.1:40112`.
    package let remoteAddress: String
    /// What the peer has shown of itself; nil without TLS.
    package let certificate: PeerCertificate?
    /// Gone when the handler has left its pipeline.
    var control: (any PeerControl)?

    private let tap: TLSTap?
    /// Bytes of messages, ever.
    var receivedMessageBytes: UInt64 = 0
    /// Bytes handed to the socket's queue, ever.
    package private(set) var writtenBytes: UInt64 = 0
    /// Whether a flush is owed and comes by itself.
    var isReading = false
    private var hasUnflushed = false

    init(channel: any Channel, tls: TLSHandlers?) {
        self.channel = channel
        certificate = tls?.peerCertificate
        tap = tls?.tap
        remoteAddress = channel.remoteAddress.map { PeerAddress.text($0) } ?? ""
    }

    package var eventLoop: any EventLoop { channel.eventLoop }

    // MARK: Writing

    /// Queues the preface: the first bytes of an end, before any message.
    package func sendPreface() {
        writeBuffer(ByteBuffer(bytes: FrameFormat.preface), promise: nil)
        flush()
    }

    /// Queues one message as a plain frame of its own. A message that no frame can hold is the
    /// caller's error.
    package func write(_ message: Outgoing) {
        writeBuffer(PlainFrame.make(message), promise: nil)
    }

    /// Queues a message and flushes: answers, pings, goodbyes.
    package func send(_ message: Outgoing) {
        write(message)
        flush()
    }

    /// Queues ready-made frames as they are; `PeerDriver.flushed` says when the socket took
    /// them. The same buffer may be given to any number of links.
    package func write(frames: ByteBuffer) {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let byteCount = frames.readableBytes
        // Kept until then: a weak reference would make each count of this one's a slow one.
        promise.futureResult.assumeIsolated().whenSuccess {
            self.control?.flushed(byteCount: byteCount)
        }
        writeBuffer(frames, promise: promise)
    }

    /// Hands everything that is queued to the socket, at once or at the end of the read that is
    /// being handled.
    package func flush() {
        guard hasUnflushed, !isReading else { return }
        hasUnflushed = false
        channel.flush()
    }

    private func writeBuffer(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>?) {
        writtenBytes &+= UInt64(buffer.readableBytes)
        hasUnflushed = true
        channel.pipeline.syncOperations.write(NIOAny(buffer), promise: promise)
    }

    // MARK: Reading

    /// Stops reading from the socket: the peer's writes will stall. Messages that were read
    /// already wait here.
    package func pauseReading() { control?.setReading(.paused) }
    package func resumeReading() { control?.setReading(.open) }

    // MARK: Liveness

    /// Bytes read from the socket, ever.
    package var receivedBytes: UInt64 { tap?.receivedBytes ?? receivedMessageBytes }

    /// Bytes that the socket has not taken yet.
    package var unsentBytes: Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Bytes that the socket has taken, ever.
    package var takenBytes: UInt64 { writtenBytes &- UInt64(max(0, unsentBytes)) }

    // MARK: Ending

    /// Closes when everything that is queued has been sent.
    package func closeAfterFlush() {
        isReading = false
        control?.closing()
        let channel = channel
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
        channel.pipeline.syncOperations.writeAndFlush(NIOAny(ByteBuffer()), promise: promise)
    }

    /// Closes now; what is queued is lost.
    package func close() {
        control?.closing()
        channel.close(promise: nil)
    }
}

/// What a link asks of its handler.
protocol PeerControl: AnyObject {
    func setReading(_ reading: PeerReading)
    func flushed(byteCount: Int)
    /// This end is about to close the connection.
    func closing()
}

enum PeerReading {
    case open
    case paused
}

/// A frame of the plain codec: what one connection alone is told. Shared frames come ready-made
/// from feeds, compressed.
package enum PlainFrame {
    package static func make(_ message: some WireMessage) -> ByteBuffer {
        let body = message.encoded()
        let length = FrameFormat.headerBytes + body.count
        precondition(
            length <= Limits.frameBytes, "a message of \(length) bytes was cut too late")
        var frame = ByteBufferAllocator().buffer(capacity: FrameFormat.lengthBytes + length)
        frame.writeInteger(UInt32(length))
        frame.writeInteger(FrameFormat.Codec.plain.rawValue)
        frame.writeBytes(body)
        return frame
    }
}
