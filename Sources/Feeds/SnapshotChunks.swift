internal import EndpointModel
internal import EndpointState
internal import NIOCore

/// A selection cut into chunks by its keys, each with the frame that it was last sent as until one
/// of its endpoints changes: a thousand agents at once cost the sending, not the encoding.
struct SnapshotChunks {
    private struct Chunk {
        /// Has the last key that belongs here; nil for all behind the chunk before.
        let end: EncodedItem?
        /// Nil when it has to be made anew.
        var part: Part?
    }

    /// What a subscriber takes that has everything up to a key.
    struct Part {
        let frame: ByteBuffer
        /// Up to where it leads.
        let last: EndpointKey
        var origin = Origin.made
    }

    enum Origin {
        case made
        case kept
    }

    /// Whether frames are kept.
    enum Keeping {
        case frames
        case nothing
    }

    private var chunks = [Chunk(end: nil)]
    /// Of the frames that are kept.
    private(set) var byteCount = 0

    /// The next part behind `key`, of about `limit` bytes of items; nil when there is none.
    mutating func part(
        after key: EndpointKey?, of members: EndpointSet, limit: Int, _ keeping: Keeping,
        _ frame: ([FeedChange]) -> ByteBuffer
    ) -> Part? {
        let index = firstIndex(behind: key)
        let isWhole = begins(index, behind: key)
        if isWhole, var part = chunks[index].part {
            part.origin = .kept
            return part
        }
        var gathering = Gathering(members.items.items(after: key))
        while true {
            gathering.take(upTo: chunks[index].end, limit: limit)
            guard let end = chunks[index].end else { break }
            if gathering.byteCount >= limit / 2 { break }
            // Little or nothing stands here any more: the chunk goes on into the next one.
            if isWhole {
                forget(index + 1)
                chunks.remove(at: index)
            } else if gathering.items.isEmpty {
                return part(after: end.key, of: members, limit: limit, keeping, frame)
            } else {
                break
            }
        }
        guard let last = gathering.items.last else { return nil }
        let isFull = gathering.byteCount >= limit
        let end = isFull ? last : chunks[index].end
        let part = Part(frame: frame(gathering.items.map { .put($0) }), last: (end ?? last).key)
        if isWhole, case .frames = keeping {
            if isFull, !isEnd(of: index, last) {
                chunks.insert(Chunk(end: last, part: part), at: index)
            } else {
                chunks[index].part = part
            }
            byteCount += part.frame.readableBytes
        }
        return part
    }

    /// The endpoint of this item has come, changed or gone.
    mutating func touch(_ item: EncodedItem) {
        guard byteCount > 0 else { return }
        forget(partition { $0.compareKey(to: item) >= 0 })
    }

    mutating func forgetAll() { self = SnapshotChunks() }

    private mutating func forget(_ index: Int) {
        guard let part = chunks[index].part else { return }
        byteCount -= part.frame.readableBytes
        chunks[index].part = nil
    }

    // MARK: Finding

    private func firstIndex(behind key: EndpointKey?) -> Int {
        guard let key else { return 0 }
        return partition { $0.compareKey(to: key) > 0 }
    }

    private func begins(_ index: Int, behind key: EndpointKey?) -> Bool {
        guard index > 0 else { return key == nil }
        guard let key, let start = chunks[index - 1].end else { return false }
        return start.compareKey(to: key) == 0
    }

    private func isEnd(of index: Int, _ item: EncodedItem) -> Bool {
        chunks[index].end.map { $0.compareKey(to: item) == 0 } ?? false
    }

    /// The first chunk whose end satisfies `isBehind`, as all after it do; the last has none.
    private func partition(_ isBehind: (EncodedItem) -> Bool) -> Int {
        var low = 0
        var high = chunks.count - 1
        while low < high {
            let middle = (low + high) / 2
            if let end = chunks[middle].end, !isBehind(end) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

/// Items on their way into a part.
private struct Gathering {
    private(set) var items: [EncodedItem] = []
    private(set) var byteCount = 0
    private var source: OrderedItems.Iterator
    private var next: EncodedItem?

    init(_ source: OrderedItems.Iterator) {
        self.source = source
        next = self.source.next()
    }

    mutating func take(upTo end: EncodedItem?, limit: Int) {
        while byteCount < limit, let item = next {
            if let end, item.compareKey(to: end) > 0 { return }
            items.append(item)
            byteCount += item.byteCount
            next = source.next()
        }
    }
}
