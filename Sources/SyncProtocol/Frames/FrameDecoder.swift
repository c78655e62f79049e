package import NIOCore

/// Cuts a peer's bytes into frames: the preface, one handshake frame, then any number.
///
/// Push what was read, then take frames until there is none. It holds at most one unfinished
/// frame and what was pushed last, judges a length as soon as its four bytes are there, and
/// inflates nothing whose size it has not checked (G12). After an error it yields only that error.
package struct FrameDecoder {
    /// The body of one frame, inflated: an encoded message.
    package struct Frame {
        package let body: ByteBuffer
        /// What the frame took on the wire.
        package let wireBytes: Int
    }

    /// What the next bytes are.
    private enum Stage {
        case preface
        /// A hello: plain and small.
        case handshake
        case open
        case failed(FrameError)
    }

    private var stage = Stage.preface
    private var pending = ByteBuffer()
    private let inflater: Inflater

    package init() {
        inflater = Inflater()
    }

    /// Bytes that wait for the rest of their frame.
    package var bufferedBytes: Int { pending.readableBytes }

    /// Whether the peer's preface was read and is ours.
    package var prefaceWasRead: Bool {
        switch stage {
        case .preface, .failed: false
        case .handshake, .open: true
        }
    }

    package mutating func push(_ chunk: ByteBuffer) {
        if case .failed = stage { return }
        var chunk = chunk
        if pending.readableBytes == 0 {
            pending = chunk
        } else {
            if pending.readerIndex > 0 { compact(room: chunk.readableBytes) }
            pending.writeBuffer(&chunk)
        }
    }

    package mutating func push(_ bytes: some Sequence<UInt8>) { push(ByteBuffer(bytes: bytes)) }

    /// The next whole frame; nil when more bytes are needed.
    package mutating func next() throws(FrameError) -> Frame? {
        do {
            return try advance()
        } catch {
            stage = .failed(error)
            pending = ByteBuffer()
            throw error
        }
    }

    private mutating func advance() throws(FrameError) -> Frame? {
        switch stage {
        case .failed(let error): throw error
        case .preface:
            guard try readPreface() else { return nil }
            stage = .handshake
            return try advance()
        case .handshake:
            let frame = try readHandshakeFrame()
            if frame != nil { stage = .open }
            return frame
        case .open: return try readFrame()
        }
    }

    /// Whether all 8 bytes were there; a wrong one is found as soon as it comes.
    private mutating func readPreface() throws(FrameError) -> Bool {
        let expected = FrameFormat.preface
        let isPrefix = pending.readableBytesView.prefix(expected.count).elementsEqual(
            expected.prefix(pending.readableBytes))
        guard isPrefix else { throw .prefaceMismatch }
        guard pending.readableBytes >= expected.count else { return false }
        pending.moveReaderIndex(forwardBy: expected.count)
        return true
    }

    private mutating func readHandshakeFrame() throws(FrameError) -> Frame? {
        let limit = Limits.handshakeFrameBytes
        guard let (header, body, wireBytes) = try readWhole(limit: limit) else { return nil }
        guard try FrameFormat.codec(ofHeader: header) == .plain else {
            throw .handshakeCompressed
        }
        return Frame(body: body, wireBytes: wireBytes)
    }

    private mutating func readFrame() throws(FrameError) -> Frame? {
        guard let (header, body, wireBytes) = try readWhole(limit: Limits.frameBytes) else {
            return nil
        }
        switch try FrameFormat.codec(ofHeader: header) {
        case .plain: return Frame(body: body, wireBytes: wireBytes)
        case .zlib: return Frame(body: try inflated(body), wireBytes: wireBytes)
        }
    }

    /// Header byte, body and size on the wire, when all of it is there.
    private mutating func readWhole(limit: Int) throws(FrameError) -> (UInt8, ByteBuffer, Int)? {
        guard let stated: UInt32 = pending.getInteger(at: pending.readerIndex) else { return nil }
        let length = Int(stated)
        guard length > 0 else { throw .frameEmpty }
        guard length <= limit else { throw .frameTooLong(bytes: length, limit: limit) }
        let wireBytes = FrameFormat.lengthBytes + length
        guard pending.readableBytes >= wireBytes else { return nil }
        pending.moveReaderIndex(forwardBy: FrameFormat.lengthBytes)
        guard let header: UInt8 = pending.readInteger(),
            let body = pending.readSlice(length: length - FrameFormat.headerBytes)
        else { return nil }
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        return (header, body, wireBytes)
    }

    private func inflated(_ body: ByteBuffer) throws(FrameError) -> ByteBuffer {
        var body = body
        guard let stated: UInt32 = body.readInteger() else { throw .inflatedSizeMissing }
        guard Int(stated) <= Limits.inflatedBytes else {
            throw .inflatedSizeTooLarge(bytes: Int(stated), limit: Limits.inflatedBytes)
        }
        return try inflater.inflate(body, size: Int(stated))
    }

    /// Moves what waits to the front of a buffer of its own: the frames cut from the old one may
    /// live on, and must not be copied along.
    private mutating func compact(room: Int) {
        var fresh = ByteBufferAllocator().buffer(capacity: pending.readableBytes + room)
        fresh.writeBuffer(&pending)
        pending = fresh
    }
}
