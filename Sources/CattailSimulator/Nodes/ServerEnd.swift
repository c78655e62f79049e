internal import DequeModule
internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import NIOCore
internal import ReplicaCore
internal import SyncProtocol

/// A node's end of one connection: its session decides, this carries out.
final class ServerEnd: SocketOwner {
    let id: SubscriberID
    private unowned let process: NodeProcess
    private var session: ServerSessionStateMachine
    private var decoder = FrameDecoder()
    private var socket: Socket?
    private(set) var peer: Peer?
    private(set) var access = Access()
    /// What it subscribes to, from when it says so on.
    private var request: SubscriptionRequest?
    private(set) var isLog = false
    private(set) var advertise = ""
    private(set) var isState = false
    private(set) var form = DeltaForm.items
    private var prefaceIsTold = false
    private var movedBytes: UInt64 = 0
    private var lastMoved: UInt64
    /// What was written and the socket has not taken, in order: of the feed, or answers.
    private var inFlight: Deque<InFlight> = []
    private var feedBytes = 0

    private enum InFlight {
        case feed
        case answers(count: Int)
    }

    init(_ id: SubscriberID, _ socket: Socket, _ process: NodeProcess) {
        self.id = id
        self.process = process
        self.socket = socket
        lastMoved = process.world.timeline.milliseconds
        session = ServerSessionStateMachine(at: process.world.instant)
        socket.owner = self
    }

    // MARK: From the socket

    func received(_ bytes: ByteBuffer) {
        decoder.push(bytes)
        while !session.isClosed {
            do {
                let next = try decoder.next()
                if !prefaceIsTold, decoder.prefaceWasRead {
                    prefaceIsTold = true
                    perform(session.prefaceReceived(at: process.world.instant))
                }
                guard let frame = next else { break }
                let message = try ClientMessage(decoding: frame.body)
                perform(
                    session.messageReceived(
                        message, frameBytes: frame.wireBytes, at: process.world.instant))
                session.checkInvariants()
            } catch let error as FrameError {
                perform(session.frameFaulted(error))
            } catch let error as WireError {
                perform(session.messageFaulted(error))
            } catch { preconditionFailure("frames and messages fail with their own: \(error)") }
        }
        process.flushAdmitted()
    }

    func flushed(byteCount: Int) {
        guard let taken = inFlight.popFirst() else {
            preconditionFailure("the socket took \(byteCount) bytes that nobody wrote")
        }
        switch taken {
        case .feed:
            feedBytes -= byteCount
            process.flushed(id, byteCount: byteCount)
        case .answers(let count): perform(session.requestsAnswered(count: count))
        }
    }

    func closed() {
        socket = nil
        perform(session.connectionClosed())
        process.remove(id)
    }

    // MARK: From the node

    func write(feed buffer: ByteBuffer) {
        guard let socket else { return }
        process.world.history.wrote(
            to: "\(process.name) \(id.rawValue)", inFlight: feedBytes, more: buffer.readableBytes,
            limits: process.hub.limits)
        feedBytes += buffer.readableBytes
        inFlight.append(.feed)
        socket.write(buffer, tells: buffer.readableBytes)
    }

    func answer(_ answers: [Answer]) {
        guard !session.isClosed, let socket, !answers.isEmpty else { return }
        let frame = process.world.frame(ServerMessage.answers(answers))
        inFlight.append(.answers(count: answers.count))
        socket.write(frame, tells: frame.readableBytes)
    }

    func answer(_ ticket: UInt64, _ bodies: [QueryAnswer.Body]) {
        guard !session.isClosed else { return }
        for body in bodies { send(.queryAnswer(QueryAnswer(ticket: ticket, body: body))) }
        perform(session.queryEnded(ticket: ticket))
    }

    func tick() {
        let now = process.world.timeline.milliseconds
        let moved = socket?.movedBytes ?? 0
        if moved != movedBytes {
            session.bytesMoved(at: process.world.instant)
            lastMoved = now
        }
        movedBytes = moved
        perform(session.ticked(at: process.world.instant))
    }

    func drain(to addresses: [String]) { perform(session.drainBegun(addresses: addresses)) }
    func end(_ goodbye: Goodbye) { perform(session.feedEnded(goodbye)) }
    func refuse(_ code: GoodbyeCode, _ message: String) {
        end(Goodbye(code: code, message: message))
    }

