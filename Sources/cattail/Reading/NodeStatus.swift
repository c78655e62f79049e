internal import EndpointDocuments
internal import EndpointModel

/// A node's status document, as `status` shows and judges it.
struct NodeStatus {
    let document: DocumentValue

    /// What a probe should know; nil when all is well.
    func fault(allowing allowed: Duration) -> Fault? {
        if let why = text("notServing") {
            return Fault(
                code: FaultCode.eventUnknown, what: "the node serves no state: \(why)",
                remedy: "run a version that knows the event")
        }
        if let why = text("historyOther") {
            return Fault(
                code: FaultCode.historyOther, what: why,
                remedy: "name an upstream of the same history, or an empty data directory")
        }
        if let lag = number("lagSeconds"), .seconds(lag) > allowed { return lateness(lag) }
        if let why = text("readOnly") {
            return Fault(
                code: FaultCode.readOnly, what: "the node takes no writes: \(why)",
                remedy: "look at the node's log")
        }
        return nil
    }

    /// For longer than is allowed the node has not held its upstream's head, as far as it knows.
    private func lateness(_ lag: Double) -> Fault {
        guard let since = text("staleSince") else {
            return Fault(
                code: FaultCode.lagging, what: "the node is \(lag) s behind its upstream",
                remedy: "look at the node's load, or allow more with --max-lag")
        }
        return Fault(
            code: FaultCode.stale,
            what: "the node has been cut off from its upstream since \(since)",
            remedy: "look at the upstream and the network")
    }

    private func text(_ key: String) -> String? {
        if case .string(let text)? = document[key] { text } else { nil }
    }

    private func number(_ key: String) -> Double? {
        if case .number(let literal)? = document[key] { Double(literal) } else { nil }
    }

    // MARK: For people

    var table: String {
        var facts = TextTable(headings: ["NODE", ""])
        guard case .object(let members) = document else { return facts.text }
        for member in members {
            switch member.value {
            case .object(let inner):
                for part in inner {
                    facts.append(["\(member.key).\(part.key)", Self.shown(part.value)])
                }
            case .array(let elements) where member.key == "orphaned":
                for tail in elements { facts.append(["orphaned", Self.orphaned(tail)]) }
            case .array, .null: break
            case .bool, .number, .string:
                facts.append([member.key, Self.shown(member.value)])
            }
        }
        return facts.text + "\n" + subscribers
    }

    private var subscribers: String {
        var table = TextTable(headings: [
            "ID", "ADDRESS", "KIND", "SELECTION", "SEQ", "BEHIND", "HOW", "CONNECTED", "SENT",
        ])
        guard case .array(let rows)? = document["subscribers"] else { return table.text }
        let keys = [
            "id", "address", "kind", "selection", "seq", "behindEvents", "how", "connectedFor",
            "bytesSent",
        ]
        for row in rows { table.append(keys.map { Self.shown(row[$0] ?? .null) }) }
        return table.text
    }

    private static func orphaned(_ tail: DocumentValue) -> String {
        let facts = ["file", "epoch", "firstSeq", "lastSeq"].map { shown(tail[$0] ?? .null) }
        return "\(facts[0]): seq \(facts[2]) to \(facts[3]) of epoch \(facts[1])"
    }

    private static func shown(_ value: DocumentValue) -> String {
        switch value {
        case .null: ""
        case .bool(let flag): String(flag)
        case .number(let literal): literal
        case .string(let text): text
        case .array, .object: value.compactJSON
        }
    }
}

