internal import EndpointModel
internal import NIOCore
internal import SyncProtocol
internal import SyncTransport

/// One question to another node, on a connection of its own: its hello, and the answer to what is
/// asked when that has been seen. It lives on the serving loop.
final class PeerQuestion: PeerDriver {
    typealias Incoming = ServerMessage
    typealias Outgoing = ClientMessage

    struct Reply {
        let hello: ServerHello
        /// Empty when nothing was asked.
        var parts: [QueryAnswer.Body] = []
    }

    /// What to ask of whoever says this hello; nil: nothing more.
    typealias Asking = (ServerHello) -> Query.Body?

    private var session: ClientSessionStateMachine
    private let asking: Asking
    private let security: NodeSecurity?
    private let answered: EventLoopPromise<Reply>
    private var link: PeerLink<ClientMessage>?
    private var reply: Reply?
    private static let ticket: UInt64 = 1

    private init(
        _ answered: EventLoopPromise<Reply>, _ security: NodeSecurity?, _ asking: @escaping Asking
    ) {
        self.answered = answered
        self.security = security
        self.asking = asking
        let hello = ClientHello(role: .requests, client: Program.name, actor: "node")
        session = ClientSessionStateMachine(hello: hello, at: .init(milliseconds: 0))
    }

    /// The future fails with `PeerUnheard` when no whole answer comes in time.
    static func ask(
        _ address: ServerAddress, within patience: TimeAmount, on loop: any EventLoop,
        _ security: NodeSecurity?, _ asking: @escaping Asking
    ) -> EventLoopFuture<Reply> {
        let promise = loop.makePromise(of: Reply.self)
        let question = NIOLoopBound(
            PeerQuestion(promise, security, asking), eventLoop: loop)
        let deadline = loop.scheduleTask(in: patience) {
            question.value.end(PeerUnheard(reason: "no answer came in time"))
        }
        ClientTransport.connect(
            to: address, on: loop, timeout: patience, tls: security?.credentials
        ) { _ in
            question.value
        }.whenFailure { question.value.end(PeerUnheard(reason: "\($0)")) }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        return promise.futureResult
    }

    private var isOver = false

    private func end(_ fault: PeerUnheard?) {
        guard !isOver else { return }
        isOver = true
        if let reply, fault == nil {
            answered.succeed(reply)
        } else {
            answered.fail(fault ?? PeerUnheard(reason: "the connection was lost"))
        }
        carryOut(session.left())
        link?.closeAfterFlush()
    }

    // MARK: From the socket

    func opened(_ link: PeerLink<ClientMessage>) {
        self.link = link
        guard !isOver else { return link.close() }
        if let fault = security?.fault(of: link.certificate) {
            // It is told nothing, not even who asks.
            link.close()
            return end(PeerUnheard(reason: fault.description))
        }
        carryOut(session.connected())
    }

    func received(_ message: ServerMessage) {
        carryOut(session.messageReceived(message, at: .init(milliseconds: 0)))
    }

    func closed(_ reason: PeerClosure) {
        link = nil
        end(PeerUnheard(reason: "\(reason)"))
    }

    private func carryOut(_ actions: [ClientSessionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .sendPreface: link?.sendPreface()
            case .send(let message): link?.send(message)
            case .reportServer(let hello): greeted(hello)
            case .deliverPart(let part): took(part)
            case .close: link?.closeAfterFlush()
            case .giveUp(let goodbye):
                end(PeerUnheard(reason: "\(goodbye.code): \(goodbye.message)"))
            case .reconnect: end(PeerUnheard(reason: "the connection was lost"))
            case .reportResync, .reportBehind, .stage, .stageRecords, .reportUnreadable, .commit,
                .reportInSync, .deliver, .reportServerState, .reportOutcomeUnknown,
                .reportQueriesLost:
                break  // Of other roles, or said again by the end that follows.
            }
        }
    }

    private func greeted(_ hello: ServerHello) {
        reply = Reply(hello: hello)
        guard let body = asking(hello) else { return end(nil) }
        carryOut(session.queryRequested(Query(ticket: Self.ticket, body: body)))
    }

    private func took(_ answer: QueryAnswer) {
        if case .failure(let code, let message) = answer.body {
            return end(PeerUnheard(reason: "\(code): \(message)"))
        }
        reply?.parts.append(answer.body)
        // Nothing that is asked here has a long answer.
        if answer.isLast || (reply?.parts.count ?? 0) > 8 { end(nil) }
    }
}

/// Another node gave no answer; the text says why, for people.
struct PeerUnheard: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}
