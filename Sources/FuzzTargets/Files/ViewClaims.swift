internal import EndpointModel
internal import EndpointState
internal import LogStore
internal import Logging
internal import Projection

/// Whatever becomes of a views file, or lies beside it: the view that comes of it is the fold of the
/// log, and there always is one (G5).
enum ViewClaims {
    private static let names = [DataDirectory.Name.views, DataDirectory.Name.views + "-journal"]

    /// The fold, and the file that holds it.
    private struct Known: Sendable {
        let view: PositionedView
        let file: [UInt8]
        let rows: [LogRow]

        init() throws {
            let folder = try ScratchFolder()
            rows = try WrittenFiles.known.get().rows
            let opened = try ViewStore.open(
                directory: folder.path, events: KnownEvents(rows), logger: silent)
            try opened.store.close()
            view = opened.view
            file = try folder.read(DataDirectory.Name.views)
        }
    }

    private static let known = Result { try Known() }
    private static let silent = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }

    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        let known = try known.get()
        var input = FuzzInput(bytes)
        var edits = FileEdits([known.file, []], walIndex: nil)
        edits.apply(&input)
        let folder = try ScratchFolder()
        for (name, file) in zip(names, edits.files) where !file.isEmpty {
            try folder.write(file, to: name)
        }
        for turn in 1...2 {
            let opened = try mustRead("opening \(turn) of views") {
                try ViewStore.open(
                    directory: folder.path, events: KnownEvents(known.rows), logger: silent)
            }
            let (found, wanted) = (opened.view, known.view)
            try claim(found.position == wanted.position, "a view at \(found.position)")
            try claim(found.view.digest == wanted.view.digest, "a view of other endpoints")
            let state = found.view.state
            try claim(state.recomputedDigest() == state.digest, "a digest of other endpoints")
            try claim(found.view.control == wanted.view.control, "other voters or rights")
            for row in known.rows.suffix(2) {
                let key = try EncodedRecord(validating: row.record).item.key
                try claim(
                    found.view.lastSeq(of: key) == wanted.view.lastSeq(of: key),
                    "the last of \(key)")
            }
            try opened.store.close()
        }
    }
}

/// A log in memory.
private final class KnownEvents: EventSource {
    private let stored: [LogRow]

    init(_ rows: [LogRow]) { stored = rows }

    var logID: LogID { KnownLog.logID }

    var head: LogHead {
        get throws(LogError) {
            stored.last.map { LogHead(seq: $0.seq, chain: $0.chain) } ?? .origin(of: logID)
        }
    }

    func rows(from first: Seq, limit: Int?, maxBytes: Int?) throws(LogError) -> [LogRow] {
        guard first > .zero, first.rawValue <= UInt64(stored.count) else { return [] }
        return Array(stored[(Int(first.rawValue) - 1)...].prefix(limit ?? 1_000))
    }
}
