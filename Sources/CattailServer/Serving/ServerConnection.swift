internal import DequeModule
internal import EndpointModel
internal import EndpointState
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
    /// Who the certificate says that it is; nil without TLS.
    private var identity: PeerIdentity?
    /// Why it may not come in: said as soon as there is anybody to hear it.
    private var rejection: TLSFault?
    private(set) var subscription = SubscriptionStatus()
    /// Admitted and not yet submitted: one read brings many.
    private var admitted: [AdmittedMutation] = []
    private var refused: [Answer] = []
    private var queries: [UInt64: QueryTask] = [:]
    /// Open status queries and open questions about the past: one of each is worked on at a time,
    /// for it holds a whole document, or a whole state, until the socket has taken it.
    private var statuses: Deque<UInt64> = []
    private var pasts: Deque<QueryTask> = []
    /// Made, and not given to the socket yet: they share their items, and so cost little.
    private var waitingAnswers: Deque<Answer> = []
    /// What the socket has not taken yet, in order.
    private var inFlight: Deque<InFlight> = []
    private var answerBytesInFlight = 0
    private var reading = Reading()
    /// What it subscribes to, from when it says so on.
    private var request: SubscriptionRequest?
    private(set) var access = Access()
    private var movement = Movement()
    private var place = Place.unknown
    /// How its subscription takes deltas.
    private(set) var deltaForm = DeltaForm.items
    let connectedAt: UInt64
    /// How this node stands is to be told when the socket has taken some of what waits.
    private var isStateDue = false
    /// More than a feed alone ever has before a socket.
    private static let unsentBeforeState = Limits.inFlightBytes + (256 << 10)

    init(id: ConnectionID, serving: ServingLoop) {
        self.id = id
        self.serving = serving
        connectedAt = serving.now
        session = ServerSessionStateMachine(at: serving.instant)
    }

    // MARK: From the socket

    func opened(_ link: PeerLink<ServerMessage>) {
        self.link = link
        let host = ServerAddress(link.remoteAddress)?.host ?? ""
        place =
            switch serving.ledger.begun(from: host) {
            case .served: .served(host: host, following: nil)
            case .overLimit(let reason): .notServed(reason)
            }
        switch serving.identify(link.certificate) {
        case .success(let identity): self.identity = identity
        case .failure(let fault): rejection = fault
        }
    }

    /// From here on the peer understands why it is not served.
    func prefaceReceived() {
        carryOut(session.prefaceReceived(at: serving.instant))
        if case .notServed(let reason) = place { end(.overloaded(reason)) }
    }

    /// Its place is another's; again is a legal no-op.
    func leave() {
        if case .served(let host, let selection) = place {
            serving.ledger.ended(from: host, following: selection)
        }
        place = .unknown
    }

    func received(_ message: ClientMessage) {
        if let rejection { return reject(rejection) }
        carryOut(
            session.messageReceived(
                message, frameBytes: message.heldBytes, at: serving.instant))
    }

    /// The lists of revoked certificates are others than when it came.
    func judgeAgain() {
        guard let certificate = link?.certificate, rejection == nil else { return }
        guard case .failure(let fault) = serving.identify(certificate) else { return }
        rejection = fault
        // Who has not said hello yet hears of it when it does.
        if peer != nil { reject(fault) }
    }

    /// Whatever it says: what comes behind the first message finds the session closed.
    private func reject(_ fault: TLSFault) {
        guard !session.isClosed else { return }
        serving.noteRejection(of: link?.remoteAddress, fault)
        refuse(GoodbyeCode(fault.code.rawValue), fault.what)
    }

    /// The read is over: what it brought is submitted as one piece, and what was refused at the
    /// door is answered.
    func receivedAll() {
        submitAdmitted()
        if !refused.isEmpty {
            let answers = refused
            refused = []
            answer(answers)
        }
        readAsSpaceAllows()
    }

    func flushed(byteCount: Int) {
        guard let taken = inFlight.popFirst() else {
            preconditionFailure("the socket took \(byteCount) bytes that nobody wrote")
        }
        switch taken {
        case .feed: serving.flushed(id, byteCount: byteCount)
        case .part(let task): if queries[task.ticket] === task { makePart(task) }
        case .status: statusTaken()
        case .answers(let count):
            answerBytesInFlight -= byteCount
            carryOut(session.requestsAnswered(count: count))
            sendAnswers()
            readAsSpaceAllows()
        }
    }

    func closed(_ reason: PeerClosure) {
        switch reason {
        case .insecure(let fault):
            serving.noteRejection(of: nil, fault)
            carryOut(session.connectionClosed())
        case .frameMalformed(.prefaceMismatch), .peerSpeaksTLS:
            carryOut(session.frameFaulted(.prefaceMismatch))
        case .frameMalformed(let error):
            // Bytes that are no frame can only come behind the preface.
            prefaceReceived()
            carryOut(session.frameFaulted(error))
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
        waitingAnswers += answers
        sendAnswers()
    }

    /// A request counts as answered when the socket has taken its answer: whoever does not read
    /// answers is not read either.
    private func sendAnswers() {
        while !session.isClosed, answerBytesInFlight < Limits.answerCutBytes,
            !waitingAnswers.isEmpty
        {
            let count = Answer.fitting(waitingAnswers)
            let answers = Array(waitingAnswers.prefix(count))
            waitingAnswers.removeFirst(count)
            let frame = PlainFrame.make(ServerMessage.answers(answers))
            answerBytesInFlight += frame.readableBytes
            write(frames: frame, as: .answers(count: answers.count))
        }
        link?.flush()
    }

    /// What the feeds have for this connection's subscription.
    func write(frames: ByteBuffer) { write(frames: frames, as: .feed) }

    private func write(frames: ByteBuffer, as entry: InFlight) {
        guard let link else { return }
        inFlight.append(entry)
        link.write(frames: frames)
    }

    func flush() { link?.flush() }

    func tick() {
        guard let link else { return }
        if movement.hasMoved(on: link) { session.bytesMoved(at: serving.instant) }
        carryOut(session.ticked(at: serving.instant))
        readAsSpaceAllows()
        if isStateDue, link.unsentBytes <= Self.unsentBeforeState {
            isStateDue = false
            tellState(link)
        }
    }

    func drain(to addresses: [String]) {
        carryOut(session.drainBegun(addresses: addresses))
    }

    func cut() { link?.close() }

    func refuse(_ code: GoodbyeCode, _ message: String) {
        end(Goodbye(code: code, message: message))
    }

    /// The subscription cannot go on here.
    func end(_ goodbye: Goodbye) { carryOut(session.feedEnded(goodbye)) }

    /// The position held is ahead of this node: said so, and waited for.
    func wait(forSeq seq: Seq, head: Position) { link?.send(.behind(head: head)) }

    /// From where its token is looked at.
    func subscribeAgain() {
        guard let request, !session.isClosed else { return }
        subscribe(request)
    }

    func subscribed(to selection: Selection) { subscription.selection = selection }

    func subscribedToLog() { subscription.isLog = true }

    /// Behind the word how the subscription goes on, which says that this node is in touch.
    func tellIfStale() {
        if serving.health.now.staleSince != nil { tell(.staleness) }
    }

    /// Only subscribers care how fresh this node is, and only those of the log where that comes
    /// from.
    func tell(_ change: StandingChange) {
        let isConcerned =
            switch change {
            case .staleness: subscription.selection != nil || subscription.isLog
            case .path: subscription.isLog
            }
        guard isConcerned, let link else { return }
        // What an upstream changes without end must not gather before who reads slowly.
        isStateDue = link.unsentBytes > Self.unsentBeforeState
        if !isStateDue { tellState(link) }
    }

    private func tellState(_ link: PeerLink<ServerMessage>) {
        let now = serving.health.now
        let path = subscription.isLog ? now.path : []
        link.send(.serverState(ServerState(staleSince: now.staleSince, path: path)))
    }

    /// How this connection's subscription stands, for status.
    func row(_ progress: SubscriberProgress, head: Seq, now: UInt64) -> StatusReport.SubscriberRow {
        let seq = subscription.confirmed?.seq ?? progress.held
        return StatusReport.SubscriberRow(
            id: id.rawValue, address: link?.remoteAddress ?? "",
            kind: subscription.isLog ? "log" : "state", client: peer?.client ?? "",
            actor: actorName, selection: subscription.selection?.description ?? "",
            seq: seq, behindEvents: head > seq ? head.rawValue - seq.rawValue : 0,
            how: progress.how.name, connectedForSeconds: (now - connectedAt) / 1_000,
            bytesSent: link?.writtenBytes ?? 0, nodeID: subscription.nodeID,
            advertise: subscription.advertise)
    }

    /// A certificate knows better than a hello.
    private var actorName: String { identity?.name ?? peer?.actor ?? "" }

    // MARK: What the session wants

    private func carryOut(_ actions: [ServerSessionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .sendPreface: link?.sendPreface()
            case .greet(let greeting):
                peer = greeting.peer
                link?.send(.hello(greeting.hello(of: serving.standing)))
                access.judge(actor.identity, by: serving.hub.view.rights)
                // Whoever asks is told by the answer to each request.
                if access.grant == nil, greeting.peer.role != .requests { refuseRights() }
            case .subscribe(let request): subscribe(request)
            case .unsubscribe: request = nil
            case .mutate(let mutations): admit(mutations)
            case .query(let query): begin(query)
            case .cancelQuery(let ticket): cancel(ticket)
            case .noteApplied(let position, let digest): subscription.note(position, digest)
            case .noteDurable(let position):
                subscription.note(position, nil)
                serving.noteStored(position.seq, by: self)
            case .noteRefusal(let refusal): note(refusal)
            case .send(let message): link?.send(message)
            case .sendBareMark: serving.markAlong(id)
            case .pauseReading: read { $0.isFull = true }
            case .resumeReading: read { $0.isFull = false }
            case .close(let end):
                serving.noteClosing(end, of: link?.remoteAddress)
                if let link { link.closeAfterFlush() } else { serving.cut(id) }
            }
        }
    }

    // MARK: Reading

    private func readAsSpaceAllows() {
        guard let link, !session.isClosed else { return }
        let limit = serving.limits.unsentBytes
        let unsent = link.unsentBytes
        read { $0.isDeaf = unsent > ($0.isDeaf ? limit / 2 : limit) }
    }

    private func read(_ change: (inout Reading) -> Void) {
        let was = reading.isPaused
        change(&reading)
        guard was != reading.isPaused else { return }
        if reading.isPaused { link?.pauseReading() } else { link?.resumeReading() }
    }

    private func note(_ refusal: Refusal) {
        serving.refused()
        serving.logger.warning(
            "subscriber refused",
            metadata: [
                "peer": "\(link?.remoteAddress ?? "")", "code": "\(refusal.code)",
                "message": "\(refusal.message)", "seq": "\(refusal.seq)",
            ])
    }

    private func subscribe(_ request: SubscriptionRequest) {
        guard !session.isClosed else { return }
        self.request = request
        guard serving.knowsRights else { return serving.awaitRights(id) }
        deltaForm = request.capabilities.contains(.patches) ? .patches : .items
        switch request.subject {
        case .state(let wanted, _):
            do {
                access.wanted = try Selection(wanted)
                guard let selection = access.given else { return refuse(.endpoints) }
                if case .overLimit(let reason) = follow(selection) {
                    return end(.overloaded(reason))
                }
                serving.subscribe(id, selection, PositionClaim(request, selection: selection))
            } catch {
                refuse(.selectorInvalid, error.message)
            }
        case .log(let nodeID, let advertise):
            guard access.allows(.replication) else { return refuse(.replication) }
            subscription.nodeID = nodeID
            subscription.advertise = advertise
            serving.subscribeToLog(id, PositionClaim(request, selection: nil))
        }
    }

    // MARK: Rights

    /// From the event that the hub has taken up last: what it may not have any more ends, and what
    /// it is given otherwise goes on so.
    func rightsChanged() {
        guard peer != nil, !session.isClosed else { return }
        let turn = access.turn(actor.identity, by: serving.hub.view.rights)
        if access.grant == nil, peer?.role != .requests { return refuseRights() }
        switch (request?.subject, turn) {
        case (.state, .ends): return refuse(.endpoints)
        case (.state, .moves(let selection)):
            guard subscription.selection != nil else { break }
            if case .served(let host, let name?) = place {
                serving.ledger.moved(from: host, name, to: selection.fingerprint.description)
                place = .served(host: host, following: selection.fingerprint.description)
            }
            subscribed(to: selection)
            serving.move(id, to: selection)
        case (.log, _): if !access.allows(.replication) { return refuse(.replication) }
        case (.state, .goesOn), (nil, _): break
        }
        for task in queries.values
        where !access.allows(task.permission) || task.sight != access.grant?.selection {
            forget(task)
            refuse(task.ticket, task.permission)
        }
        endStatuses(butFirst: true)
    }

    private static let rightsUnknown =
        "this node has not caught up with its upstream since it started, and so does not know yet"
        + " who may do what"

    private func refuse(_ ticket: UInt64, _ permission: Permission) {
        let failure = MutationFailure.notAllowed(actor, permission)
        end(ticket, .failure(failure.code, message: failure.message))
    }

    private func refuse(_ permission: Permission) {
        refuse(.notAllowed, MutationFailure.notAllowed(actor, permission).message)
    }

    private func refuseRights() {
        let seq = serving.hub.view.rights.seq
        refuse(.notAllowed, "no rule of the rights of seq \(seq) lets \(actorName) do anything")
    }

    private func follow(_ selection: Selection) -> ConnectionLedger.Verdict {
        guard case .served(let host, nil) = place else { return .served }
        let name = selection.fingerprint.description
        let verdict = serving.ledger.follows(name, from: host)
        if case .served = verdict { place = .served(host: host, following: name) }
        return verdict
    }

    // MARK: Mutations

    private func admit(_ mutations: [Mutation]) {
        guard serving.role == .leader else {
            let failure = MutationFailure.notLeader(serving.health.now.leader)
            refused += mutations.map { failure.answer(ticket: $0.ticket) }
            return
        }
        let actor = actor
        for mutation in mutations {
            switch Admission.admit(mutation, from: actor) {
            case .success(let admitted): self.admitted.append(admitted)
            case .failure(let failure): refused.append(failure.answer(ticket: mutation.ticket))
            }
        }
    }

    private var actor: Actor {
        Actor(
            name: actorName, proof: identity == nil ? .unverified : .certificate,
            address: link?.remoteAddress ?? "", identity: identity?.forRights)
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
        guard let grant = access.grant, grant.allows(query.body.permission) else {
            return refuse(query.ticket, query.body.permission)
        }
        guard serving.knowsRights || query.body.needsNoRights else {
            return end(query.ticket, .failure(.unavailable, message: Self.rightsUnknown))
        }
        if case .status = query.body {
            statuses.append(query.ticket)
            if statuses.count == 1 { makeStatus() }
            return
        }
        if let answer = serving.operate(query.body, actor, peer) {
            return self.answer(query.ticket, with: answer)
        }
        let task = QueryTask(
            query, view: serving.hub.view, sight: grant.selection, clock: serving.clock)
        queries[query.ticket] = task
        guard task.isOfThePast else { return makePart(task) }
        pasts.append(task)
        if pasts.count == 1 { makePart(task) }
    }

    /// What an operator or a candidate asked for is done elsewhere first.
    private func answer(_ ticket: UInt64, with answer: EventLoopFuture<QueryAnswer.Body>) {
        let bound = NIOLoopBound(self, eventLoop: serving.loop)
        answer.whenComplete { result in
            let connection = bound.value
            guard !connection.session.isClosed else { return }
            switch result {
            case .success(let body):
                connection.link?.write(.queryAnswer(QueryAnswer(ticket: ticket, body: body)))
                connection.end(ticket, .end(connection.serving.hub.position.seq))
            case .failure(let error):
                let failure = error as? MutationFailure
                connection.end(
                    ticket,
                    .failure(failure?.code ?? .unavailable, message: failure?.message ?? "\(error)")
                )
            }
        }
    }

    private func makePart(_ task: QueryTask) {
        let bound = NIOLoopBound(self, eventLoop: serving.loop)
        let loop = serving.loop
        serving.questions(task.isOfThePast ? .past : .present).run { reader in
            guard task.isWanted else { return }
            let part = task.nextPart(reader)
            loop.execute { bound.value.partMade(task, part) }
        }
    }

    /// The task has said all that it will: the next question about the past may begin.
    private func forget(_ task: QueryTask) {
        task.abandon()
        queries[task.ticket] = nil
        guard let index = pasts.firstIndex(where: { $0 === task }) else { return }
        pasts.remove(at: index)
        if index == 0, let next = pasts.first { makePart(next) }
    }

    private func partMade(_ task: QueryTask, _ part: QueryTask.Part) {
        guard queries[task.ticket] === task, let link else { return }
        // A long search goes on in pieces that leave the readers to others in between.
        if part.answers.isEmpty, !part.isLast { return makePart(task) }
        let frames: ByteBuffer
        do {
            frames = try serving.plainFrames(part.answers.map { task.answer($0) })
        } catch {
            forget(task)
            return end(task.ticket, .failure(.tooLong, message: error.description))
        }
        // The socket may take it at once, and then nothing must be asked for behind the last.
        if part.isLast { forget(task) }
        // The next part when the socket has taken this one: a slow asker costs one part.
        write(frames: frames, as: .part(task))
        link.flush()
        if part.isLast { carryOut(session.queryEnded(ticket: task.ticket)) }
    }

    /// The asker is told that nothing more comes, unless the connection is over.
    private func cancel(_ ticket: UInt64) {
        guard let task = queries[ticket] else { return }
        // Of a connection that is over nothing more is begun.
        if session.isClosed { pasts = [] }
        forget(task)
        guard !session.isClosed else { return }
        end(ticket, .failure(.cancelled, message: "the query was cancelled"))
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
    /// Of one that replicates.
    var nodeID: NodeID?
    var advertise = ""
    var confirmed: Position?
    var digest: StateDigest?

    mutating func note(_ position: Position, _ digest: StateDigest?) {
        confirmed = position
        self.digest = digest
    }
}

