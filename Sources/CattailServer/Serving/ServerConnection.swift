internal import DequeModule
internal import EndpointModel
internal import Feeds
internal import LogStore
internal import Logging
internal import NIOCore
internal import ReplicaCore
internal import SyncProtocol
internal import SyncTransport

/// One connection: its session decides, this carries out. It belongs to the serving loop.
final class ServerConnection: PeerDriver {
    let id: ConnectionID
    private unowned let serving: ServingLoop
    private var session: ServerSessionStateMachine
    private var link: PeerLink<ServerMessage>?
    private(set) var peer: Peer?
    private(set) var subscription = SubscriptionStatus()
    /// Admitted and not yet submitted: one read brings many.
    private var admitted: [AdmittedMutation] = []
    private var refused: [Answer] = []
    private var queries: [UInt64: QueryTask] = [:]
    /// Of each part that the socket has not taken yet, its query, in order. (Not its ticket:
    /// that may be another query's by then.)
    private var partsInFlight: Deque<QueryTask> = []
    /// What to do when this node has reached a position that was ahead of it.
    private var whenReached: ((ServingLoop) -> Void)?
    private var lastMoved: UInt64 = 0
    let connectedAt: UInt64

    init(id: ConnectionID, serving: ServingLoop) {
        self.id = id
        self.serving = serving
        connectedAt = serving.now
        session = ServerSessionStateMachine(at: serving.instant)
    }

    // MARK: From the socket

    func opened(_ link: PeerLink<ServerMessage>) { self.link = link }

    func received(_ message: ClientMessage) {
        // A message can only come behind the preface; the session is told of both.
        if peer == nil { carryOut(session.prefaceReceived(at: serving.instant)) }
        carryOut(
            session.messageReceived(
                message, frameBytes: message.heldBytes, at: serving.instant))
    }

    /// The read is over: what it brought is submitted as one piece, and what was refused at the
    /// door is answered.
    func receivedAll() {
        submitAdmitted()
        guard !refused.isEmpty else { return }
        let answers = refused
        refused = []
        answer(answers)
    }

    func flushed(byteCount: Int) {
        if let task = partsInFlight.popFirst() {
            if queries[task.ticket] === task { makePart(task) }
        } else {
            serving.flushed(id, byteCount: byteCount)
        }
    }

    func closed(_ reason: PeerClosure) {
        switch reason {
        case .frameMalformed(let error): carryOut(session.frameFaulted(error))
        case .messageMalformed(let error): carryOut(session.messageFaulted(error))
        case .ended, .endedHere, .failed: carryOut(session.connectionClosed())
        }
        if case .endedHere = reason {
        } else {
            serving.logger.debug(
                "connection closed",
                metadata: ["peer": "\(link?.remoteAddress ?? "")", "reason": "\(reason)"])
        }
        serving.remove(id)
        link = nil
    }

    // MARK: From the node

    func answer(_ answers: [Answer]) {
        guard !session.isClosed else { return }
        for part in answers.chunked(by: Self.answerBytes) { link?.write(.answers(part)) }
        link?.flush()
        carryOut(session.requestsAnswered(count: answers.count))
    }

    func write(frames: ByteBuffer) { link?.write(frames: frames) }

    func flush() { link?.flush() }

    func tick() {
        if let moved = link?.movedBytes, moved != lastMoved {
            lastMoved = moved
            session.bytesMoved(at: serving.instant)
        }
        carryOut(session.ticked(at: serving.instant))
    }

    func drain() { carryOut(session.drainBegun(addresses: serving.addressesElsewhere)) }

    func refuse(_ code: GoodbyeCode, _ message: String) {
        carryOut(session.feedEnded(Goodbye(code: code, message: message)))
    }

    /// The position held is ahead of this node: said so, and waited for.
    func wait(forSeq seq: Seq, head: Position, then: @escaping (ServingLoop) -> Void) {
        whenReached = then
        link?.send(.behind(head: head))
    }

