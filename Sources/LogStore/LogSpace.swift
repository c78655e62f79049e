/// A volume's size and what is free for this process.
package struct VolumeSpace: Hashable, Sendable {
    package var totalBytes: UInt64
    package var freeBytes: UInt64

    package init(totalBytes: UInt64, freeBytes: UInt64) {
        self.totalBytes = totalBytes
        self.freeBytes = freeBytes
    }
}

/// Decides whether there is space to append: read-only before the disk is full, and back by
/// itself. A full disk would stop checkpoints too, and then the WAL could never shrink.
package struct LogSpace: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// Appends go on until too little is free.
        case writable
        /// Appends wait until half as much again is free, so that it does not flap.
        case readOnly
    }

    package private(set) var state = State.writable
    private let least: UInt64
    private let most: UInt64

    package init(limits: LogLimits) {
        least = limits.leastReserveBytes
        most = max(limits.leastReserveBytes, limits.mostReserveBytes)
    }

    /// Judges an append of `batchBytes` while the WAL holds `walBytes`. Nil lets it pass, else
    /// the free bytes that it would take. A batch is counted twice: once in the WAL, once when
    /// it is checkpointed.
    package mutating func admit(
        batchBytes: UInt64, walBytes: UInt64, volume: VolumeSpace
    ) -> UInt64? {
        let reserve = min(max(volume.totalBytes / 20, least), most)
        let held = reserve &+ walBytes &+ 2 &* batchBytes
        let needed = state == .writable ? held : held &+ reserve / 2
        state = volume.freeBytes >= needed ? .writable : .readOnly
        return state == .writable ? nil : needed
    }
}
