internal import DequeModule
package import EndpointModel
package import NIOCore

/// The recent frames of one feed, bounded in bytes. Each frame brings its reader from any seq in
/// `(base, mark]` to its mark, and is encoded and compressed once for all of them.
package struct FrameRing {
    package struct Frame {
        /// The mark before: what follows it up to `mark` is in the frame.
        package let start: Seq
        /// The seq of its first change; of the mark when it has none. Whoever holds less than this
        /// and no less than `start` holds what the first change was made against.
        package let firstChange: Seq
        /// The seq of the mark at the frame's end.
        package let mark: Seq
        package let buffer: ByteBuffer
    }

    private var frames: Deque<Frame> = []
    package private(set) var byteCount = 0
    private let byteLimit: Int
    /// Everything that touched the feed after this seq is in the ring.
    package private(set) var base: Seq

    package init(base: Seq, byteLimit: Int) {
        self.base = base
        self.byteLimit = byteLimit
    }

    /// The seq of the last mark; the base while the ring is empty.
    package var head: Seq { frames.last?.mark ?? base }

    package var newest: Frame? { frames.last }

    /// - Parameter firstChange: Nil for a mark alone.
    package mutating func append(_ buffer: ByteBuffer, from firstChange: Seq?, mark: Seq) {
        precondition(mark > head, "mark \(mark) is not behind \(head)")
        frames.append(
            Frame(start: head, firstChange: firstChange ?? mark, mark: mark, buffer: buffer))
        byteCount += buffer.readableBytes
        while byteCount > byteLimit, frames.count > 1, let oldest = frames.popFirst() {
            byteCount -= oldest.buffer.readableBytes
            base = oldest.mark
        }
    }

    /// Whether a reader that holds `seq` can go on from here.
    package func covers(_ seq: Seq) -> Bool { seq >= base }

    /// The first frame that a reader at `seq` lacks, or nil when it has all.
    ///
    /// - Precondition: `covers(seq)`.
    package func frame(after seq: Seq) -> Frame? {
        precondition(covers(seq), "seq \(seq) is before the ring's base \(base)")
        let index = frames.partitioningIndex { $0.mark > seq }
        return index < frames.count ? frames[index] : nil
    }
}

extension Deque {
    /// The first index whose element satisfies `isBehind`, in a deque where those stand last.
    fileprivate func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