/// The numbers of a status document in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private var lines: [String] = []

    var text: String { lines.map { $0 + "\n" }.joined() }

    init(_ status: DocumentValue) {
        info(status)
        gauge("cattail_epoch", "Number of the epoch.", status["epoch"])
        gauge("cattail_seq", "Seq of the head.", status["seq"])
        gauge("cattail_lag_events", "Events behind the upstream.", status["lagEvents"])
        gauge("cattail_lag_seconds", "Seconds behind the upstream.", status["lagSeconds"])
        flag(
            "cattail_stale", "Whether the node is cut off from its upstream.", status["staleSince"])
        flag("cattail_read_only", "Whether the node takes no writes.", status["readOnly"])
        flag(
            "cattail_history_other", "Whether the node's history is not its upstream's.",
            status["historyOther"])
        flag("cattail_not_serving", "Whether the node serves no state.", status["notServing"])
        gauge("cattail_min_acks", "Voters that must have what is acknowledged.", status["minAcks"])
        gauge("cattail_promised_epoch", "Greatest epoch promised.", status["promisedEpoch"])
        if case .array(let tails)? = status["orphaned"] {
            gauge(
                "cattail_orphaned_tails", "Tails that left the log and are kept aside.",
                .integer(tails.count))
        }
        gauge("cattail_connections", "Open connections.", status["connections"])
        gauge("cattail_subscribers", "Subscribers.", status["subscribersTotal"])
        gauge(
            "cattail_subscriber_behind_events_max", "Events that the slowest is behind.",
            status["behindEventsMax"])
        gauge("cattail_log_bytes", "Size of the log with its WAL.", status["log"]?["bytes"])
        gauge("cattail_log_first_seq", "First seq in the log.", status["log"]?["firstSeq"])
        gauge("cattail_log_free_bytes", "Free space for the log.", status["log"]?["freeBytes"])
        gauge("cattail_log_days_left", "Days until it is full.", status["log"]?["daysLeft"])
        gauge("cattail_views_seq", "Seq of the view in memory.", status["views"]?["seq"])
        gauge(
            "cattail_views_stored_seq", "Seq of the view on disk.", status["views"]?["storedSeq"])
        gauge("cattail_endpoints", "Live endpoints.", status["views"]?["endpoints"])
        gauge(
            "cattail_certificate_not_after_seconds",
            "When the node's certificate ends, in Unix time.", status["tls"]?["notAfterSeconds"])
        gauge(
            "cattail_revoked_certificates", "Certificates that lists take back.",
            status["tls"]?["revoked"])
        counters(status["counters"])
    }

    private mutating func info(_ status: DocumentValue) {
        guard case .string(let role)? = status["role"], case .string(let log)? = status["logID"]
        else { return }
        head("cattail_info", "Which node this is.", "gauge")
        lines.append("cattail_info{role=\"\(role)\",log=\"\(log)\"} 1")
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: DocumentValue?) {
        guard case .number(let literal)? = value else { return }
        head(name, help, "gauge")
        lines.append("\(name) \(literal)")
    }

    private mutating func flag(_ name: String, _ help: String, _ value: DocumentValue?) {
        let isSet = if case .string? = value { true } else { false }
        gauge(name, help, .integer(isSet ? 1 : 0))
    }

    /// `eventsPublished` becomes `cattail_events_published_total`; `resyncs.snapshot` becomes
    /// `cattail_resyncs_total{how="snapshot"}`.
    private mutating func counters(_ counters: DocumentValue?) {
        guard case .object(let members)? = counters else { return }
        var named: Set<String> = []
        for member in members {
            guard case .number(let literal) = member.value else { continue }
            let parts = member.key.split(separator: ".", maxSplits: 1).map(String.init)
            let name = "cattail_\(Self.snake(parts[0]))_total"
            if named.insert(name).inserted { head(name, "Since the start.", "counter") }
            let label = parts.count > 1 ? "{\(Self.label(of: parts[0]))=\"\(parts[1])\"}" : ""
            lines.append("\(name)\(label) \(literal)")
        }
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        lines.append("# HELP \(name) \(help)")
        lines.append("# TYPE \(name) \(type)")
    }

    private static func label(of counter: String) -> String {
        counter == "closings" ? "code" : "how"
    }

    private static func snake(_ name: String) -> String {
        name.unicodeScalars.reduce(into: "") { snake, scalar in
            if scalar.properties.isUppercase { snake += "_" }
            snake += scalar.properties.lowercaseMapping
        }
    }
}
