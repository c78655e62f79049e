internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import ReplicaCore
internal import SyncProtocol
internal import SyncTransport

extension ServingLoop {
    func statusReport() -> StatusReport {
        let report = health.now
        let lagEvents =
            report.upstreamHead > hub.position.seq
            ? report.upstreamHead.rawValue - hub.position.seq.rawValue : 0
        let lagSince = [report.staleSince, report.behindSince].compactMap(\.self).min()
        let lagSeconds = lagSince.map { seconds(since: $0) } ?? 0
        let logPath = DataDirectory.logPath(in: directory)
        let logBytes = [logPath, logPath + "-wal"].reduce(0) {
            $0 + (FileSystem.size(of: $1) ?? 0)
        }
        let freeBytes = FileSystem.volumeSpace(of: directory)?.freeBytes
        return StatusReport(
            role: role == .leader ? "leader" : "follower", nodeID: nodeID, position: hub.position,
            time: eventTimes?.upperBound, upstream: report.upstream,
            leader: role == .leader ? advertise : report.leader,
            staleSince: report.staleSince, readOnly: report.readOnly, parting: report.parting,
            membership: hub.view.membership, promised: failover.pledge.epoch, orphaned: orphans,
            unknownEvent: hub.view.unknownEvent, lagEvents: lagEvents,
            lagSeconds: lagSeconds, subscribers: subscriberRows(),
            logBytes: logBytes, freeBytes: freeBytes,
            daysLeft: daysLeft(logBytes, freeBytes),
            digest: hub.state.digest, count: hub.state.count, storedSeq: views.storedSeq,
            connections: connectionCount.current, counters: hub.counters,
            refusals: refusals, rejections: security?.rejections ?? 0,
            closings: closings.counts,
            certificate: security?.node.credentials.current?.own?.validity.notAfter,
            revokedCount: security?.node.revokedCount)
    }

    /// Until the volume is full if the log goes on growing as it has; nil while it is younger than
    /// an hour, which says nothing of a day.
    private func daysLeft(_ logBytes: UInt64, _ freeBytes: UInt64?) -> Double? {
        guard let freeBytes, let eventTimes, logBytes > 0 else { return nil }
        let micros = eventTimes.upperBound.microseconds - eventTimes.lowerBound.microseconds
        let days = Double(micros) / 86_400e6
        guard days >= 1.0 / 24 else { return nil }
        return (Double(freeBytes) / (Double(logBytes) / days) * 10).rounded() / 10
    }

    private func seconds(since time: Timestamp) -> Double {
        Double(max(0, clock.now().microseconds - time.microseconds)) / 1_000_000
    }

    private func subscriberRows() -> [StatusReport.SubscriberRow] {
        connections.values.compactMap { connection in
            guard let progress = hub.progress(of: connection.id) else { return nil }
            return connection.row(progress, head: hub.position.seq, now: now)
        }.sorted { $0.id < $1.id }
    }
}
