internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

/// When a watch has seen enough.
struct WatchEnd {
    var untilInSync: Bool
    /// Puts and deletes; nil: it never has.
    var count: Int?

    init(untilInSync: Bool, count: Int?) {
        self.untilInSync = untilInSync
        self.count = count
    }
}

enum WatchStep { case goOn, end }

/// Prints a subscription's updates, flushed at each mark and after each status.
struct WatchPrinter {
    let output: TableOutput
    let end: WatchEnd
    private var changeCount = 0
    /// Since the last connect.
    private var lastMark: Seq?

    private static let table = RunningTable(columns: [
        ("SEQ", 8), ("CHANGE", 6), ("NAMESPACE", 12), ("NAME", 48), ("NODE", 12), ("NETWORKS", 15),
    ])

    init(output: TableOutput, end: WatchEnd) {
        self.output = output
        self.end = end
    }

    func begin() throws {
        if case .table = output { try Console.output.write(Self.table.headingLine) }
        try Console.output.flush()
    }

    mutating func print(_ update: EndpointUpdate) throws -> WatchStep {
        switch update {
        case .status(let status): return try print(status)
        case .changes(let changes): return try print(changes)
        }
    }

    // MARK: Changes

    private mutating func print(_ batch: EndpointChanges) throws -> WatchStep {
        for change in batch.changes { try print(change) }
        changeCount += batch.changes.count
        try print(batch.mark, isNews: !batch.changes.isEmpty)
        try Console.output.flush()
        if let count = end.count, changeCount >= count { return .end }
        return .goOn
    }

    private func print(_ change: EndpointChange) throws {
        switch (change, output) {
        case (.put(let item), .json):
            try line([
                ("type", .string("put")), ("seq", .seq(item.seq)), ("key", .text(item.key)),
                ("endpoint", DocumentValue(try item.endpoint())),
            ])
        case (.removal(let key, let seq), .json):
            try line([
                ("type", .string("delete")), ("seq", .seq(seq)), ("key", .text(key)),
            ])
        case (.put(let item), .table):
            let endpoint = try item.endpoint()
            try row([
                item.seq.description, "put", item.namespace, item.name, item.node,
                endpoint.spec.ipNetworks.joined(separator: ","),
            ])
        case (.removal(let key, let seq), .table):
            try row([seq.description, "delete", key.namespace, key.name])
        }
    }

    /// A mark that says again what the last one said is left out, but never all before `in-sync`.
    private mutating func print(_ mark: SubscriptionMark, isNews: Bool) throws {
        guard isNews || lastMark != mark.seq else { return }
        lastMark = mark.seq
        guard case .json = output else { return }
        try line([
            ("type", .string("mark")), ("seq", .seq(mark.seq)), ("digest", .text(mark.digest)),
        ])
    }

    // MARK: Statuses

    private mutating func print(_ status: SubscriptionStatus) throws -> WatchStep {
        let told = StatusLine(status)
        switch output {
        case .json:
            try line([("type", .string("status")), ("status", .string(told.word))] + told.members)
            try Console.output.flush()
        case .table:
            try Console.output.flush()
            Console.faults.note(told.text)
        }
        switch status {
        case .inSync: return end.untilInSync ? .end : .goOn
        case .connecting:
            lastMark = nil
            return .goOn
        case .disconnected, .resync, .stale, .behind, .digestDiffers, .unverified, .goodbye,
            .cacheUnusable:
            return .goOn
        }
    }

    private func line(_ members: [(String, DocumentValue?)]) throws {
        try Console.output.line(JSONLine(members).text)
    }

    private func row(_ cells: [String]) throws {
        try Console.output.write(Self.table.line(cells))
    }
}

/// A subscription's status in words.
struct StatusLine {
    let word: String
    let members: [(String, DocumentValue?)]

    init(_ status: SubscriptionStatus) {
        (word, members) = Self.parts(status)
    }

    /// `in-sync how=snapshot seq=43`
    var text: String {
        let shown = members.compactMap { key, value in
            value.map { value -> String in
                if case .string(let text) = value { return "\(key)=\(text)" }
                return "\(key)=\(value.compactJSON)"
            }
        }
        return ([word] + shown).joined(separator: " ")
    }

    private static func parts(
        _ status: SubscriptionStatus
    ) -> (String, [(String, DocumentValue?)]) {
        switch status {
        case .connecting(let server): ("connecting", [("server", .text(server))])
        case .resync(let how, let seq):
            ("resync", [("how", .string(how.rawValue)), ("seq", .seq(seq))])
        case .inSync(let how, let seq):
            ("in-sync", [("how", .string(how.rawValue)), ("seq", .seq(seq))])
        case .stale(let since?): ("stale", [("since", .text(since))])
        case .stale(nil): ("in-touch", [])
        case .disconnected(let error):
            (
                "disconnected",
                [("code", .string(error.code.rawValue)), ("message", .string(error.message))]
            )
        case .behind(let head): ("behind", [("head", .seq(head))])
        case .digestDiffers(let seq): ("digest-differs", [("seq", .seq(seq))])
        case .unverified(let seq): ("unverified", [("seq", .seq(seq))])
        case .goodbye(let code, let message):
            ("goodbye", [("code", .string(code)), ("message", .string(message))])
        case .cacheUnusable(let why): ("cache-unusable", [("message", .string(why))])
        }
    }
}
