internal import CattailClient
internal import EndpointModel
internal import SyncProtocol
internal import SyncTransport

/// A writer's process: the client library's pipeline of requests, sent to whoever leads, and sent
/// again with their IDs until there is an answer (G11).
final class SimulatedWriter: ClientEndOwner {
    let name: String
    private unowned let world: World
    private var dice: Dice
    private var pipeline: RequestPipeline<Int>
    private var rota: ServerRota
    private var end: ClientEnd?
    private var isEstablished = false
    private var pause: Timeline.Appointment?
    private var askingAgain: Timeline.Appointment?
    private var lastProgress: UInt64 = 0
    private var requests: [MutationRequest] = []
    /// The last seq that was told of each key.
    private var known: [Int: Seq] = [:]
    private var isWriting = true

    private static let pauses: ClosedRange<Duration> = .milliseconds(100)...(.seconds(2))
    private static let patience: UInt64 = 20_000_000

    init(_ number: Int, _ world: World, _ servers: [String], _ dice: Dice) {
        name = "writer-\(number)"
        self.world = world
        self.dice = dice
        pipeline = RequestPipeline(ids: RequestIDs(seed: self.dice.next()))
        rota = .to(servers, pauses: Self.pauses, seed: self.dice.next())
    }

    // MARK: From the operator

    func start() {
        writeLater()
        watch()
    }

    private func watch() {
        world.timeline.after(1_000_000) { [weak self] in
            guard let self, world.isRunning else { return }
            goOn()
            watch()
        }
    }

    /// It has no more wishes; what it has asked it still wants to know.
    func finish() { isWriting = false }

    func stop() {
        isWriting = false
        pause?.cancel()
        end?.leave()
        end = nil
    }

    var isIdle: Bool { pipeline.isEmpty }

    // MARK: Wishes

    private func writeLater() {
        world.timeline.after(dice.between(10_000, 500_000)) { [weak self] in
            guard let self, isWriting else { return }
            for _ in 0...dice.below(4) where pipeline.openCount < 40 { submit() }
            goOn()
            writeLater()
        }
    }

    private func submit() {
        if pipeline.isEmpty { lastProgress = world.timeline.now }
        if !requests.isEmpty, dice.oneIn(12) {
            // As another process would that does not know what became of it.
            let index = dice.below(requests.count)
            return pipeline.submit(requests[index], token: index)
        }
        let request = makeRequest()
        requests.append(request)
        pipeline.submit(request, token: requests.count - 1)
    }

    private func makeRequest() -> MutationRequest {
        let number = dice.below(world.endpoints.count)
        // Other writers use the same: they are others' (G11).
        let id = "r-\(requests.count)"
        var endpoint = world.endpoints[number]
        endpoint.metadata.labels["tier"] = dice.pick(["front", "back", "batch"])
        if dice.oneIn(5) { endpoint.metadata.labels["quarantine"] = "yes" }
        endpoint.spec.containerID = "\(name)-\(requests.count)"
        let operation: MutationRequest.Operation =
            switch dice.below(12) {
            case 0..<6: .apply
            case 6: .create
            case 7: .replace
            default: .delete
            }
        var request = MutationRequest(operation, endpoint)
        if case .delete = operation {
            request = MutationRequest(.delete, key: endpoint.key)
        }
        if dice.oneIn(8) { request.expectedSeq = known[number] }
        request.requestID = id
        world.history.asked(
            History.Request(
                id: id, actor: name, isDelete: operation == .delete, key: endpoint.key,
                written: Written(endpoint)))
        return request
    }

    // MARK: Connections

    private func goOn() {
        guard !pipeline.isEmpty else { return }
        if world.timeline.now > lastProgress + Self.patience { giveUp() }
        if let end, isEstablished { return send(over: end) }
        if end == nil, pause == nil { connect() }
    }

