internal import CDeflate
internal import CZlib
package import NIOCore

/// Inflates zlib streams of a stated size; no window is shared between them.
///
/// libdeflate does it, three times as fast as zlib; a stream that it does not find whole is left
/// to zlib, which says what is wrong with it. The state is made when it is first needed: a server's
/// many connections hardly ever do.
package final class Inflater {
    private var decompressor: OpaquePointer?

    package init() {}

    deinit { if let decompressor { libdeflate_free_decompressor(decompressor) } }

    /// Inflates a whole stream, which must yield exactly `size` bytes and end where `source` ends.
    package func inflate(_ source: ByteBuffer, size: Int) throws(FrameError) -> ByteBuffer {
        let decompressor = state()
        var target = ByteBufferAllocator().buffer(capacity: max(1, size))
        var isWhole = false
        source.withUnsafeReadableBytes { input in
            _ = target.writeWithUnsafeMutableBytes(minimumWritableBytes: max(1, size)) { output in
                var read = 0
                var written = 0
                let result = libdeflate_zlib_decompress_ex(
                    decompressor, input.baseAddress, input.count, output.baseAddress, size,
                    &read, &written)
                isWhole =
                    result == LIBDEFLATE_SUCCESS && written == size && read == input.count
                return isWhole ? size : 0
            }
        }
        return isWhole ? target : try CarefulInflater().inflate(source, size: size)
    }

    private func state() -> OpaquePointer {
        if let decompressor { return decompressor }
        guard let made = libdeflate_alloc_decompressor() else {
            preconditionFailure("no memory for a decompressor")
        }
        decompressor = made
        return made
    }
}

/// Inflates with zlib and says what is wrong, in the order of the protocol's text.
private final class CarefulInflater {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
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

    func inflate(_ source: ByteBuffer, size: Int) throws(FrameError) -> ByteBuffer {
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
