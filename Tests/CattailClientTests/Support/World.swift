import CattailClient
import EndpointModel
import EndpointState
import SyncProtocol

/// A log of endpoints as a server would keep it, small and plain: the judge of what a subscriber
/// holds.
struct World {
    let logID: LogID
    private(set) var epoch: Epoch
    /// Behind event n stands states[n].
    private(set) var states: [[EndpointKey: EncodedItem]] = [[:]]
    /// Event n is changes[n - 1].
    private(set) var changes: [Change] = []
    private(set) var positions: [Position]

    init(logID: UInt64 = 1) {
        self.logID = LogID(high: 7, low: logID)
        epoch = Epoch(number: 1, leaderID: 1)
        positions = [.origin(of: self.logID)]
    }

    var head: Position { positions[positions.count - 1] }
    var now: [EndpointKey: EncodedItem] { states[states.count - 1] }

    static func key(_ number: Int) -> EndpointKey {
        EndpointKey(namespace: "ns\(number % 3)", name: "endpoint-\(number)")
    }

    mutating func put(_ number: Int, _ text: String) {
        let key = Self.key(number)
        var endpoint = WorkloadEndpoint()
        endpoint.spec.node = "node-\(number % 4)"
        endpoint.spec.containerID = text
        endpoint.metadata.labels = ["app": text]
        let seq = head.seq.next
        let old = now[key]
        guard let uid = UID("00000000-0000-4000-8000-\(String(format12(number)))") else {
            preconditionFailure("uid of \(number)")
        }
        let item = endpoint.encodedEndpoint().withUnsafeBytes { bytes in
            try? EncodedItem.put(
                seq: seq, previousSeq: old?.seq ?? .zero, key: key, uid: uid,
                creationTime: Timestamp(seconds: 1), endpoint: bytes)
        }
        guard let item else { preconditionFailure("item of \(number)") }
        var next = now
        next[key] = item
        append(.put(item), next)
    }

    mutating func delete(_ number: Int) {
        let key = Self.key(number)
        guard now[key] != nil else { return }
        var next = now
        next[key] = nil
        append(.removal(Removal(seq: head.seq.next, key: key)), next)
    }

    /// A new leader goes on from `seq`; what stood behind is another history's.
    mutating func fork(at seq: Seq) {
        let count = Int(seq.rawValue)
        states.removeSubrange((count + 1)...)
        changes.removeSubrange(count...)
        positions.removeSubrange((count + 1)...)
        epoch = Epoch(number: epoch.number + 1, leaderID: epoch.leaderID + 1)
    }

    func position(_ seq: Seq) -> Position { positions[Int(seq.rawValue)] }

    func digest(at seq: Seq) -> StateDigest {
        var digest = StateDigest.empty
        for item in states[Int(seq.rawValue)].values { digest.add(item.hash) }
        return digest
    }

    func mark(_ seq: Seq, _ sync: SyncState = .more) -> Mark {
        Mark(
            position: position(seq), digest: digest(at: seq),
            count: UInt64(states[Int(seq.rawValue)].count), sync: sync)
    }

    /// As a server says it to who asked for everything.
    func resync(_ how: How, _ start: Position) -> Resync {
        Resync(how: how, start: start, fingerprint: Selection.everything.fingerprint)
    }

    func deltas(after seq: Seq, through end: Seq) -> [Change] {
        Array(changes[Int(seq.rawValue)..<Int(end.rawValue)])
    }

    /// Each key with an event in between, judged at the end; with removals of what never was
    /// held, as a server may send them.
    func netChange(after seq: Seq, through end: Seq) -> [Change] {
        var last: [EndpointKey: Change] = [:]
        for change in deltas(after: seq, through: end) {
            switch change {
            case .put(let item): last[item.key] = change
            case .removal(let removal): last[removal.key] = change
            case .patch: preconditionFailure("the world makes no patches")
            }
        }
        return last.values.sorted { $0.seq < $1.seq }
    }

    /// The items behind `key` in the order of keys, as they are now.
    func items(after key: EndpointKey?) -> [Change] {
        now.values.sorted { $0.key < $1.key }
            .filter { item in key.map { $0 < item.key } ?? true }.map { .put($0) }
    }

    private mutating func append(_ change: Change, _ next: [EndpointKey: EncodedItem]) {
        let seq = head.seq.next
        changes.append(change)
        states.append(next)
        let link = Hash256.of(Array("\(logID) \(epoch) \(seq)".utf8))
        positions.append(
            Position(
                logID: logID, epoch: epoch, seq: seq, chain: head.chain.followed(by: link)))
    }
}

private func format12(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
}

/// What a subscriber has been told, put together by the simplest means; it judges each change.
struct Mirror {
    private(set) var items: [EndpointKey: EncodedItem] = [:]
    private(set) var marks: [Position] = []
    private(set) var faults: [String] = []
    private(set) var changeCount = 0

    mutating func take(_ batch: EndpointChanges) {
        for change in batch.changes {
            changeCount += 1
            switch change {
            case .put(let item):
                if items[item.key]?.hash == item.hash { faults.append("\(item.key) told twice") }
                items[item.key] = item
            case .removal(let key, _):
                if items.removeValue(forKey: key) == nil { faults.append("\(key) was not held") }
            }
        }
        marks.append(batch.mark.position)
        var digest = StateDigest.empty
        for item in items.values { digest.add(item.hash) }
        if digest != batch.mark.digest { faults.append("mark \(batch.mark.seq): digest") }
        if batch.state.count != items.count { faults.append("mark \(batch.mark.seq): count") }
    }

    func equals(_ world: World, at seq: Seq) -> Bool {
        let expected = world.states[Int(seq.rawValue)]
        return expected.count == items.count
            && expected.allSatisfy { items[$0.key]?.hash == $0.value.hash }
    }
}