    private func send(over end: ClientEnd) {
        while end.isOpen {
            let mutations = pipeline.takeToSend(countLimit: 7, byteLimit: 8_000)
            guard !mutations.isEmpty else { return }
            end.request(mutations)
        }
    }

    private func connect() {
        let hello = ClientHello(role: .requests, client: "writer", actor: name)
        let end = ClientEnd(world, from: name, to: "\(rota.take())", hello, owner: self)
        self.end = end
        isEstablished = false
        end.dial()
    }

    private func dropLink() {
        end?.leave()
        end = nil
        isEstablished = false
        askingAgain?.cancel()
        askingAgain = nil
        pipeline.connectionLost()
    }

    private func tryNext() {
        dropLink()
        guard !pipeline.isEmpty else { return }
        pause?.cancel()
        pause = world.timeline.after(rota.pauseBeforeNext().microseconds) { [weak self] in
            guard let self else { return }
            pause = nil
            goOn()
        }
    }

    private func askAgainLater() {
        guard askingAgain == nil else { return }
        let pause = rota.pause(round: 2).microseconds
        askingAgain = world.timeline.after(pause) { [weak self] in
            guard let self else { return }
            askingAgain = nil
            pipeline.askAgain()
            goOn()
        }
    }

    /// Nobody has answered for too long.
    private func giveUp() {
        lastProgress = world.timeline.now
        dropLink()
        let error = ClientError(code: .unreachable, message: "nobody answers")
        for (token, result) in pipeline.giveUp(error) { done(token, result) }
    }

    private func done(_ token: Int, _ result: MutationResult) {
        lastProgress = world.timeline.now
        let id = requests[token].requestID ?? ""
        switch result.outcome {
        case .created(let seq), .configured(let seq), .deleted(let seq), .unchanged(let seq):
            if let number = world.endpoints.firstIndex(where: { $0.key == result.key }) {
                known[number] = seq
            }
            world.trace.note(name, "\(id) \(result.outcome)")
        case .failed(let error):
            world.trace.note(name, "\(id) failed: \(error.code)")
            world.history.failed(History.Request.key(name, id), "\(error.code)", "\(error.message)")
        }
    }

    // MARK: From the connection

    func carryOut(_ action: ClientSessionStateMachine.Action, of end: ClientEnd) {
        guard end === self.end else { return }
        switch action {
        case .reportServer(let hello):
            isEstablished = true
            if hello.role == .follower, let leader = ServerAddress(hello.leader),
                hello.leader != end.address
            {
                rota.goFirst(to: [leader])
                return tryNext()
            }
            send(over: end)
        case .reconnect, .giveUp:
            self.end = nil
            tryNext()
        case .sendPreface, .send, .close, .reportResync, .reportBehind, .stage, .stageRecords,
            .reportUnreadable, .commit, .reportInSync, .reportServerState, .deliver,
            .deliverPart, .reportOutcomeUnknown, .reportQueriesLost:
            break
        }
    }

    func heard(_ message: ServerMessage, from end: ClientEnd) {
        guard end === self.end else { return }
        switch message {
        case .answers(let answers):
            for answer in answers where self.end === end { received(answer, from: end) }
            goOn()
        case .goodbye(let goodbye):
            if let server = ServerAddress(end.address) { rota.heed(goodbye, from: server) }
            tryNext()
        case .hello, .resync, .changes, .records, .unreadable, .mark, .behind, .queryAnswer,
            .serverState, .ping, .pong, .unknown:
            break
        }
    }

    private func received(_ answer: Answer, from end: ClientEnd) {
        switch pipeline.answered(answer) {
        case .done(let token, let result):
            rota.succeeded()
            world.history.answered(
                History.Request.key(name, requests[token].requestID ?? ""), answer)
            done(token, result)
        case .askAgain: askAgainLater()
        case .goTo(let leader?):
            rota.goFirst(to: [leader])
            tryNext()
        case .goTo(nil): tryNext()
        case .known: break
        }
    }
}
