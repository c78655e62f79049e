internal import EndpointModel
internal import LogStore

/// Whatever becomes of a log's files: what is served is what was written; with its anchor all of
/// it, or it is refused; and a log that opens takes the next event without losing one (G1, G3).
enum LogClaims {
    private struct Files {
        static let anchor = 2
        static let names = [
            DataDirectory.Name.log, DataDirectory.Name.log + "-wal", DataDirectory.Name.anchor,
        ]
    }

    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        let known = try WrittenFiles.known.get()
        var input = FuzzInput(bytes)
        let choice = input.byte()
        var edits = FileEdits([known.log, known.wal, known.anchor], walIndex: 1)
        edits.apply(&input)
        let folder = try ScratchFolder()
        for (index, name) in Files.names.enumerated() where choice & 1 << index == 0 {
            try folder.write(edits.files[index], to: name)
        }
        let isAnchored =
            choice & 1 << Files.anchor == 0 && edits.files[Files.anchor] == known.anchor
        try read(folder, known.rows, isAnchored: isAnchored)
        try write(folder, known.history, isAnchored: isAnchored)
    }

    private static var settings: LogSettings {
        LogSettings(volumeSpace: { _ in nil })
    }

    private static func read(
        _ folder: ScratchFolder, _ wanted: [LogRow], isAnchored: Bool
    ) throws {
        var rows: [LogRow] = []
        do throws(LogError) {
            let reader = try LogReader.open(directory: folder.path, settings: settings)
            while true {
                let page = try reader.rows(from: Seq(UInt64(rows.count) + 1))
                if page.isEmpty { break }
                rows += page
            }
        } catch {
            try said(error, wanted)
            return try claim(wanted.starts(with: rows), "other events than were written")
        }
        try claim(wanted.starts(with: rows), "other events than were written")
        if isAnchored { try claim(rows.count == wanted.count, "\(rows.count) events, unseen") }
    }

    private static func said(_ error: LogError, _ wanted: [LogRow]) throws {
        let length = error.description.utf8.count
        try claim(length <= 4_096, "a refusal of \(length) bytes")
        guard let bad = error.firstBad else { return }
        try claim(
            bad > .zero && bad.rawValue <= UInt64(wanted.count) + 1, "seq \(bad) is the first bad")
    }

    private static func write(
        _ folder: ScratchFolder, _ known: KnownHistory, isAnchored: Bool
    ) throws {
        var history = known
        let wanted = known.rows
        do throws(LogError) {
            let directory = try DataDirectory.acquire(folder.path)
            defer { directory.release() }
            let writer = try LogWriter.open(in: directory, settings: settings)
            guard isAnchored else { return }
            guard writer.head.seq == wanted.last?.seq, let next = try? history.entries(1) else {
                throw .batchRefused(seq: writer.head.seq, reason: "opened at another head")
            }
            for row in wanted {
                guard try writer.seq(ofRequest: WrittenFiles.request(row.seq)) == row.seq else {
                    throw .batchRefused(seq: row.seq, reason: "its request is lost")
                }
            }
            try writer.append(next)
            try writer.close()
        } catch {
            if case .batchRefused = error { try claim(false, "\(error)") }
            return try said(error, wanted)
        }
        guard isAnchored else { return }
        try readWhole(folder, history.rows)
    }

    private static func readWhole(_ folder: ScratchFolder, _ wanted: [LogRow]) throws {
        let reader = try mustRead("a log that took an event") {
            try LogReader.open(directory: folder.path, settings: settings)
        }
        let rows = try mustRead("the events of a log that took one") {
            try reader.rows(from: Seq(1))
        }
        try claim(rows == wanted, "an append lost events")
    }
}
