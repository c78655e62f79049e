import EndpointModel
import EndpointState
import SyncProtocol

/// One batch on its way to a plan: the view that stands, and on top of it what the mutations
/// before have planned.
struct CommitPlanner {
    /// By bytes, as the log's index has it: two texts of different bytes may be equal strings.
    private struct Request: Hashable {
        let mutation: AdmittedMutation

        init(_ mutation: AdmittedMutation) { self.mutation = mutation }

        static func == (left: Request, right: Request) -> Bool {
            ByteOrder.equal(left.mutation.requestID, right.mutation.requestID)
                && ByteOrder.equal(left.mutation.actor.name, right.mutation.actor.name)
        }

        func hash(into hasher: inout Hasher) {
            mutation.requestID.utf8.span.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    private let view: KeyedView
    private var gate: WriteGate
    private let wallTime: Timestamp
    /// The item of each key's last planned event.
    private var overlay: KeyTable
    private var requestsInBatch: [Request: Int] = [:]
    private(set) var plan: CommitPlan
    private(set) var uids: SeededGenerator

    /// - Parameter count: Mutations that will come.
    init(
        view: KeyedView, rights: RightsStanding, head: Position, time: Timestamp,
        wallTime: Timestamp, uids: SeededGenerator, count: Int
    ) {
        self.view = view
        gate = WriteGate(rights)
        overlay = KeyTable(shardBits: 0, reserving: count)
        requestsInBatch.reserveCapacity(count)
        self.wallTime = wallTime
        self.uids = uids
        plan = CommitPlan(head: head, time: time)
        plan.reserve(count)
    }

    /// What a decision came to.
    enum Decision {
        case event
        /// Nothing changes, or it is refused; only an answer was added.
        case answer
    }

    // MARK: Requests seen before (G11)

    /// Answers the mutation when this batch has its request ID already.
    mutating func repeatsInBatch(_ mutation: AdmittedMutation) -> Bool {
        let request = Request(mutation)
        guard let index = requestsInBatch[request] else { return false }
        repeatAnswer(of: index, for: mutation)
        return true
    }

    /// The last decision was an answer, and does not hold.
    mutating func takeBackAnswer() { plan.answers.removeLast() }

    private mutating func repeatAnswer(of index: Int, for mutation: AdmittedMutation) {
        guard plan.requests[index].requestHash == mutation.requestHash else {
            let reused = MutationFailure.requestIDReused(mutation.requestID)
            return refuse(mutation, reused, dependsOnCommit: true)
        }
        let record = plan.records[index]
        let standing = plan.outcomes[index]
        answer(mutation, standing, seq: record.seq, dependsOnCommit: true)
    }

    /// The answer that the request was given when it was new.
    mutating func answerAgain(
        _ mutation: AdmittedMutation, _ earlier: EncodedRecord, _ before: EncodedRecord?
    ) {
        guard let audit = try? earlier.audit(), audit.requestHash == mutation.requestHash else {
            return refuse(mutation, .requestIDReused(mutation.requestID))
        }
        let outcome: Outcome =
            switch earlier.item.kind {
            case .delete, .control: .deleted
            case .put: before?.item.kind == .put ? .configured : .created
            }
        answer(mutation, outcome, seq: earlier.seq, dependsOnCommit: false)
    }

    // MARK: New ones

    /// Decides a mutation whose request ID is new.
    mutating func decide(_ mutation: AdmittedMutation) -> Decision {
        let eventCount = plan.records.count
        judge(mutation)
        return plan.records.count > eventCount ? .event : .answer
    }

    private mutating func judge(_ mutation: AdmittedMutation) {
        let standing = standing(of: mutation)
        if let refusal = gate.refusal(of: mutation, standing) { return refuse(mutation, refusal) }
        switch (mutation.operation, standing) {
        case (.create, .live(let item)):
            refuse(mutation, .alreadyExists(mutation.key, standing: item))
        case (.create, .gone(let last)): create(mutation, after: last)
        case (.replace, .gone), (.delete, .gone): refuse(mutation, .notFound(mutation.key))
        case (.apply, .gone(let last)), (.importing, .gone(let last)):
            if let wanted = mutation.wanted {
                refuse(mutation, .conflict(mutation.key, wanted: wanted, standing: nil))
            } else {
                create(mutation, after: last)
            }
        case (.apply, .live(let item)), (.importing, .live(let item)), (.replace, .live(let item)):
            if conflicts(mutation, item) { return }
            update(mutation, item)
        case (.delete, .live(let item)):
            if conflicts(mutation, item) { return }
            delete(mutation, item)
        }
    }

    private mutating func conflicts(_ mutation: AdmittedMutation, _ item: EncodedItem) -> Bool {
        let seqDiffers = mutation.expectedSeq.map { $0 != item.seq } ?? false
        let uidDiffers = mutation.expectedUID.map { $0 != item.uid } ?? false
        guard seqDiffers || uidDiffers, let wanted = mutation.wanted else { return false }
        refuse(mutation, .conflict(mutation.key, wanted: wanted, standing: item))
        return true
    }

    private mutating func create(_ mutation: AdmittedMutation, after last: Seq) {
        let seconds = plan.time.microseconds / 1_000_000
        let uid = UID.random(using: &uids)
        put(
            mutation, endpoint: mutation.endpoint, previous: last, uid: uid,
            creationTime: Timestamp(seconds: seconds), outcome: .created)
    }

    private mutating func update(_ mutation: AdmittedMutation, _ item: EncodedItem) {
        let endpoint = keepingMetadata(of: item, in: mutation)
        let isSame = item.withEndpointBytes { standing in
            endpoint?.bytes.withUnsafeBytes { ByteOrder.compare($0, standing) == 0 } ?? false
        }
        guard !isSame, let uid = item.uid else {
            return answer(mutation, .unchanged, seq: item.seq, dependsOnCommit: isPlanned(item))
        }
        put(
            mutation, endpoint: endpoint, previous: item.seq, uid: uid,
            creationTime: item.creationTime, outcome: .configured)
    }

    /// Metadata other than labels and annotations stays as it stands in the store, unless the
    /// mutation brings its own: so do apply and replace in the reference.
    private func keepingMetadata(of item: EncodedItem, in mutation: AdmittedMutation)
        -> EncodedEndpoint?
    {
        guard item.keepsMetadata, mutation.operation != .importing, let bytes = mutation.endpoint,
            let standing = try? item.endpoint(),
            var wanted = try? WorkloadEndpoint(encodedEndpoint: bytes.bytes)
        else { return mutation.endpoint }
        if wanted.metadata.generateName.isEmpty {
            wanted.metadata.generateName = standing.metadata.generateName
        }
        if wanted.metadata.otherFields.isEmpty {
            wanted.metadata.otherFields = standing.metadata.otherFields
        }
        return try? EncodedEndpoint(validating: wanted.encodedEndpoint())
    }

    private mutating func put(
        _ mutation: AdmittedMutation, endpoint: EncodedEndpoint?, previous: Seq, uid: UID,
        creationTime: Timestamp, outcome: Outcome
    ) {
        do throws(WireError) {
            guard let endpoint else { throw WireError.inconsistent("a put without an endpoint") }
            let item = try EncodedItem.put(
                seq: plan.head.seq.next, previousSeq: previous, key: mutation.key, uid: uid,
                creationTime: creationTime, endpoint: endpoint)
            take(item, mutation, outcome)
        } catch {
            refuse(mutation, .unreadable(error))
        }
    }

    private mutating func delete(_ mutation: AdmittedMutation, _ item: EncodedItem) {
        guard let uid = item.uid else { return refuse(mutation, .notFound(mutation.key)) }
        do {
            let delete = try EncodedItem.delete(
                seq: plan.head.seq.next, previousSeq: item.seq, key: mutation.key, uid: uid)
            take(delete, mutation, .deleted)
        } catch {
            refuse(mutation, .unreadable(error))
        }
    }

    /// The event stands: its record is made and the chain goes on. A dry run stops before that.
    private mutating func take(
        _ item: EncodedItem, _ mutation: AdmittedMutation, _ outcome: Outcome
    ) {
        guard mutation.dryRun == .no else {
            return answer(
                mutation, outcome, seq: item.previousSeq,
                dependsOnCommit: isPlanned(mutation))
        }
        guard item.seq < .last else { return refuse(mutation, .logFull) }
        let audit = AuditPart(
            epochNumber: plan.head.epoch.number, time: plan.time, wallTime: wallTime,
            actor: mutation.actor.name, actorProof: mutation.actor.proof,
            requestID: mutation.requestID, requestHash: mutation.requestHash,
            address: mutation.actor.address, origin: mutation.origin)
        let record = EncodedRecord(item: item, audit: audit)
        let chain = plan.head.chain.followed(by: record.hash)
        _ = overlay.put(item, hash: mutation.keyHash)
        requestsInBatch[Request(mutation)] = plan.records.count
        plan.records.append(record)
        plan.requests.append(mutation)
        plan.outcomes.append(outcome)
        plan.chains.append(chain)
        plan.head = Position(
            logID: plan.head.logID, epoch: plan.head.epoch, seq: item.seq, chain: chain)
        answer(mutation, outcome, seq: item.seq, dependsOnCommit: true)
    }

    // MARK: Inside

    private func standing(of mutation: AdmittedMutation) -> KeyedView.Standing {
        guard let planned = planned(mutation) else {
            return view.standing(of: mutation.key, hash: mutation.keyHash)
        }
        return planned.kind == .put ? .live(planned) : .gone(last: planned.seq)
    }

    private func planned(_ mutation: AdmittedMutation) -> EncodedItem? {
        overlay.item(forKey: mutation.key, hash: mutation.keyHash)
    }

    private func isPlanned(_ mutation: AdmittedMutation) -> Bool { planned(mutation) != nil }

    private func isPlanned(_ item: EncodedItem) -> Bool { item.seq > view.seq }

    private mutating func answer(
        _ mutation: AdmittedMutation, _ outcome: Outcome, seq: Seq, dependsOnCommit: Bool
    ) {
        let answer = Answer(ticket: mutation.ticket, outcome: outcome, seq: seq)
        plan.answers.append(.init(answer: answer, dependsOnCommit: dependsOnCommit))
    }

    /// A refusal that speaks of an endpoint of this batch holds only when that is durable.
    private mutating func refuse(_ mutation: AdmittedMutation, _ failure: MutationFailure) {
        refuse(mutation, failure, dependsOnCommit: isPlanned(mutation))
    }

    private mutating func refuse(
        _ mutation: AdmittedMutation, _ failure: MutationFailure, dependsOnCommit: Bool
    ) {
        let answer = failure.answer(ticket: mutation.ticket)
        plan.answers.append(.init(answer: answer, dependsOnCommit: dependsOnCommit))
    }
}

extension AdmittedMutation {
    /// What must stand for it to take effect; nil: anything.
    fileprivate var wanted: String? {
        switch (expectedSeq, expectedUID) {
        case (nil, nil): nil
        case (let seq?, nil): "resourceVersion \(seq)"
        case (nil, let uid?): "uid \(uid)"
        case (let seq?, let uid?): "resourceVersion \(seq) with uid \(uid)"
        }
    }
}
