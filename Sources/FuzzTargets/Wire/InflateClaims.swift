internal import CZlib
internal import NIOCore
internal import SyncProtocol

/// What inflates is what zlib inflates, byte for byte; and what was deflated here comes back.
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
        let theirs = inflatedByZlib(stream, size: size)
        try claim(
            ours.map { Array($0.readableBytesView) } == theirs,
            "\(ours?.readableBytes as Any) bytes here, \(theirs?.count as Any) by zlib")
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

    private static func inflatedByZlib(_ stream: UnsafeRawBufferPointer, size: Int) -> [UInt8]? {
        var target = [UInt8](repeating: 0, count: size)
        var written = uLongf(size)
        var read = uLong(stream.count)
        let status = target.withUnsafeMutableBufferPointer { target in
            uncompress2(
                target.baseAddress, &written, stream.bindMemory(to: UInt8.self).baseAddress, &read)
        }
        let isWhole = status == Z_OK && Int(written) == size && Int(read) == stream.count
        return isWhole ? target : nil
    }
}