// MARK: Status

extension ServerConnection {
    /// Those who may not ask for it any more; the first may be on its way already.
    private func endStatuses(butFirst: Bool) {
        guard !access.allows(.auditing) else { return }
        let kept = butFirst ? min(1, statuses.count) : 0
        let ended = statuses.dropFirst(kept)
        statuses = Deque(statuses.prefix(kept))
        for ticket in ended { refuse(ticket, .auditing) }
    }

    /// The document is made on a reader's thread: it may have thousands of rows.
    private func makeStatus() {
        endStatuses(butFirst: false)
        guard let ticket = statuses.first, !session.isClosed else { return }
        let report = serving.statusReport()
        let bound = NIOLoopBound(self, eventLoop: serving.loop)
        let loop = serving.loop
        serving.questions(.present).compute {
            let json = report.json
            loop.execute { bound.value.statusMade(ticket, json, at: report.position.seq) }
        }
    }

    private func statusMade(_ ticket: UInt64, _ json: [UInt8], at seq: Seq) {
        guard statuses.first == ticket, !session.isClosed, let link else { return }
        guard access.allows(.auditing) else { return endStatuses(butFirst: false) }
        var frames = ByteBuffer()
        let parts = json.chunked(by: Limits.answerCutBytes).map { QueryAnswer.Body.json($0) }
        for body in parts + [.end(seq)] {
            let message = ServerMessage.queryAnswer(QueryAnswer(ticket: ticket, body: body))
            frames.writeImmutableBuffer(PlainFrame.make(message))
        }
        write(frames: frames, as: .status)
        link.flush()
    }

