package import EndpointModel
package import NIOCore
package import SyncProtocol

/// Makes the frames of feeds: cut at the limit, at the boundaries of events, compressed once.
package struct FrameMaker {
    private let encoder = FrameEncoder()
    private let limits: FeedLimits

    package init(limits: FeedLimits) { self.limits = limits }

    /// One buffer with as many frames as the changes need; the last ends with the mark.
    package func changes(_ changes: [FeedChange], mark: Mark?) -> ByteBuffer {
        var cutter = FrameCutter()
        var encoder = ChangesEncoder(reserving: reserve(changes.count))
        for change in changes {
            if encoder.byteCount >= limits.frameBytes {
                cutter.append(frame(encoder.finish()))
                encoder = ChangesEncoder()
            }
            switch change {
            case .put(let item): encoder.append(put: item)
            case .patch(let patched): encoder.append(patch: patched.patch, seq: patched.item.seq)
            case .removal(let item): encoder.append(Removal(seq: item.seq, key: item.key))
            }
        }
        if !encoder.isEmpty || mark != nil { cutter.append(frame(encoder.finish(mark: mark))) }
        return cutter.buffer
    }

    /// As `changes`, of whole records.
    package func records(_ records: [EncodedRecord], mark: Mark?) -> ByteBuffer {
        var cutter = FrameCutter()
        var encoder = RecordsEncoder(reserving: reserve(records.count))
        for record in records {
            if encoder.byteCount >= limits.frameBytes {
                cutter.append(frame(encoder.finish()))
                encoder = RecordsEncoder()
            }
            encoder.append(record)
        }
        if !encoder.isEmpty || mark != nil { cutter.append(frame(encoder.finish(mark: mark))) }
        return cutter.buffer
    }

    package func message(_ message: ServerMessage) -> ByteBuffer { frame(MessageBody(message)) }

    /// An item is at most half of a frame, and frames are cut at an eighth: one that does not
    /// fit is a mistake of ours.
    private func frame(_ body: consuming MessageBody) -> ByteBuffer {
        do {
            return try encoder.frame(body, .whenItPays)
        } catch {
            preconditionFailure("a frame of a feed cannot be made: \(error)")
        }
    }

    private func reserve(_ count: Int) -> Int { min(count * 512 + 256, limits.frameBytes + 8192) }
}

/// Joins frames into the buffer of one write; a single one is not copied.
private struct FrameCutter {
    private(set) var buffer = ByteBuffer()

    mutating func append(_ frame: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = frame
        } else {
            buffer.writeImmutableBuffer(frame)
        }
    }
}
