internal import EndpointModel
internal import NIOCore

/// Reads the bytes of a cache file, which may be anybody's (G12): holds one block at most, takes
/// nothing for granted, and stops at the first byte that is wrong.
package struct CacheFileReader {
    package enum Entry: Sendable {
        case selection(CacheFile.Held)
        /// Puts and removals, with the mark when the batch ends here.
        case changes(Changes)
    }

    private enum Stage {
        case preface
        case fingerprint
        case changes
        case failed(CacheFileError)
    }

    private var stage = Stage.preface
    private var pending = ByteBuffer()
    /// How many bytes of the file were read as whole entries.
    package private(set) var consumedBytes = 0

    package init() {}

    package mutating func push(_ bytes: some Sequence<UInt8>) {
        pending.discardReadBytes()
        pending.writeBytes(bytes)
    }

    package mutating func push(_ bytes: UnsafeRawBufferPointer) {
        pending.discardReadBytes()
        pending.writeBytes(bytes)
    }

    /// The next whole entry; nil when more bytes are needed, which at the end of the file means
    /// that it was cut off there.
    package mutating func next() throws(CacheFileError) -> Entry? {
        do {
            return try advance()
        } catch {
            stage = .failed(error)
            pending = ByteBuffer()
            throw error
        }
    }

    private mutating func advance() throws(CacheFileError) -> Entry? {
        switch stage {
        case .failed(let error): throw error
        case .preface:
            guard try readPreface() else { return nil }
            stage = .fingerprint
            return try advance()
        case .fingerprint:
            guard let body = try readBody() else { return nil }
            guard let held = body.withUnsafeReadableBytes({ CacheFile.Held(bytes: $0) }) else {
                throw .fingerprintMissing
            }
            stage = .changes
            return .selection(held)
        case .changes: return try readChanges().map { .changes($0) }
        }
    }

    private mutating func readPreface() throws(CacheFileError) -> Bool {
        let count = CacheFile.preface.count
        let found = pending.readableBytesView.prefix(count)
        guard found.elementsEqual(CacheFile.preface.prefix(found.count)) else {
            throw .prefaceMismatch
        }
        guard found.count == count else { return false }
        consume(count)
        return true
    }

    private mutating func readChanges() throws(CacheFileError) -> Changes? {
        let offset = consumedBytes
        guard let body = try readBody() else { return nil }
        do {
            guard case .changes(let changes) = try ServerMessage(decoding: body) else {
                throw WireError.inconsistent("a block holds changes alone")
            }
            return changes
        } catch let error as WireError {
            throw .bodyMalformed(offset: offset, error)
        } catch {
            throw .bodyMalformed(offset: offset, .inconsistent("\(error)"))
        }
    }

    private mutating func readBody() throws(CacheFileError) -> ByteBuffer? {
        let start = pending.readerIndex
        guard let length: UInt32 = pending.getInteger(at: start) else { return nil }
        guard (1...CacheFile.bodyBytesMaximum).contains(Int(length)) else {
            throw .lengthOutOfRange(offset: consumedBytes, length: length)
        }
        guard let check: UInt64 = pending.getInteger(at: start + CacheFile.lengthBytes),
            let body = pending.getSlice(at: start + CacheFile.headBytes, length: Int(length))
        else { return nil }
        guard body.withUnsafeReadableBytes({ CacheFile.check(of: $0) }) == check else {
            throw .checkMismatch(offset: consumedBytes)
        }
        consume(CacheFile.headBytes + Int(length))
        return body
    }

    private mutating func consume(_ count: Int) {
        pending.moveReaderIndex(forwardBy: count)
        consumedBytes += count
    }
}
