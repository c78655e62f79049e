internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import ReplicaCore
internal import SyncProtocol

/// How a node stands, as `cattail status -o json` prints it.
struct StatusReport {
    struct SubscriberRow {
        var id: UInt64
        var address: String
        var kind: String
        var client: String
        var actor: String
        var selection: String
        var seq: Seq
        var behindEvents: UInt64
        var how: String
        var connectedForSeconds: UInt64
        var bytesSent: UInt64
        /// Of one that replicates: who it is, and where it serves.
        var nodeID: NodeID?
        var advertise: String
    }

    var role: String
    var nodeID: NodeID?
    var position: Position
    var time: Timestamp?
    var upstream: String
    var leader: String
    var staleSince: Timestamp?
    var readOnly: String?
    /// Of a follower whose history is not its upstream's.
    var parting: Parting?
    /// On how many voters an event must be before it is acknowledged, and who votes.
    var membership: MembershipStanding
    /// A higher epoch than the log's means: nothing is taken any more of the one in force.
    var promised: Epoch
    /// What left the log because a later leader's history lacks it.
    var orphaned: [OrphanFile]
    /// Why no state is served.
    var unknownEvent: UnknownEvent?
    var lagEvents: UInt64
    var lagSeconds: Double
    var subscribers: [SubscriberRow]
    var logBytes: UInt64
    var freeBytes: UInt64?
    var daysLeft: Double?
    var digest: StateDigest
    var count: Int
    /// Of the views on disk, which are written behind.
    var storedSeq: Seq
    var connections: Int
    var counters: FeedCounters
    /// What subscribers said that they do not take (R58).
    var refusals: UInt64
    /// Connections that TLS or who they are of has ended.
    var rejections: UInt64
    /// What connections ended for, by code.
    var closings: [String: UInt64]
    /// When this node's certificate ends; nil without TLS.
    var certificate: Timestamp?
    var revokedCount: Int?

    /// Where rows end: half of a frame. One row is far smaller than the other half.
    private static let rowByteLimit = 1 << 20

    /// One compact JSON document.
    ///
    /// It must fit a frame, whatever thousands of subscribers call themselves: rows that would
    /// pass the bound are left out, and counted.
    var json: [UInt8] {
        var json = JSONText()
        var omitted: UInt64 = 0
        json.object {
            $0.member("role", role)
            $0.member("nodeID", nodeID?.description)
            $0.member("logID", position.logID.description)
            $0.member("epoch", position.epoch.number)
            $0.member("seq", position.seq.rawValue)
            $0.member("chain", position.chain.description)
            $0.member("time", time?.description)
            $0.member("upstream", upstream.isEmpty ? nil : upstream)
            $0.member("leader", leader.isEmpty ? nil : leader)
            $0.member("staleSince", staleSince?.description)
            $0.member("readOnly", readOnly)
            $0.member("notServing", unknownEvent?.description)
            $0.member("historyOther", parting?.description)
            $0.member("minAcks", UInt64(membership.current.minAcks))
            $0.texts("voters", membership.voters)
            $0.member("promisedEpoch", promised.number)
            $0.array("orphaned", orphaned) { json, file in
                json.object {
                    $0.member("file", file.name)
                    $0.member("epoch", file.epochNumber)
                    $0.member("firstSeq", file.first.rawValue)
                    $0.member("lastSeq", file.last.rawValue)
                }
            }
            $0.member("lagEvents", lagEvents)
            $0.member("lagSeconds", lagSeconds)
            $0.member("connections", UInt64(clamping: connections))
            $0.array("subscribers", subscribers) { json, row in
                if json.bytes.count < Self.rowByteLimit {
                    row.write(to: &json)
                } else {
                    omitted += 1
                }
            }
            $0.member("subscribersOmitted", omitted)
            $0.member("subscribersTotal", UInt64(subscribers.count))
            $0.member("behindEventsMax", subscribers.map(\.behindEvents).max() ?? 0)
            $0.object("log") {
                $0.member("bytes", logBytes)
                $0.member("firstSeq", UInt64(1))
                $0.member("freeBytes", freeBytes)
                $0.member("daysLeft", daysLeft)
            }
            $0.object("views") {
                $0.member("seq", (unknownEvent?.lastKnown ?? position.seq).rawValue)
                $0.member("digest", digest.description)
                $0.member("endpoints", UInt64(clamping: count))
                $0.member("storedSeq", storedSeq.rawValue)
            }
            if let certificate, let revokedCount {
                $0.object("tls") {
                    $0.member("notAfter", certificate.description)
                    $0.member("notAfterSeconds", Double(certificate.microseconds / 1_000_000))
                    $0.member("revoked", UInt64(clamping: revokedCount))
                }
            }
            $0.object("counters") {
                $0.member("eventsPublished", counters.events)
                $0.member("framesEncoded", counters.framesEncoded)
                $0.member("writes", counters.writes)
                $0.member("bytesWritten", counters.bytesWritten)
                $0.member("feedsBuilt", counters.feedsBuilt)
                $0.member("feedsJudged", counters.feedsJudged)
                $0.member("feedDifferences", counters.feedDifferences)
                $0.member("refusals", refusals)
                $0.member("rejections", rejections)
                for (code, count) in closings.sorted(by: { $0.key < $1.key }) {
                    $0.member("closings.\(code)", count)
                }
                for how in How.allCases {
                    $0.member("resyncs.\(how.name)", counters.resyncs[how] ?? 0)
                }
            }
        }
        return json.bytes
    }
}

