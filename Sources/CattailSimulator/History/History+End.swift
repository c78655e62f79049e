internal import EndpointModel
internal import SyncProtocol

/// What holds at the end, when everything has healed and everyone has caught up.
extension History {
    /// - Parameter leader: Whose log is the history that counts.
    func judge(leader: SimulatedNode) {
        let log = logs[leader.number] ?? []
        checkFollowers(leader, log)
        checkOnce(log)
        checkAcknowledged(log)
    }

    /// Everybody has the leader's log (G4).
    private func checkFollowers(_ leader: SimulatedNode, _ log: [Int]) {
        for node in world.nodes where logs[node.number] != log {
            violates(
                "G4",
                "\(node.host) has \(logs[node.number]?.count ?? 0) events, the leader"
                    + " \(leader.host) \(log.count), and they are not the same")
        }
    }

    /// A request took effect once (G11).
    private func checkOnce(_ log: [Int]) {
        var seen: [String: UInt64] = [:]
        for index in log {
            let event = events[index]
            guard !event.requestID.isEmpty else { continue }
            if let before = seen[event.requestID] {
                violates("G11", "\(event.requestID) is at seq \(before) and at \(event.seq)")
            }
            seen[event.requestID] = event.seq
        }
    }

    /// What was acknowledged is there (G1), unless an operator's force gave it up (G10).
    private func checkAcknowledged(_ log: [Int]) {
        for (index, who) in acknowledged.sorted(by: { $0.key < $1.key }) {
            let place = Int(events[index].seq) - 1
            if log.indices.contains(place), log[place] == index { continue }
            if wasForced(index, from: log) { continue }
            let fork = parting(of: index, from: log)
            guard fork < log.count else {
                return violates("G1", "seq \(events[index].seq) of \(who) is lost")
            }
            let event = events[log[fork]]
            guard case .epoch = event.kind, let election = elections[event.epoch] else {
                return violates(
                    "G10", "seq \(events[index].seq) of \(who) is lost to seq \(event.seq)")
            }
            if !election.isForced {
                return violates(
                    "G10",
                    "seq \(events[index].seq) of \(who) is lost to epoch"
                        + " \(event.epoch.number), which was not forced")
            }
        }
    }

    /// Whether the history of the event, where it parts from the log, began by force: whoever is told
    /// by such a leader is told by one of two.
    private func wasForced(_ index: Int, from log: [Int]) -> Bool {
        var place = index
        while place >= 0 {
            let event = events[place]
            let isCommon =
                event.parent < 0
                || log.indices.contains(Int(event.seq) - 2)
                    && log[Int(event.seq) - 2] == event.parent
            if isCommon {
                guard case .epoch = event.kind else { return false }
                return elections[event.epoch]?.isForced ?? false
            }
            place = event.parent
        }
        return false
    }

    /// The place in the log of the first event that the other history does not have.
    private func parting(of index: Int, from log: [Int]) -> Int {
        var place = index
        while place >= 0 {
            let seq = Int(events[place].seq)
            if log.indices.contains(seq - 1), log[seq - 1] == place { return seq }
            place = events[place].parent
        }
        return 0
    }
}
