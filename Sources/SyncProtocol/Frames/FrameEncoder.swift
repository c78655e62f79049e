package import NIOCore

/// Whether a body may be compressed. Answers, and whatever holds credentials or stands next to
/// what a stranger chose, never are: sizes must not tell contents.
package enum Compression: Hashable, Sendable {
    case never
    case whenItPays
}

/// Makes frames of message bodies. The bytes of a frame depend on the body and the level alone,
/// so one frame serves every subscriber of a feed.
package struct FrameEncoder {
    private let deflater: Deflater

    package init(level: Int32 = Deflater.defaultLevel) {
        deflater = Deflater(level: level)
    }

    /// A frame of any message.
    ///
    /// - Throws: `FrameError.frameTooLong` when no frame can hold it: the caller cut too late.
    package func frame(_ message: some WireMessage, _ compression: Compression = .never)
        throws(FrameError) -> ByteBuffer
    {
        try frame(MessageBody(message), compression)
    }

    /// A frame of an encoded message. A plain one is made in place.
    package func frame(_ body: consuming MessageBody, _ compression: Compression)
        throws(FrameError) -> ByteBuffer
    {
        var body = body
        let length = FrameFormat.headerBytes + body.byteCount
        guard length <= Limits.frameBytes else {
            throw .frameTooLong(bytes: length, limit: Limits.frameBytes)
        }
        if compression == .whenItPays, let compressed = compressed(body) { return compressed }
        return body.takeFrame()
    }

    /// Nil when compressing does not pay: below the least size, or for less than an eighth.
    private func compressed(_ body: borrowing MessageBody) -> ByteBuffer? {
        let size = body.byteCount
        guard size >= Limits.compressedBodyBytesMinimum else { return nil }
        let head = FrameFormat.lengthBytes + FrameFormat.headerBytes
        let limit = size - size / 8 - FrameFormat.inflatedSizeBytes
        var frame = ByteBufferAllocator().buffer(
            capacity: head + FrameFormat.inflatedSizeBytes + limit)
        frame.writeInteger(UInt32(0))
        frame.writeInteger(FrameFormat.Codec.zlib.rawValue)
        frame.writeInteger(UInt32(size))
        guard deflater.deflate(body.buffer, into: &frame, limit: limit) != nil else { return nil }
        let length = frame.readableBytes - FrameFormat.lengthBytes
        frame.setInteger(UInt32(length), at: frame.readerIndex)
        return frame
    }
}
