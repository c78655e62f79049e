import EndpointModel
import EndpointState
import Feeds

/// A log in memory: every record, and the state behind each. Truth is read off it naively.
struct ModelLog {
    private(set) var records: [EncodedRecord] = []
    /// Behind each seq; the first is the origin.
    private(set) var positions: [Position]
    private(set) var views: [EndpointView]

    /// None until one begins: the model does without the event that begins a log.
    private(set) var epoch = Epoch.none

    init(logID: LogID = LogID(high: 0x4000, low: 0x8000_0000_0000_c0de)) {
        positions = [.origin(of: logID)]
        views = [EndpointView()]
    }

    var head: Position { positions[positions.count - 1] }
    var view: EndpointView { views[views.count - 1] }

    func position(at seq: Seq) -> Position { positions[Int(seq.rawValue)] }
    func item(at seq: Seq) -> EncodedItem { records[Int(seq.rawValue) - 1].item }

    /// What a subscriber of the selection must hold at `seq`, by the bytes of each item.
    func truth(_ selection: Selection, at seq: Seq) -> [EndpointKey: [UInt8]] {
        var held: [EndpointKey: [UInt8]] = [:]
        for item in views[Int(seq.rawValue)].items where selection.matches(item) {
            held[item.key] = item.bytes
        }
        return held
    }

    /// The keys that were in the selection at any seq in the range.
    func everMatched(_ selection: Selection, in seqs: ClosedRange<UInt64>) -> Set<EndpointKey> {
        var keys = Set(truth(selection, at: Seq(seqs.lowerBound)).keys)
        for seq in seqs where seq > 0 {
            let item = item(at: Seq(seq))
            if selection.matches(item) { keys.insert(item.key) }
        }
        return keys
    }

    // MARK: Growing

    struct Wish {
        var key: EndpointKey
        /// Nil deletes.
        var endpoint: WorkloadEndpoint?
    }

    /// The events of one commit; a delete of what is not there makes none.
    mutating func commit(_ wishes: [Wish]) throws -> CommittedBatch? {
        let first = records.count
        var changes: [EndpointView.Change] = []
        for wish in wishes {
            if let change = try append(wish) { changes.append(change) }
        }
        guard records.count > first else { return nil }
        return CommittedBatch(records: Array(records[first...]), changes: changes, position: head)
    }

    /// An event that no endpoint is touched by, as far as is known, behind others in one commit.
    mutating func commitControl(
        _ criticality: ControlEvent.Criticality, behind wishes: [Wish]
    ) throws -> CommittedBatch {
        let first = records.count
        var changes = try wishes.compactMap { try append($0) }
        let control = ControlEvent.unknown(type: 9, criticality: criticality)
        changes.append(try take(.control(seq: head.seq.next, control)))
        return CommittedBatch(records: Array(records[first...]), changes: changes, position: head)
    }

    /// A control event alone.
    mutating func commit(_ event: ControlEvent) throws -> CommittedBatch {
        if case .epoch(let begun) = event { epoch = begun }
        let change = try take(.control(seq: head.seq.next, event))
        return CommittedBatch(
            records: [records[records.count - 1]], changes: [change], position: head)
    }

    /// Another leader goes on, in one commit with what it does first.
    mutating func commitEpoch(before wishes: [Wish]) throws -> CommittedBatch {
        let first = records.count
        epoch = Epoch(number: epoch.number + 1, leaderID: epoch.leaderID &* 31 &+ 7)
        var changes = [try take(.control(seq: head.seq.next, .epoch(epoch)))]
        changes += try wishes.compactMap { try append($0) }
        return CommittedBatch(records: Array(records[first...]), changes: changes, position: head)
    }

    private mutating func append(_ wish: Wish) throws -> EndpointView.Change? {
        let standing = view.item(forKey: wish.key)
        let seq = head.seq.next
        guard let endpoint = wish.endpoint else {
            guard let standing, let uid = standing.uid else { return nil }
            return try take(
                .delete(seq: seq, previousSeq: standing.seq, key: wish.key, uid: uid))
        }
        var dice = Dice(seed: seq.rawValue)
        let uid = standing?.uid ?? UID.random(using: &dice)
        let item = try endpoint.encodedEndpoint().withUnsafeBytes { bytes in
            try EncodedItem.put(
                seq: seq, previousSeq: view.lastSeq(of: wish.key), key: wish.key, uid: uid,
                creationTime: standing?.creationTime ?? Timestamp(seconds: 1_700_000_000),
                endpoint: bytes)
        }
        return try take(item)
    }

    private mutating func take(_ item: EncodedItem) throws -> EndpointView.Change {
        let time = Timestamp(seconds: 1_700_000_000 + Int64(item.seq.rawValue))
        let record = EncodedRecord(
            item: item,
            audit: AuditPart(epochNumber: max(1, epoch.number), time: time, wallTime: time))
        var next = view
        let change = try next.fold(item)
        records.append(record)
        views.append(next)
        positions.append(
            Position(
                logID: head.logID, epoch: epoch, seq: item.seq,
                chain: head.chain.followed(by: record.hash)))
        return change
    }
}

/// The model log as a catch-up reads it, so few events at a time that pages are many.
struct ModelEvents: EventSource {
    let log: ModelLog
    let eventsPerRead: UInt64

    func events(from first: Seq, through last: Seq) throws -> [SourcedEvent] {
        let end = min(last.rawValue, first.rawValue + eventsPerRead - 1)
        return (first.rawValue...end).map { seq in
            SourcedEvent(
                record: log.records[Int(seq) - 1], chain: log.position(at: Seq(seq)).chain)
        }
    }

    func item(at seq: Seq) throws -> EncodedItem { log.item(at: seq) }

    func itemAtHand(_ seq: Seq) -> EncodedItem? {
        seq.rawValue % 3 == 0 ? log.item(at: seq) : nil
    }
}
