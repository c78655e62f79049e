internal import CZlib
internal import NIOCore
internal import SyncProtocol

/// What zlib inflates is inflated here to the same bytes, and what it refuses is refused; and what
/// was deflated here comes back.
///
/// One difference is known: the fixed code has places for lengths and distances that RFC 1951
/// (3.2.6) gives no meaning. zlib refuses them; libdeflate takes them for the greatest ones, and
/// holds what comes out to the size and the checksum that are stated, as always.
enum InflateClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let mode = input.byte()
        if mode & 1 == 0 {
            try foreign(input.rest, size: input.number(bytes: 2))
        } else {
            try own(input.rest, level: Int32(mode >> 1) % 12 + 1)
        }
    }

    private static func foreign(_ stream: UnsafeRawBufferPointer, size: Int) throws {
        let stream = UnsafeRawBufferPointer(rebasing: stream.dropFirst(2))
        let ours = try? Inflater().inflate(ByteBuffer(bytes: stream), size: size)
        switch inflatedByZlib(stream, size: size) {
        case .bytes(let theirs):
            try claim(
                ours.map { Array($0.readableBytesView) } == theirs,
                "\(ours?.readableBytes as Any) bytes here, \(theirs.count) by zlib")
        case .refused: try claim(ours == nil, "zlib refuses what inflates here")
        case .meaningless: try claim(ours.map(\.readableBytes) ?? size == size, "another size")
        }
    }

    private static func own(_ text: UnsafeRawBufferPointer, level: Int32) throws {
        let source = ByteBuffer(bytes: text)
        var stream = ByteBuffer()
        guard Deflater(level: level).deflate(source, into: &stream, limit: text.count) != nil
        else {
            return try claim(stream.readableBytes == 0, "a stream that is too long was begun")
        }
        try claim(stream.readableBytes <= text.count, "the stream is longer than its limit")
        let inflater = Inflater()
        let back = try mustRead("what was deflated") {
            try inflater.inflate(stream, size: text.count)
        }
        try claim(back == source, "what was deflated comes back otherwise")
        let short = stream.getSlice(at: 0, length: stream.readableBytes - 1) ?? ByteBuffer()
        for (bytes, size) in [
            (stream, text.count + 1), (stream, text.count - 1), (short, text.count),
        ]
        where size >= 0 {
            let wrong = try? inflater.inflate(bytes, size: size)
            try claim(wrong == nil, "\(bytes.readableBytes) bytes inflate to \(size)")
        }
    }

    private enum ByZlib {
        case bytes([UInt8])
        case refused
        /// For a code without a meaning.
        case meaningless
    }

    private static func inflatedByZlib(_ stream: UnsafeRawBufferPointer, size: Int) -> ByZlib {
        var zlib = z_stream()
        guard
            inflateInit_(&zlib, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { preconditionFailure("zlib has no memory") }
        defer { inflateEnd(&zlib) }
        var source = Array(stream)
        // A byte more than is stated, so that what is longer shows itself.
        var target = [UInt8](repeating: 0, count: size + 1)
        let status = source.withUnsafeMutableBufferPointer { source in
            target.withUnsafeMutableBufferPointer { target in
                zlib.next_in = source.baseAddress
                zlib.avail_in = uInt(source.count)
                zlib.next_out = target.baseAddress
                zlib.avail_out = uInt(target.count)
                return inflate(&zlib, Z_FINISH)
            }
        }
        let isWhole = status == Z_STREAM_END && Int(zlib.total_out) == size && zlib.avail_in == 0
        if isWhole { return .bytes(Array(target.prefix(size))) }
        let message = zlib.msg.map { String(cString: $0) }
        let codes = ["invalid literal/length code", "invalid distance code"]
        return codes.contains(message ?? "") ? .meaningless : .refused
    }
}
