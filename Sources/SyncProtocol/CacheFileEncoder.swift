internal import EndpointModel
package import NIOCore

/// Makes the bytes of a cache file.
package enum CacheFileEncoder {
    /// How a file begins.
    package static func beginning(_ held: CacheFile.Held) -> ByteBuffer {
        var bytes = ByteBuffer(bytes: CacheFile.preface)
        append(ByteBuffer(bytes: held.bytes), to: &bytes)
        return bytes
    }

    /// Changes that belong together, in as many blocks as they need; the last has the mark.
    package static func batch(_ changes: some Sequence<Change>, mark: Mark) -> ByteBuffer {
        var bytes = ByteBuffer()
        var encoder = ChangesEncoder(reserving: 4 << 10)
        for change in changes {
            encoder.append(change)
            if encoder.byteCount >= Limits.deltaCutBytes {
                append(encoder.finish().buffer, to: &bytes)
                encoder = ChangesEncoder()
            }
        }
        append(encoder.finish(mark: mark).buffer, to: &bytes)
        return bytes
    }

    private static func append(_ body: ByteBuffer, to bytes: inout ByteBuffer) {
        bytes.writeInteger(UInt32(body.readableBytes))
        bytes.writeInteger(body.withUnsafeReadableBytes { CacheFile.check(of: $0) })
        bytes.writeImmutableBuffer(body)
    }
}
