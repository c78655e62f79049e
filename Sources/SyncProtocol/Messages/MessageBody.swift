internal import EndpointModel
package import NIOCore

/// An encoded message with room before it for a frame's head, so that framing it in place copies
/// nothing. It cannot be copied: a second owner of the buffer would make framing copy it.
package struct MessageBody: ~Copyable, Sendable {
    /// Readable: the message. At least `headroom` bytes stand before the reader index.
    package private(set) var buffer: ByteBuffer

    /// Length field and header byte.
    static let headroom = 5
    /// Room for the tag and length of the message's one outermost field as well.
    private static let reserved = headroom + 1 + 4

    package var byteCount: Int { buffer.readableBytes }

    /// Encodes any message.
    package init(_ message: some WireMessage) {
        let bytes = message.encoded()
        buffer = ByteBufferAllocator().buffer(capacity: Self.headroom + bytes.count)
        buffer.writeRepeatingByte(0, count: Self.headroom)
        buffer.moveReaderIndex(forwardBy: Self.headroom)
        buffer.writeBytes(bytes)
    }

    /// Begins a message whose outermost field is written by `close` when its length is known.
    init(reserving byteCount: Int) {
        buffer = ByteBufferAllocator().buffer(capacity: Self.reserved + byteCount)
        buffer.writeRepeatingByte(0, count: Self.reserved)
        buffer.moveReaderIndex(forwardBy: Self.reserved)
    }

    /// Writes the tag and length of the outermost field (1 to 15) before what was written.
    mutating func close(field: Int) {
        let length = UInt64(buffer.readableBytes)
        let lengthBytes = ProtoWriter.varintByteCount(length)
        precondition(lengthBytes <= 4 && (1...15).contains(field), "\(length) bytes in \(field)")
        let start = buffer.readerIndex - lengthBytes - 1
        buffer.setInteger(UInt8(field << 3 | 2), at: start)
        var rest = length
        for index in 1...lengthBytes {
            let more: UInt8 = index < lengthBytes ? 0x80 : 0
            buffer.setInteger(UInt8(rest & 0x7F) | more, at: start + index)
            rest >>= 7
        }
        buffer.moveReaderIndex(to: start)
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    mutating func head(field: Int, byteCount: Int) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(byteCount))
    }

    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) { buffer.writeBytes(bytes) }

    /// This body as a plain frame, by writing the head into the room before it. The buffer leaves
    /// this value, which is empty then: as its only owner the frame is not copied.
    mutating func takeFrame() -> ByteBuffer {
        var frame = buffer
        buffer = ByteBuffer()
        let length = UInt32(FrameFormat.headerBytes + frame.readableBytes)
        let start = frame.readerIndex - Self.headroom
        frame.setInteger(length, at: start)
        frame.setInteger(FrameFormat.Codec.plain.rawValue, at: start + FrameFormat.lengthBytes)
        frame.moveReaderIndex(to: start)
        return frame
    }
}
