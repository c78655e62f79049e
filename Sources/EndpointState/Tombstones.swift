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

    package subscript(key: KeyFingerprint) -> Seq? {
        get { shards[Self.shard(key)][key] }
        set {
            let old = shards[Self.shard(key)][key]
            shards[Self.shard(key)][key] = newValue
            count += (newValue == nil ? 0 : 1) - (old == nil ? 0 : 1)
        }
    }

    package func forEach(_ body: (KeyFingerprint, Seq) throws -> Void) rethrows {
        for shard in shards {
            for (key, seq) in shard { try body(key, seq) }
        }
    }

    private static func shard(_ key: KeyFingerprint) -> Int { Int(key.high % shardCount) }
}
