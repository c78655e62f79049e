internal import EndpointModel
internal import EndpointState
internal import SQLiteStore

/// Reads a views file whole and believes nothing: every item is validated, order, counts, digest
/// and sums are recomputed. What is not right throws `ViewFault` (or what SQLite says), and the
/// file is thrown away.
struct ViewLoading {
    let connection: SQLiteConnection

    func load() throws -> (view: PositionedView, stored: StoredPosition) {
        try ViewFile.check(connection)
        let stored = try position()
        var state = try endpoints()
        guard state.digest == stored.digest, state.count == stored.liveCount else {
            throw ViewFault(
                "its endpoints have digest \(state.digest), and it says \(stored.digest)")
        }
        state.advance(to: stored.unknownEvent?.lastKnown ?? stored.position.seq)
        let (tombstones, sum) = try tombstones()
        guard sum == stored.tombstoneSum, tombstones.count == stored.deadCount else {
            throw ViewFault("its tombstones have sum \(sum), and it says \(stored.tombstoneSum)")
        }
        let view =
            if let unknownEvent = stored.unknownEvent {
                EndpointView(
                    state: state, tombstones: tombstones, control: stored.control,
                    before: unknownEvent, seq: stored.position.seq)
            } else {
                EndpointView(
                    state: state, tombstones: tombstones, control: stored.control)
            }
        return (PositionedView(view: view, position: stored.position), stored)
    }

    /// Where the file says that it is, guarded by its checksum.
    func position() throws -> StoredPosition {
        let query = try SQLiteStatement(
            connection,
            """
            SELECT log_id, epoch, leader_id, seq, chain, digest, tombstone_sum, live, dead, \
            checksum, unknown_seq, unknown_type, control FROM position WHERE id = 1
            """)
        guard try query.step(),
            let logID = query.withBlob(0, { LogID(bytes: $0) }) ?? nil,
            let epoch = query.integer(1), let leaderID = query.integer(2),
            let seq = query.integer(3), let chain = hash(query, 4), let digest = hash(query, 5),
            let sum = hash(query, 6), let live = query.integer(7), let dead = query.integer(8),
            let checksum = hash(query, 9), live >= 0, dead >= 0, seq >= 0,
            let unknownSeq = query.integer(10), (0...seq).contains(unknownSeq),
            let unknownType = query.integer(11).flatMap({ UInt32(exactly: $0) }),
            let control = control(query, 12)
        else { throw ViewFault("it holds no position") }
        let stored = StoredPosition(
            position: Position(
                logID: logID,
                epoch: Epoch(
                    number: UInt64(bitPattern: epoch), leaderID: UInt64(bitPattern: leaderID)),
                seq: Seq(UInt64(seq)), chain: chain),
            digest: StateDigest(sum: digest), tombstoneSum: StateDigest(sum: sum),
            liveCount: Int(live), deadCount: Int(dead),
            unknownEvent: unknownSeq == 0
                ? nil : UnknownEvent(seq: Seq(UInt64(unknownSeq)), type: unknownType),
            control: control)
        guard checksum == stored.checksum else {
            throw ViewFault(
                "its position does not match its checksum: it is damaged, or of a version that "
                    + "knows other control events")
        }
        return stored
    }

    private func control(_ query: SQLiteStatement, _ column: Int32) -> ControlStanding? {
        query.withBlob(column) { try? ControlStanding(encoded: $0) } ?? nil
    }

    private func hash(_ query: SQLiteStatement, _ column: Int32) -> Hash256? {
        query.withBlob(column) { Hash256(bytes: $0) } ?? nil
    }

    private func endpoints() throws -> EndpointSet {
        var state = EndpointSet()
        let query = try SQLiteStatement(
            connection, "SELECT namespace, name, seq, item FROM endpoints ORDER BY 1, 2")
        while try query.step() {
            guard query.blobBytes(3) <= EncodedItem.byteLimit,
                let found = query.withBlob(
                    3,
                    { raw in Result { () throws(WireError) in try EncodedItem(validating: raw) } })
            else { throw ViewFault("an endpoint behind \(last(of: state)) does not read") }
            let item = try found.get()
            guard isKey(of: item, in: query),
                query.integer(2) == Int64(clamping: item.seq.rawValue),
                state.append(item) != nil
            else { throw ViewFault("the endpoint behind \(last(of: state)) is out of place") }
        }
        return state
    }

    private func isKey(of item: EncodedItem, in query: SQLiteStatement) -> Bool {
        query.withBlob(0) { namespace in
            query.withBlob(1) { item.compareKey(namespace: namespace, name: $0) == 0 } ?? false
        } ?? false
    }

    private func last(of state: EndpointSet) -> String {
        state.items.last?.key.description ?? "the beginning"
    }

    private func tombstones() throws -> (Tombstones, StateDigest) {
        var tombstones = Tombstones()
        var sum = StateDigest.empty
        var last: KeyFingerprint?
        let query = try SQLiteStatement(
            connection, "SELECT key_fingerprint, seq FROM tombstones ORDER BY 1")
        while try query.step() {
            // Ascending, so that a page which damage has linked in twice cannot go on for ever.
            guard let key = query.withBlob(0, { KeyFingerprint(bytes: $0) }) ?? nil,
                let number = query.integer(1), let seq = UInt64(exactly: number),
                last.map({ $0 < key }) ?? true
            else { throw ViewFault("a tombstone does not read") }
            tombstones[key] = Seq(seq)
            sum.add(TombstoneHash.of(key, Seq(seq)))
            last = key
        }
        return (tombstones, sum)
    }
}
