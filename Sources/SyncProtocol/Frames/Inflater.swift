internal import CZlib
package import NIOCore

/// Inflates zlib streams of a stated size. One state is reused for all frames of a connection;
/// no window is shared between them.
package final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>

    package init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let result = inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "inflateInit: \(result); out of memory or another zlib")
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Inflates a whole stream, which must yield exactly `size` bytes and end where `source` ends.
    package func inflate(_ source: ByteBuffer, size: Int) throws(FrameError) -> ByteBuffer {
        var target = ByteBufferAllocator().buffer(capacity: max(1, size))
        var outcome = Outcome(status: Z_STREAM_ERROR, unread: 0)
        source.withUnsafeReadableBytes { input in
            _ = target.writeWithUnsafeMutableBytes(minimumWritableBytes: max(1, size)) { output in
                let room = UnsafeMutableRawBufferPointer(rebasing: output[0..<size])
                outcome = run(input, into: room)
                return size - Int(stream.pointee.avail_out)
            }
        }
        return try judge(outcome, target, size: size)
    }

    private struct Outcome {
        var status: Int32
        var unread: Int
    }

    private func run(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        -> Outcome
    {
        inflateReset(stream)
        let source = input.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        let status = CZlib.inflate(stream, Z_FINISH)
        let unread = Int(stream.pointee.avail_in)
        stream.pointee.next_in = nil
        stream.pointee.avail_in = 0
        stream.pointee.next_out = nil
        return Outcome(status: status, unread: unread)
    }

    private func judge(_ outcome: Outcome, _ target: ByteBuffer, size: Int) throws(FrameError)
        -> ByteBuffer
    {
        let isFull = target.readableBytes == size
        switch outcome.status {
        case Z_STREAM_END:
            guard isFull else { throw .inflatedSizeMismatch(stated: size) }
            guard outcome.unread == 0 else { throw .deflateTrailingBytes(outcome.unread) }
            return target
        case Z_OK, Z_BUF_ERROR:
            // Either the room is used up and the stream goes on, or the stream is cut off.
            if isFull && outcome.unread > 0 { throw .inflatedSizeMismatch(stated: size) }
            throw .deflateDamaged
        default:
            // Z_DATA_ERROR, Z_NEED_DICT.
            throw .deflateDamaged
        }
    }
}
