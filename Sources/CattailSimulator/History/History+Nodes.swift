internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import Projection
internal import SyncProtocol

/// What nodes do.
extension History {
    /// A log was opened: everything that the node had said to be durable is in it (G1), each event
    /// as it was (G3), and the view is its fold (G5).
    func opened(_ node: SimulatedNode, _ files: NodeFiles) {
        counts.restarts += 1
        var log: [Int] = []
        do {
            let rows = try RawLog.rows(of: "\(node.storage.folder)/log.sqlite")
            for row in rows {
                guard let index = take(row, behind: log.last ?? -1, node) else { return }
                log.append(index)
            }
            try settle(node, log)
        } catch { return violates("G1", "\(node.host): its log cannot be read: \(error)") }
        let before = logs[node.number] ?? []
        if !log.starts(with: before) {
            let common = zip(log, before).prefix { $0 == $1 }.count
            return violates(
                "G1",
                "\(node.host) had \(before.count) events and comes back with \(log.count),"
                    + " the same up to \(common)")
        }
        logs[node.number] = log
        checkView(node, files.views.view.view, log)
    }

    private func take(_ row: RawLog.Row, behind parent: Int, _ node: SimulatedNode) -> Int? {
        guard let record = try? EncodedRecord(validating: row.record) else {
            violates("G3", "\(node.host): the record at \(row.seq) does not read")
            return nil
        }
        let index = event(behind: parent, record: record, at: node.number)
        guard events[index].chain == row.chain, row.seq == events[index].seq else {
            violates("G3", "\(node.host): the chain at \(row.seq) is another")
            return nil
        }
        return index
    }

    /// What left the log when the node stepped down is in a file of its own (G10).
    private func settle(_ node: SimulatedNode, _ log: [Int]) throws {
        guard let tail = owed[node.number] else { return }
        let kept = Set(try RawLog.orphans(in: node.storage.folder).map(\.chain))
        for index in tail where !log.contains(index) && !kept.contains(events[index].chain) {
            violates("G10", "\(node.host) dropped seq \(events[index].seq) unseen")
        }
        owed[node.number] = nil
    }

    private func checkView(_ node: SimulatedNode, _ view: EndpointView, _ log: [Int]) {
        let expected = fold(log.last ?? -1)
        var found = 0
        for item in view.items {
            found += 1
            guard let index = expected[item.key], events[index].itemBytes == item.bytes else {
                return violates(
                    "G5", "\(node.host): \(item.key) at seq \(item.seq) is not in the fold")
            }
        }
        if found != expected.count || view.seq.rawValue != UInt64(log.count) {
            violates(
                "G5",
                "\(node.host): the view at \(view.seq) has \(found) endpoints, the fold at"
                    + " \(log.count) has \(expected.count)")
        }
    }

    func refused(_ node: SimulatedNode, _ why: String) {
        violates("G1", "\(node.host) cannot be started again: \(why)")
    }

    /// A batch is durable at the node.
    func stored(_ node: SimulatedNode, _ batch: CommittedBatch, by role: NodeRole) {
        var log = logs[node.number] ?? []
        for record in batch.records {
            let known = events.count
            let index = event(behind: log.last ?? -1, record: record, at: node.number)
            if case .follower = role, index >= known, !begins(index, at: node) {
                violates("G4", "\(node.host) follows an event that no leader has: \(record.seq)")
            }
            log.append(index)
        }
        logs[node.number] = log
        guard let last = log.last, events[last].chain == batch.position.chain.bytes,
            events[last].epoch == batch.position.epoch
        else { return violates("G3", "\(node.host): its position is not that of its events") }
        world.trace.note(node.host, "stores to \(batch.position.seq)")
    }

    /// Between this event and the next it becomes a leader.
    private func begins(_ index: Int, at node: SimulatedNode) -> Bool {
        guard case .epoch = events[index].kind else { return false }
        return elections[events[index].epoch]?.node == node.number
    }