extension StatusReport.SubscriberRow {
    fileprivate func write(to json: inout JSONText) {
        json.object {
            $0.member("id", id)
            $0.member("address", address)
            $0.member("kind", kind)
            $0.member("client", client)
            $0.member("actor", actor)
            $0.member("selection", selection.cut(toBytes: 256))
            $0.member("seq", seq.rawValue)
            $0.member("behindEvents", behindEvents)
            $0.member("how", how)
            $0.member("connectedFor", connectedForSeconds)
            $0.member("bytesSent", bytesSent)
            $0.member("nodeID", nodeID?.description)
            $0.member("advertise", advertise.isEmpty ? nil : advertise)
        }
    }
}

extension How {
    /// As users read it.
    var name: String {
        switch self {
        case .deltas: "deltas"
        case .netChange: "net-change"
        case .snapshot: "snapshot"
        case .reset: "reset"
        }
    }
}

/// Writes compact JSON of texts and numbers that this program made: all that a report needs.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func object(_ body: (inout JSONText) -> Void) {
        separate()
        open("{")
        body(&self)
        close("}")
    }

    mutating func object(_ key: String, _ body: (inout JSONText) -> Void) {
        name(key)
        open("{")
        body(&self)
        close("}")
    }

    mutating func array<Element>(
        _ key: String, _ elements: [Element], _ body: (inout JSONText, Element) -> Void
    ) {
        name(key)
        open("[")
        for element in elements { body(&self, element) }
        close("]")
    }

    mutating func texts(_ key: String, _ values: [String]) {
        name(key)
        open("[")
        for value in values {
            separate()
            text(value)
            needsComma = true
        }
        close("]")
    }

    mutating func member(_ key: String, _ value: String?) {
        name(key)
        if let value { text(value) } else { raw("null") }
        needsComma = true
    }

    mutating func member(_ key: String, _ value: UInt64?) {
        name(key)
        raw(value.map { String($0) } ?? "null")
        needsComma = true
    }

    mutating func member(_ key: String, _ value: Double?) {
        name(key)
        raw(value.flatMap { $0.isFinite ? String($0) : nil } ?? "null")
        needsComma = true
    }

    private mutating func name(_ key: String) {
        separate()
        text(key)
        raw(":")
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { raw(",") }
        needsComma = false
    }

    private mutating func open(_ bracket: String) {
        raw(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: String) {
        raw(bracket)
        needsComma = true
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func text(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                raw("\\u00" + Hexadecimal.text([byte]))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
