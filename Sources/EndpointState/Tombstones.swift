package import EndpointModel

/// Stands for a key in 16 bytes: the first half of SHA-256 over namespace, a zero byte, name.
/// Two keys with one fingerprint would take 2^64 hashes to find.
package struct KeyFingerprint: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The 16 bytes, big-endian; nil for any other length.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    package init(_ key: EndpointKey) {
        self = key.withBytes { KeyFingerprint(namespace: $0, name: $1) }
    }

    /// Of a put or delete.
    package init(keyOf item: EncodedItem) {
        self = item.withKeyBytes { KeyFingerprint(namespace: $0, name: $1) }
    }

    private init(namespace: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer) {
        let count = namespace.count + 1 + name.count
        let hash = withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer in
            buffer.copyMemory(from: namespace)
            buffer[namespace.count] = 0
            UnsafeMutableRawBufferPointer(rebasing: buffer[(namespace.count + 1)...])
                .copyMemory(from: name)
            return Hash256.of(UnsafeRawBufferPointer(buffer))
        }
        self.init(high: hash.lane0, low: hash.lane1)
    }

    package func hash(into hasher: inout Hasher) {
        // A hash already, of bytes that no one can choose at will.
        hasher.combine(low)
    }
}

extension KeyFingerprint: Comparable {
    package static func < (left: KeyFingerprint, right: KeyFingerprint) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

/// The last seq of every key that once lived and does not now, so that the previous seq of a
/// key that comes back never depends on what a node has cleaned away.
///
/// It only grows with a cluster's age (every pod has a name of its own), so keys stand as
/// fingerprints: about 40 bytes a dead key where the texts would take 150. Shards keep a growing
/// table from ever being rehashed whole in the middle of a commit, and make a copy cost what
/// changes.
package struct Tombstones: Sendable {
    private static let shardCount: UInt64 = 1024
    private var shards: [[KeyFingerprint: Seq]]
    package private(set) var count = 0

    package init() { shards = Array(repeating: [:], count: Int(Self.shardCount)) }

    package var isEmpty: Bool { count == 0 }

    package subscript(key: KeyFingerprint) -> Seq? {
        get { shards[Self.shard(key)][key] }
        set {
            let old = shards[Self.shard(key)][key]
            shards[Self.shard(key)][key] = newValue
            count += (newValue == nil ? 0 : 1) - (old == nil ? 0 : 1)
        }
    }

    /// All of them, ascending by key: 24 bytes each.
    package func sorted() -> [(key: KeyFingerprint, seq: Seq)] {
        var all: [(key: KeyFingerprint, seq: Seq)] = []
        all.reserveCapacity(count)
        for shard in shards { all += shard.lazy.map { (key: $0.key, seq: $0.value) } }
        all.sort { $0.key < $1.key }
        return all
    }

    private static func shard(_ key: KeyFingerprint) -> Int { Int(key.high % shardCount) }
}