    func reached() {
        let then = whenReached
        whenReached = nil
        then?(serving)
    }

    func subscribed(to selection: Selection) {
        subscription.selection = selection
        if let since = serving.health.now.staleSince { tellStale(since: since) }
    }

    func subscribedToLog() { subscription.isLog = true }

    /// Only subscribers care how fresh this node is.
    func tellStale(since: Timestamp?) {
        guard subscription.selection != nil || subscription.isLog else { return }
        link?.send(.serverState(staleSince: since))
    }

    /// How this connection's subscription stands, for status.
    func row(held: Seq, head: Seq, now: UInt64) -> StatusReport.SubscriberRow {
        let seq = subscription.confirmed?.seq ?? held
        return StatusReport.SubscriberRow(
            id: id.rawValue, address: link?.remoteAddress ?? "",
            kind: subscription.isLog ? "log" : "state", client: peer?.client ?? "",
            actor: peer?.actor ?? "", selection: subscription.selection?.description ?? "",
            seq: seq, behindEvents: head > seq ? head.rawValue - seq.rawValue : 0,
            how: subscription.how, connectedForSeconds: (now - connectedAt) / 1_000,
            bytesSent: link?.writtenBytes ?? 0)
    }

    // MARK: What the session wants

    private func carryOut(_ actions: [ServerSessionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .sendPreface: break  // The handler sent it with the connection's first bytes.
            case .greet(let greeting):
                peer = greeting.peer
                link?.send(.hello(greeting.hello(of: serving.standing)))
            case .subscribe(let request): subscribe(request)
            case .unsubscribe: whenReached = nil
            case .mutate(let mutations): admit(mutations)
            case .query(let query): begin(query)
            case .cancelQuery(let ticket): cancel(ticket)
            case .noteApplied(let position, let digest): subscription.note(position, digest)
            case .noteDurable(let position): subscription.note(position, nil)
            case .noteRefusal(let refusal): note(refusal)
            case .send(let message): link?.send(message)
            case .sendBareMark: serving.markAlong(id)
            case .pauseReading: link?.pauseReading()
            case .resumeReading: link?.resumeReading()
            case .close: link?.closeAfterFlush()
            }
        }
    }

    private func note(_ refusal: Refusal) {
        serving.logger.warning(
            "subscriber refused",
            metadata: [
                "peer": "\(link?.remoteAddress ?? "")", "code": "\(refusal.code)",
                "message": "\(refusal.message)", "seq": "\(refusal.seq)",
            ])
    }

    private func subscribe(_ request: SubscriptionRequest) {
        switch request.subject {
        case .state(let wanted, _):
            do {
                let selection = try Selection(wanted)
                serving.subscribe(id, selection, PositionClaim(request, selection: selection))
            } catch {
                refuse(.selectorInvalid, error.message)
            }
        case .log(_, let advertise):
            subscription.advertise = advertise
            serving.subscribeToLog(id, PositionClaim(request, selection: nil))
        }
    }

    // MARK: Mutations

    /// About what one message of answers may hold.
    private static let answerBytes = 256 << 10

    private func admit(_ mutations: [Mutation]) {
        guard serving.role == .leader else {
            let failure = MutationFailure.notLeader(serving.health.now.leader)
            refused += mutations.map { failure.answer(ticket: $0.ticket) }
            return
        }
        let actor = Actor(
            name: peer?.actor ?? "", proof: .unverified, address: link?.remoteAddress ?? "")
        for mutation in mutations {
            switch Admission.admit(mutation, from: actor) {
            case .success(let admitted): self.admitted.append(admitted)
            case .failure(let failure): refused.append(failure.answer(ticket: mutation.ticket))
            }
        }
    }

    private func submitAdmitted() {
        guard !admitted.isEmpty else { return }
        let mutations = admitted
        admitted = []
        guard serving.submit(mutations, from: id) else {
            let failure = MutationFailure.readOnly("this node is going down; write elsewhere")
            refused += mutations.map { failure.answer(ticket: $0.ticket) }
            return
        }
    }

    // MARK: Queries

    private func begin(_ query: Query) {
        if case .status = query.body {
            let status = QueryAnswer.Body.json(serving.statusJSON())
            link?.write(.queryAnswer(QueryAnswer(ticket: query.ticket, body: status)))
            end(query.ticket, .end(serving.hub.position.seq))
            return
        }
        let task = QueryTask(query, view: serving.hub.view, clock: serving.clock)
        queries[query.ticket] = task
        makePart(task)
    }

    /// The asker wants no more; a last part tells it that no other comes. A session that has
    /// ended tells nobody.
    private func cancel(_ ticket: UInt64) {
        guard queries.removeValue(forKey: ticket) != nil, !session.isClosed else { return }
        end(ticket, .failure(.cancelled, message: "cancelled as asked"))
    }

    private func makePart(_ task: QueryTask) {
        let bound = NIOLoopBound(self, eventLoop: serving.loop)
        let loop = serving.loop
        serving.readers.run { reader in
            let part = task.nextPart(reader)
            loop.execute { bound.value.partMade(task, part) }
        }
    }

    private func partMade(_ task: QueryTask, _ part: QueryTask.Part) {
        guard queries[task.ticket] === task, let link else { return }
        let bodies = part.isLast ? part.answers.dropLast() : part.answers[...]
        guard let frames = serving.plainFrames(bodies.map { task.answer($0) }) else {
            queries[task.ticket] = nil
            let message = "the answer has a part that fits no frame; ask for less at once"
            return end(task.ticket, .failure(.tooLong, message: message))
        }
        if part.isLast { queries[task.ticket] = nil }
        // The next part when the socket has taken this one: a slow asker costs one part. Behind
        // the last nothing is made, because its query is no longer there.
        partsInFlight.append(task)
        link.write(frames: frames)
        if part.isLast, let last = part.answers.last {
            end(task.ticket, last)
        } else {
            link.flush()
        }
    }

    private func end(_ ticket: UInt64, _ body: QueryAnswer.Body) {
        link?.write(.queryAnswer(QueryAnswer(ticket: ticket, body: body)))
        link?.flush()
        carryOut(session.queryEnded(ticket: ticket))
    }
}

