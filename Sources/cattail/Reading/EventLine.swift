internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

/// One event of the log, as `log` prints it.
struct EventLine {
    let entry: LogEntry
    let audit: AuditPart

    init(_ entry: LogEntry) throws(WireError) {
        self.entry = entry
        audit = try entry.record.audit()
    }

    private var item: EncodedItem { entry.record.item }

    static let table = RunningTable(columns: [
        ("SEQ", 8), ("TIME", 27), ("EPOCH", 5), ("KIND", 10), ("KEY", 56), ("ACTOR", 16),
        ("ADDRESS", 15),
    ])

    var row: String {
        Self.table.line([
            entry.seq.description, audit.time.description, String(audit.epochNumber), kind,
            isControl ? "" : item.key.description, Self.shownActor(audit), audit.address,
        ])
    }

    /// Compact, one line, keys in the order of the contract; others follow.
    func json() throws(WireError) -> String {
        JSONLine([
            ("seq", .seq(entry.seq)),
            ("epoch", .integer(audit.epochNumber)),
            ("time", .text(audit.time)),
            ("kind", .string(kind)),
            ("key", isControl ? .null : .text(item.key)),
            ("actor", .string(audit.actor)),
            ("origin", origin),
            ("requestID", .string(audit.requestID)),
            ("prevSeq", .seq(item.previousSeq)),
            ("recordHash", .text(entry.record.hash)),
            ("chain", .text(entry.chain)),
            ("endpoint", item.kind == .put ? DocumentValue(try item.endpoint()) : nil),
            ("actorProof", .string(Self.proof(audit))),
        ]).text
    }

    private var isControl: Bool { item.kind == .control }

    private var kind: String {
        switch item.kind {
        case .put: "put"
        case .delete: "delete"
        case .control:
            switch try? item.control() {
            case .epoch: "epoch"
            case .rights: "rights"
            case .membership: "membership"
            case .unknown(let type, _): "control-\(type)"
            case nil: "control"
            }
        }
    }

    /// Where the request came from and, of an import, what the endpoint was there.
    private var origin: DocumentValue {
        let imported = audit.origin
        return JSONLine([
            ("address", audit.address.isEmpty ? nil : .string(audit.address)),
            ("resourceVersion", imported.map { .string($0.resourceVersion) }),
            ("uid", imported.map { .string($0.uid) }),
            ("creationTimestamp", imported.map { .string($0.creationTimestamp) }),
            ("faults", imported.map { .array($0.faults.map(DocumentValue.string)) }),
        ]).value
    }

    static func proof(_ audit: AuditPart) -> String {
        switch audit.actorProof {
        case .unverified: "unverified"
        case .certificate: "certificate"
        }
    }

    /// The actor as tables show it.
    static func shownActor(_ audit: AuditPart) -> String {
        switch audit.actorProof {
        case .unverified: audit.actor.isEmpty ? "" : "\(audit.actor) (unverified)"
        case .certificate: audit.actor
        }
    }
}