    /// The socket has it all: only now is the query over, and the next begun.
    private func statusTaken() {
        guard let ticket = statuses.popFirst() else { return }
        carryOut(session.queryEnded(ticket: ticket))
        makeStatus()
    }
}

extension ServerConnection {
    /// Of each buffer that the socket has not taken yet, what is to be done when it has.
    private enum InFlight {
        /// The subscription's: its feed goes on.
        case feed
        /// Of this query's answer: the next part is made, if it is still asked for. (Its ticket
        /// would not do: that may be another query's by now, which has a part underway.)
        case part(QueryTask)
        /// The whole answer to a status query.
        case status
        case answers(count: Int)
    }

    /// How it stands in the ledger of connections.
    private enum Place {
        /// Not opened yet, or over.
        case unknown
        case served(host: String, following: String?)
        /// With the reason.
        case notServed(String)
    }

    /// Why nothing is read, if so.
    private struct Reading {
        /// So many requests are unanswered that the session wants no more.
        var isFull = false
        /// The peer does not read what it is sent.
        var isDeaf = false

        var isPaused: Bool { isFull || isDeaf }
    }
}

extension ClientMessage {
    /// About what the message holds while it waits for its answers.
    fileprivate var heldBytes: Int {
        guard case .mutations(let mutations) = self else { return 0 }
        return mutations.reduce(0) { $0 + $1.endpoint.count + 256 }
    }
}

extension Query.Body {
    /// What a node answers that does not know yet who may do what: that it is there, and what
    /// candidates ask.
    fileprivate var needsNoRights: Bool {
        switch self {
        case .status, .promise: true
        case .get, .list, .log, .history, .diff, .verify, .members, .promote, .rights, .unknown:
            false
        }
    }
}

extension Goodbye {
    fileprivate static func overloaded(_ reason: String) -> Goodbye {
        Goodbye(
            code: .overloaded, message: reason,
            retryAfterMilliseconds: UInt32(Limits.overloadPause.milliseconds))
    }
}

extension QueryTask {
    fileprivate func answer(_ body: QueryAnswer.Body) -> ServerMessage {
        .queryAnswer(QueryAnswer(ticket: ticket, body: body))
    }
}

extension [UInt8] {
    fileprivate func chunked(by byteLimit: Int) -> [[UInt8]] {
        stride(from: 0, to: count, by: byteLimit).map {
            Array(self[$0..<Swift.min($0 + byteLimit, count)])
        }
    }
}
