internal import CDeflate
package import NIOCore

/// Deflates bodies, each into a zlib stream of its own: the format is zlib's, the library
/// libdeflate, at two to three times the speed. Its state is made when it is first needed.
package final class Deflater {
    /// Level 1: within a tenth of level 6's size on frames of one to ten items, at half the time.
    package static let defaultLevel: Int32 = 1

    private let level: Int32
    private var compressor: OpaquePointer?

    /// - Parameter level: 1 (fast) to 12 (small).
    package init(level: Int32 = Deflater.defaultLevel) {
        precondition((1...12).contains(level), "level \(level) is not in 1-12")
        self.level = level
    }

    deinit { if let compressor { libdeflate_free_compressor(compressor) } }

    /// Appends the zlib stream of `source` to `target`, if it takes at most `limit` bytes; leaves
    /// `target` alone otherwise.
    ///
    /// - Returns: how many bytes were appended; nil when the stream would be longer.
    package func deflate(_ source: ByteBuffer, into target: inout ByteBuffer, limit: Int) -> Int? {
        guard limit > 0 else { return nil }
        let compressor = state()
        let written = source.withUnsafeReadableBytes { input in
            target.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { output in
                libdeflate_zlib_compress(
                    compressor, input.baseAddress, input.count, output.baseAddress, limit)
            }
        }
        return written > 0 ? written : nil
    }

    private func state() -> OpaquePointer {
        if let compressor { return compressor }
        guard let made = libdeflate_alloc_compressor(level) else {
            preconditionFailure("no memory for a compressor")
        }
        compressor = made
        return made
    }
}
