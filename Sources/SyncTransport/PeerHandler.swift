internal import EndpointModel
package import NIOCore
internal import SyncProtocol

/// Turns bytes into messages for a driver: preface, frames, decoding, all on the connection's
/// event loop, without a task, stream or copy per connection.
package final class PeerHandler<Driver: PeerDriver>: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let driver: Driver
    private let tls: TLSHandlers?
    private var decoder = FrameDecoder()
    private var link: PeerLink<Driver.Outgoing>?
    private var context: ChannelHandlerContext?
    private var reading = PeerReading.open
    private var isDraining = false
    private var prefaceIsTold = false
    private var speaksTLS = false
    private var closure: PeerClosure?

    init(driver: Driver, tls: TLSHandlers?) {
        self.driver = driver
        self.tls = tls
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Under TLS the gate says when.
        if context.channel.isActive, tls == nil { open(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        link?.control = nil
    }

    package func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard link == nil else { return }
        let link = PeerLink<Driver.Outgoing>(channel: context.channel, tls: tls)
        link.control = self
        self.link = link
        driver.opened(link)
        context.flush()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if !decoder.prefaceWasRead { noteTLS(bytes) }
        link?.receivedMessageBytes &+= UInt64(bytes.readableBytes)
        decoder.push(bytes)
        drain()
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        handedOver()
        context.fireChannelReadComplete()
    }

    /// The driver acts on what it was handed, and what it then has to say goes out.
    private func handedOver() {
        driver.receivedAll()
        link?.flush()
    }

    /// Hands over every whole message, as long as the driver wants more.
    private func drain() {
        guard !isDraining, let link else { return }
        isDraining = true
        link.isReading = true
        defer {
            isDraining = false
            link.isReading = false
        }
        while closure == nil, case .open = reading {
            do {
                let next = try decoder.next()
                tellPreface()
                guard let frame = next else { return }
                driver.received(try Driver.Incoming(decoding: frame.body))
            } catch let error as FrameError {
                fail(speaksTLS ? .peerSpeaksTLS : .frameMalformed(error))
            } catch let error as WireError {
                fail(.messageMalformed(error))
            } catch {
                preconditionFailure("frames and messages fail with their own errors: \(error)")
            }
        }
    }

    /// An alert or a hello of TLS, where only our own preface may stand (RFC 8446, 5.1).
    private func noteTLS(_ bytes: ByteBuffer) {
        guard link?.receivedMessageBytes == 0 else { return }
        let head = bytes.getInteger(at: bytes.readerIndex, as: UInt16.self)
        speaksTLS = head == 0x1503 || head == 0x1603
    }

    private func tellPreface() {
        guard !prefaceIsTold, decoder.prefaceWasRead else { return }
        prefaceIsTold = true
        driver.prefaceReceived()
    }

    /// Nothing behind bad bytes can be understood. The driver hears of it at once, so that it
    /// can say goodbye; then the connection is closed.
    private func fail(_ reason: PeerClosure) {
        end(reason)
        link?.closeAfterFlush()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end((error as? TLSFault).map { .insecure($0) } ?? .failed(NetworkText.of(error)))
        context.close(promise: nil)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end(.ended)
        context.fireChannelInactive()
    }

    private func end(_ reason: PeerClosure) {
        guard closure == nil else { return }
        closure = reason
        // Whoever dialed hears from the dialing itself when not even the socket came to stand.
        guard link != nil || tls != nil else { return }
        driver.closed(reason)
    }
}

extension PeerHandler: PeerControl {
    func setReading(_ reading: PeerReading) {
        switch (self.reading, reading) {
        case (.open, .open), (.paused, .paused): return
        case (.open, .paused):
            self.reading = .paused
            set(autoRead: false)
        case (.paused, .open):
            self.reading = .open
            // What waited here is handed over like a read, to its end: also when the driver
            // paused again over it, for nothing else may come that would make it act.
            if !isDraining {
                drain()
                handedOver()
            }
            guard case .open = self.reading, closure == nil else { return }
            set(autoRead: true)
        }
    }

    private func set(autoRead: Bool) {
        // Only a closed channel refuses, and then there is nothing to read.
        try? context?.channel.syncOptions?.setOption(.autoRead, value: autoRead)
    }

    func flushed(byteCount: Int) {
        guard closure == nil else { return }
        driver.flushed(byteCount: byteCount)
    }

    func closing() { end(.endedHere) }
}
