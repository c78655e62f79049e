internal import EndpointModel
internal import NIOCore
internal import SyncProtocol

/// What frames say, each read once: all subscribers of a feed are sent the same bytes.
struct FrameLedger {
    struct Entry {
        var changes = 0
        /// What one holds behind it.
        var seq: Seq?
        var event = Event.none
    }

    enum Event {
        case none
        case inSync
        case resync(How)
        case ping(UInt64)
        case goodbye(Goodbye)
    }

    private var entries: [UInt64: Entry] = [:]
    private let inflater = Inflater()
    private static let mostEntries = 1 << 16

    /// Without an entry: what cannot be read. The length field is part of the frame.
    mutating func entry(_ frame: ByteBuffer) -> Entry? {
        let name = Self.name(frame)
        if let entry = entries[name] { return entry }
        guard let message = message(frame) else { return nil }
        if entries.count >= Self.mostEntries { entries.removeAll(keepingCapacity: true) }
        let entry = Self.entry(message)
        entries[name] = entry
        return entry
    }

    /// Frames differ in the digests and hashes that they carry, so no more than a mix of their
    /// bytes is needed to tell them apart.
    private static func name(_ frame: ByteBuffer) -> UInt64 {
        frame.withUnsafeReadableBytes { bytes in
            var mix = UInt64(bytes.count)
            var offset = 0
            while offset + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                mix = (mix ^ word) &* 0x9E37_79B9_7F4A_7C15
                mix ^= mix >> 29
                offset += 8
            }
            for byte in bytes[offset...] { mix = (mix ^ UInt64(byte)) &* 0x0100_0000_01B3 }
            return mix
        }
    }

    private func message(_ frame: ByteBuffer) -> ServerMessage? {
        var frame = frame
        guard frame.readInteger(as: UInt32.self) != nil, let header: UInt8 = frame.readInteger()
        else { return nil }
        if header == FrameFormat.Codec.zlib.rawValue {
            guard let size: UInt32 = frame.readInteger(),
                let body = try? inflater.inflate(frame, size: Int(size))
            else { return nil }
            frame = body
        }
        return try? ServerMessage(decoding: frame)
    }

    private static func entry(_ message: ServerMessage) -> Entry {
        switch message {
        case .changes(let changes):
            Entry(
                changes: changes.changes.count, seq: changes.mark?.seq,
                event: event(changes.mark))
        case .mark(let mark): Entry(seq: mark.seq, event: event(mark))
        case .resync(let resync): Entry(event: .resync(resync.how))
        case .ping(let number): Entry(event: .ping(number))
        case .goodbye(let goodbye): Entry(event: .goodbye(goodbye))
        case .hello, .records, .unreadable, .behind, .answers, .queryAnswer, .serverState, .pong,
            .unknown:
            Entry()
        }
    }

    private static func event(_ mark: Mark?) -> Event {
        if case .inSync = mark?.sync { .inSync } else { .none }
    }
}