/// What is known of a connection's subscription, for status.
struct SubscriptionStatus {
    var selection: Selection?
    var isLog = false
    /// How it went on at its beginning.
    var how = ""
    var advertise = ""
    var confirmed: Position?
    var digest: StateDigest?

    mutating func note(_ position: Position, _ digest: StateDigest?) {
        confirmed = position
        self.digest = digest
    }
}

extension ClientMessage {
    /// About what the message holds while it waits for its answers.
    fileprivate var heldBytes: Int {
        guard case .mutations(let mutations) = self else { return 0 }
        return mutations.reduce(0) { $0 + $1.endpoint.count + 256 }
    }
}

extension QueryTask {
    fileprivate func answer(_ body: QueryAnswer.Body) -> ServerMessage {
        .queryAnswer(QueryAnswer(ticket: ticket, body: body))
    }
}

extension [Answer] {
    /// In runs that each fit in a frame with room to spare.
    fileprivate func chunked(by byteLimit: Int) -> [[Answer]] {
        var chunks: [[Answer]] = []
        var current: [Answer] = []
        var byteCount = 0
        for answer in self {
            let bytes = 64 + answer.message.utf8.count * 2 + (answer.item?.bytes.count ?? 0)
            if !current.isEmpty, byteCount + bytes > byteLimit {
                chunks.append(current)
                current = []
                byteCount = 0
            }
            current.append(answer)
            byteCount += bytes
        }
        return current.isEmpty ? chunks : chunks + [current]
    }
}
