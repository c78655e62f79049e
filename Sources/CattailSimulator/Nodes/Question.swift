internal import EndpointModel
internal import ReplicaCore
internal import SyncProtocol

/// One question to another node, on a connection of its own: its hello, and the answer to what is
/// asked when that has been seen.
final class Question: ClientEndOwner {
    struct Reply {
        let hello: ServerHello
        var parts: [QueryAnswer.Body] = []
    }

    typealias Asking = (ServerHello) -> Query.Body?

    private let asking: Asking
    private var done: ((Reply?) -> Void)?
    private var reply: Reply?
    private var end: ClientEnd?
    private var deadline: Timeline.Appointment?
    private static let patience: UInt64 = 5_000_000
    private static let ticket: UInt64 = 1

    /// - Parameter done: Takes the whole answer; nil when none came in time.
    init(
        _ world: World, from host: String, to address: String, asking: @escaping Asking,
        done: @escaping (Reply?) -> Void
    ) {
        self.asking = asking
        self.done = done
        let hello = ClientHello(role: .requests, client: "node", actor: "node")
        let end = ClientEnd(world, from: host, to: address, hello, owner: self)
        self.end = end
        // Who asks holds the question until it is over.
        deadline = world.timeline.after(Self.patience) { self.finish(nil) }
        end.dial()
    }

    private func finish(_ reply: Reply?) {
        guard let done else { return }
        self.done = nil
        deadline?.cancel()
        deadline = nil
        end?.leave()
        end = nil
        done(reply)
    }

    func carryOut(_ action: ClientSessionStateMachine.Action, of end: ClientEnd) {
        switch action {
        case .reportServer(let hello):
            reply = Reply(hello: hello)
            guard let body = asking(hello) else { return finish(reply) }
            end.ask(Query(ticket: Self.ticket, body: body))
        case .deliverPart(let part):
            if case .failure = part.body { return finish(nil) }
            reply?.parts.append(part.body)
            if part.isLast || (reply?.parts.count ?? 0) > 8 { finish(reply) }
        case .reconnect, .giveUp: finish(nil)
        case .sendPreface, .send, .close, .reportResync, .reportBehind, .stage, .stageRecords,
            .reportUnreadable, .commit, .reportInSync, .deliver, .reportServerState,
            .reportOutcomeUnknown, .reportQueriesLost:
            break  // Of other roles, or said again by the end that follows.
        }
    }

    func heard(_ message: ServerMessage, from end: ClientEnd) {}
}
