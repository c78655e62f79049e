internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import SyncProtocol
internal import SyncTransport

extension ServingLoop {
    /// The answer to a status query.
    func statusJSON() -> [UInt8] { statusReport().json }

    private func statusReport() -> StatusReport {
        let report = health.now
        let lagEvents =
            report.upstreamHead > hub.position.seq
            ? report.upstreamHead.rawValue - hub.position.seq.rawValue : 0
        let lagSeconds = report.staleSince.map { seconds(since: $0) } ?? 0
        return StatusReport(
            role: role == .leader ? "leader" : "follower", position: hub.position,
            time: lastEventTime, upstream: report.upstream,
            leader: role == .leader ? advertise : report.leader,
            staleSince: report.staleSince, readOnly: report.readOnly, lagEvents: lagEvents,
            lagSeconds: lagSeconds, subscribers: subscriberRows(),
            logBytes: FileSystem.size(of: DataDirectory.logPath(in: directory)) ?? 0,
            freeBytes: FileSystem.volumeSpace(of: directory)?.freeBytes,
            digest: hub.state.digest, count: hub.state.count,
            connections: connectionCount.current, counters: hub.counters)
    }

    private func seconds(since time: Timestamp) -> Double {
        Double(max(0, clock.now().microseconds - time.microseconds)) / 1_000_000
    }

    private func subscriberRows() -> [StatusReport.SubscriberRow] {
        connections.values.compactMap { connection in
            guard let seq = hub.heldSeq(of: connection.id) else { return nil }
            return connection.row(held: seq, head: hub.position.seq, now: now)
        }.sorted { $0.id < $1.id }
    }
}