    func wait(head: Position) { send(.behind(head: head)) }

    /// From where its token is looked at.
    func subscribeAgain() {
        if let request { subscribe(request) }
    }

    func subscribed() { isState = true }
    func subscribedToLog() { isLog = true }

    func tellIfStale() {
        if process.staleSince != nil { tellState() }
    }

    func tellState() {
        guard isState || isLog else { return }
        let path = isLog ? process.upstream?.path.nodes ?? [] : []
        send(.serverState(ServerState(staleSince: process.staleSince, path: path)))
    }

    func tellPath() {
        if isLog { tellState() }
    }

    private func send(_ message: ServerMessage) {
        if !session.isClosed { socket?.write(process.world.frame(message)) }
    }

    // MARK: What the session wants

    private func perform(_ actions: [ServerSessionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .sendPreface: socket?.write(ByteBuffer(bytes: FrameFormat.preface))
            case .greet(let greeting):
                peer = greeting.peer
                socket?.write(
                    process.world.frame(ServerMessage.hello(greeting.hello(of: process.standing))))
                access.judge(identity, by: process.hub.view.rights)
                if access.grant == nil, greeting.peer.role != .requests { refuseRights() }
            case .subscribe(let request): subscribe(request)
            case .unsubscribe: request = nil
            case .mutate(let mutations): process.admit(mutations, from: self)
            case .query(let query): process.query(query, from: self)
            case .cancelQuery: break  // What is asked here is answered at once, or never.
            case .noteApplied: break  // For status alone.
            case .noteDurable(let position): process.noteStored(position.seq, by: self)
            case .noteRefusal(let refusal): process.noteRefusal(refusal)
            case .send(let message): socket?.write(process.world.frame(message))
            case .sendBareMark: process.markAlong(id)
            case .pauseReading: socket?.isReading = false
            case .resumeReading: socket?.isReading = true
            case .close(let end): close(end)
            }
        }
    }

    private func close(_ end: SessionEnd) {
        if case .goodbyeSent(let goodbye) = end, goodbye.code == .silent {
            process.world.history.cutAsSilent(
                "\(process.name) \(id.rawValue)",
                quietFor: process.world.timeline.milliseconds - lastMoved)
        }
        socket?.closeAfterFlush()
        socket = nil
        process.remove(id)
    }

    private func subscribe(_ request: SubscriptionRequest) {
        guard !session.isClosed else { return }
        self.request = request
        guard process.knowsRights else { return process.awaitRights(id) }
        form = request.capabilities.contains(.patches) ? .patches : .items
        switch request.subject {
        case .state(let wanted, _):
            guard let selection = Wanted.selection(of: wanted) else {
                return refuse(.selectorInvalid, wanted.selector)
            }
            access.wanted = selection
            guard let given = access.given else { return refuseRights() }
            process.subscribe(id, given, PositionClaim(request, selection: given))
        case .log(_, let advertise):
            guard access.allows(.replication) else { return refuseRights() }
            self.advertise = advertise
            process.subscribeToLog(id, PositionClaim(request, selection: nil))
        }
    }

    // MARK: Rights

    /// Here the network vouches for who is who, as certificates do.
    var identity: Identity { .proven(commonName: peer?.actor, uris: []) }

    /// From the event that the hub has taken up last.
    func rightsChanged() {
        guard peer != nil, !session.isClosed else { return }
        let turn = access.turn(identity, by: process.hub.view.rights)
        if access.grant == nil, peer?.role != .requests { return refuseRights() }
        switch (request?.subject, turn) {
        case (.state, .ends): refuseRights()
        case (.state, .moves(let selection)): if isState { process.move(id, to: selection) }
        case (.log, _): if !access.allows(.replication) { refuseRights() }
        case (.state, .goesOn), (nil, _): break
        }
    }

    private func refuseRights() {
        let seq = process.hub.view.rights.seq
        process.world.trace.note(
            process.name, "sends \(peer?.actor ?? "") away by rights of \(seq)")
        refuse(.notAllowed, "by the rights of seq \(seq)")
    }
}