    func elected(_ node: SimulatedNode, _ epoch: Epoch, isForced: Bool) {
        elections[epoch] = Election(node: node.number, isForced: isForced)
        world.trace.note(
            node.host, "may lead epoch \(epoch.number)\(isForced ? ", by force" : "")")
    }

    /// Its log is made anew; what it was made of is read when it is opened.
    func restored(_ node: SimulatedNode, _ epoch: Epoch) {
        counts.restored += 1
        cuts[node.number, default: 0] += 1
        logs[node.number] = nil
        owed[node.number] = nil
        elected(node, epoch, isForced: true)
    }

    func begun(_ node: SimulatedNode) { counts.elections += 1 }

    func steppedDown(_ node: SimulatedNode, behind: Seq?) {
        counts.stepDowns += 1
        guard let behind, let log = logs[node.number], log.count > Int(behind.rawValue) else {
            return
        }
        let tail = Array(log[Int(behind.rawValue)...])
        counts.orphaned += tail.count
        cuts[node.number, default: 0] += 1
        owed[node.number, default: []] += tail
        logs[node.number] = Array(log[..<Int(behind.rawValue)])
    }

    // MARK: Answers

    /// A leader answers: what it says is stored is stored there, and on as many voters as must have
    /// it (G1, G10).
    func answers(_ node: SimulatedNode, _ answers: [Answer]) {
        let log = logs[node.number] ?? []
        for answer in answers where answer.outcome != .failed {
            let place = Int(answer.seq.rawValue) - 1
            guard log.indices.contains(place) else {
                return violates("G1", "\(node.host) answers \(answer.seq) and has \(log.count)")
            }
            checkVoters(node, log[place], log)
            acknowledged[log[place]] = node.host
            counts.acknowledged += 1
        }
    }

    private func checkVoters(_ node: SimulatedNode, _ index: Int, _ log: [Int]) {
        // A voter whose disk was replaced has forgotten what it had acknowledged.
        guard counts.restored == 0, let head = node.process?.hub.position.seq.rawValue else {
            return
        }
        let place = Int(events[index].seq) - 1
        var current: (voters: [String], minAcks: Int) = ([], 0)
        var previous = current
        for one in log.prefix(Int(head)) {
            if case .membership(let voters, let minAcks) = events[one].kind {
                previous = current
                current = (voters, minAcks)
            }
        }
        let isSettled = previous == current
        for (number, electorate) in [current, previous].enumerated() {
            let have = electorate.voters.count { voter in
                if voter == node.address { return number == 1 && !isSettled }
                guard let other = world.node(at: voter), let its = logs[other.number] else {
                    return false
                }
                return its.indices.contains(place) && its[place] == index
            }
            if have < electorate.minAcks {
                violates(
                    "G10",
                    "\(node.host) answers seq \(events[index].seq), which \(have) of"
                        + " \(electorate.minAcks) voters have")
            }
        }
    }

    // MARK: Faults that nobody planted

    func refusal(_ node: SimulatedNode, _ refusal: Refusal) {
        guard refusal.code != "not-stored", refusal.code != "epoch-deposed" else { return }
        violates("G6", "what \(node.host) sent is refused: \(refusal.code) at \(refusal.seq)")
    }

    func unreadable(_ node: SimulatedNode, _ code: String) {
        violates("G4", "\(node.host) cannot read its upstream: \(code)")
    }

    func feedDiffers(_ node: SimulatedNode, at seq: Seq) {
        violates("G6", "a feed of \(node.host) differs from the view at \(seq)")
    }

    func wrote(to who: String, inFlight: Int, more: Int, limits: FeedLimits) {
        let bound = 2 * (limits.inFlightBytes + limits.frameBytes) + 8_192
        if inFlight > bound { violates("G9", "\(who) has \(inFlight) bytes in flight") }
    }

    func cutAsSilent(_ who: String, quietFor milliseconds: UInt64) {
        if milliseconds < 28_000 {
            violates("G9", "\(who) is cut as silent after \(milliseconds) ms")
        }
    }
}
