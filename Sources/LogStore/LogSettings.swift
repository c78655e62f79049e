package import SQLiteStore

/// Every bound of the log, each with its reason.
package struct LogLimits: Hashable, Sendable {
    /// Rows of one page, so of one read transaction: none may outlive 1,000 rows (DESIGN 5),
    /// because a snapshot that stays open keeps the WAL from being reused.
    package var pageRows = 1_000
    /// Record bytes of one page, unless its first row alone is larger. Bounds a reader's memory.
    package var pageBytes = 4 << 20
    /// One record: an item is at most 1 MiB (DESIGN 8), its audit part far less.
    package var recordBytes = 2 << 20
    /// Newest rows whose hashes are checked at opening; older ones are checked when read. A log
    /// of up to this many events is checked whole, for about 2 µs a row.
    package var openingRows = 200_000
    /// WAL bytes from which a busy log is checkpointed. A checkpoint holds commits up for its
    /// length, and a longer WAL makes starting slower.
    package var busyCheckpointBytes = 32 << 20
    /// WAL bytes from which an idle log is checkpointed: two fsyncs are not worth less.
    package var idleCheckpointBytes = 1 << 20
    /// A WAL file that has grown beyond this is cut when idle.
    package var walKeepBytes = 64 << 20
    /// Bounds of the free space below which nothing is appended: a twentieth of the disk,
    /// within these. What the WAL holds comes on top, because checkpointing copies it.
    package var leastReserveBytes: UInt64 = 4 << 20
    package var mostReserveBytes: UInt64 = 256 << 20
    /// How long recovery and the checkpoint at opening wait for readers to let go.
    package var readerWaitMilliseconds: Int32 = 1_000
    /// How long a reader waits for a lock: WAL recovery by another process, mostly.
    package var lockWaitMilliseconds: Int32 = 5_000

    package init() {}
}

/// What the log needs from its surroundings; tests put their own in its place.
package struct LogSettings: Sendable {
    package var limits: LogLimits
    package var disk: Disk
    /// Asks how much space the volume of a path has; nil when it cannot be asked.
    package var volumeSpace: @Sendable (String) -> VolumeSpace?

    package init(
        limits: LogLimits = LogLimits(), disk: Disk = .system,
        volumeSpace: @escaping @Sendable (String) -> VolumeSpace? = FileSystem.volumeSpace(of:)
    ) {
        self.limits = limits
        self.disk = disk
        self.volumeSpace = volumeSpace
    }
}
