import EndpointModel
import SyncProtocol
import Testing

@Suite("The server's end of a session")
struct ServerSessionTests {
    typealias Machine = ServerSessionStateMachine

    static let interval = Limits.pingInterval

    static func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

    /// A session that has said hello.
    static func opened(_ role: Role) -> Machine {
        var machine = Machine(at: at(0))
        _ = machine.prefaceReceived(at: at(1))
        _ = machine.messageReceived(.hello(ClientHello(role: role)), frameBytes: 20, at: at(2))
        machine.checkInvariants()
        return machine
    }

    static func goodbyeCode(_ actions: [Machine.Action]) -> GoodbyeCode? {
        for case .send(.goodbye(let goodbye)) in actions { return goodbye.code }
        return nil
    }

    static func mutation(_ ticket: UInt64) -> Mutation {
        Mutation(
            ticket: ticket, requestID: "r\(ticket)", operation: .delete,
            key: EndpointKey(namespace: "n", name: "e"))
    }

    @Test("A state subscriber is greeted, subscribed, heard and let go")
    func subscriber() throws {
        var samples = Samples(seed: 1)
        var machine = Machine(at: Self.at(0))
        #expect(machine.prefaceReceived(at: Self.at(1)) == [.sendPreface])
        let selection = SelectionRequest(selector: "app == 'x'", node: "n1")
        let token = samples.token()
        let hello = ClientHello(
            versions: VersionRange(lowest: 1, highest: 9), role: .state, client: "t/1",
            actor: "me", selection: selection, resume: token,
            capabilities: Capabilities(rawValue: 0xFF))
        let peer = Peer(role: .state, client: "t/1", actor: "me")
        #expect(
            machine.messageReceived(.hello(hello), frameBytes: 100, at: Self.at(2)) == [
                .greet(
                    Greeting(
                        version: 1, capabilities: .patches, pingInterval: Self.interval,
                        peer: peer)),
                .subscribe(
                    SubscriptionRequest(
                        subject: .state(selection, cursor: nil), resume: token,
                        capabilities: .patches)),
            ])
        let (position, digest) = (samples.position(), StateDigest(sum: samples.hash()))
        #expect(
            machine.messageReceived(.applied(position, digest), frameBytes: 90, at: Self.at(3))
                == [.noteApplied(position, digest)])
        #expect(
            machine.messageReceived(.ping(7), frameBytes: 4, at: Self.at(4)) == [.send(.pong(7))])
        let goodbye = Goodbye(code: .done)
        #expect(
            machine.messageReceived(.goodbye(goodbye), frameBytes: 9, at: Self.at(5))
                == [.unsubscribe, .close(.goodbyeReceived(goodbye))])
        #expect(machine.isClosed && machine.deadline == nil)
        #expect(machine.ticked(at: Self.at(1 << 40)) == [])
        #expect(machine.connectionClosed() == [])
    }

    @Test("A log subscriber says who it is, and what is durable")
    func log() {
        var samples = Samples(seed: 2)
        var machine = Machine(at: Self.at(0))
        _ = machine.prefaceReceived(at: Self.at(0))
        let node = NodeID(high: 1, low: 2)
        let hello = ClientHello(role: .log, nodeID: node, advertise: "h:1")
        let actions = machine.messageReceived(.hello(hello), frameBytes: 9, at: Self.at(0))
        #expect(
            actions.last
                == .subscribe(
                    SubscriptionRequest(
                        subject: .log(nodeID: node, advertise: "h:1"), resume: nil,
                        capabilities: [])))
        let position = samples.position()
        #expect(
            machine.messageReceived(.durable(position), frameBytes: 9, at: Self.at(0))
                == [.noteDurable(position)])
        let refusal = Refusal(code: "chain-mismatch", seq: Seq(4))
        #expect(
            machine.messageReceived(.refusal(refusal), frameBytes: 9, at: Self.at(0))
                == [.noteRefusal(refusal)])
    }

    @Test("Who says nothing is closed at 10 s, whatever bytes drip in")
    func helloDeadline() {
        var silent = Machine(at: Self.at(0))
        #expect(silent.ticked(at: Self.at(9_999)) == [])
        #expect(silent.deadline == Self.at(10_000))
        // It is told nothing, but the node knows why.
        let actions = silent.ticked(at: Self.at(10_000))
        guard actions.count == 1, case .close(.goodbyeSent(let goodbye)) = actions[0] else {
            Issue.record("silence does not end it alone: \(actions)")
            return
        }
        #expect(goodbye.code == .helloLate)
        var dripping = Machine(at: Self.at(0))
        _ = dripping.prefaceReceived(at: Self.at(9_000))
        dripping.bytesMoved(at: Self.at(9_999))
        #expect(Self.goodbyeCode(dripping.ticked(at: Self.at(10_000))) == .helloLate)
    }

    @Test("The highest common version is taken; without one the goodbye names both ranges")
    func versions() {
        let settings = Machine.Settings(versions: VersionRange(lowest: 2, highest: 4))
        for (low, high, expected) in [(1, 2, 2), (1, 3, 3), (3, 9, 4), (4, 4, 4)]
            as [(UInt32, UInt32, UInt32)]
        {
            var machine = Machine(settings: settings, at: Self.at(0))
            _ = machine.prefaceReceived(at: Self.at(0))
            let hello = ClientHello(
                versions: VersionRange(lowest: low, highest: high), role: .requests)
            let actions = machine.messageReceived(.hello(hello), frameBytes: 9, at: Self.at(0))
            guard case .greet(let greeting) = actions.first else {
                Issue.record("no greeting")
                return
            }
            #expect(greeting.version == expected)
        }
        for (low, high) in [(1, 1), (5, 9), (4, 2)] as [(UInt32, UInt32)] {
            var machine = Machine(settings: settings, at: Self.at(0))
            _ = machine.prefaceReceived(at: Self.at(0))
            let hello = ClientHello(
                versions: VersionRange(lowest: low, highest: high), role: .state)
            let actions = machine.messageReceived(.hello(hello), frameBytes: 9, at: Self.at(0))
            #expect(Self.goodbyeCode(actions) == .versionUnsupported)
            #expect(machine.isClosed)
        }
    }

    @Test("What is not legal in a role ends the session with its name (G12)")
    func illegal() {
        var samples = Samples(seed: 3)
        let legal: [Role: Set<String>] = [
            .requests: ["mutations", "query", "cancel"], .state: ["applied", "refusal"],
            .log: ["durable", "refusal"],
        ]
        for role in Role.allCases {
            for _ in 0..<200 {
                var machine = Self.opened(role)
                let message = samples.clientMessage()
                let common: Set = ["ping", "pong", "goodbye", "unknown message 0"]
                let isLegal = legal[role]?.union(common).contains(message.name) ?? false
                let actions = machine.messageReceived(message, frameBytes: 9, at: Self.at(3))
                machine.checkInvariants()
                #expect((Self.goodbyeCode(actions) == .messageUnexpected) == !isLegal)
            }
        }
    }

    @Test("Anything before hello, and a second hello, end the session")
    func oneHello() {
        var early = Machine(at: Self.at(0))
        _ = early.prefaceReceived(at: Self.at(0))
        #expect(
            Self.goodbyeCode(early.messageReceived(.ping(1), frameBytes: 4, at: Self.at(0)))
                == .messageUnexpected)
        var twice = Self.opened(.state)
        let again = twice.messageReceived(
            .hello(ClientHello(role: .state)), frameBytes: 9, at: Self.at(3))
        #expect(again.contains(.unsubscribe))
        #expect(Self.goodbyeCode(again) == .messageUnexpected)
    }

    @Test("Texts of a hello beyond their limits are refused by name (G12)")
    func limits() {
        let long = String(repeating: "x", count: 254)
        let selector = String(repeating: "x", count: 4097)
        for hello in [
            ClientHello(role: .state, client: long), ClientHello(role: .state, actor: long),
            ClientHello(role: .log, advertise: long),
            ClientHello(role: .state, selection: SelectionRequest(selector: selector)),
            ClientHello(role: .state, selection: SelectionRequest(node: long)),
            ClientHello(role: .state, selection: SelectionRequest(namespace: long)),
        ] {
            var machine = Machine(at: Self.at(0))
            _ = machine.prefaceReceived(at: Self.at(0))
            let actions = machine.messageReceived(.hello(hello), frameBytes: 9, at: Self.at(0))
            #expect(Self.goodbyeCode(actions) == .limitExceeded)
        }
    }

    @Test("Unanswered mutations stop the reading at the bound, answers start it again (G9)")
    func outstanding() {
        var machine = Self.opened(.requests)
        let batch = (0..<512).map { Self.mutation(UInt64($0)) }
        func send(_ machine: inout Machine, bytes: Int) -> [Machine.Action] {
            machine.messageReceived(.mutations(batch), frameBytes: bytes, at: Self.at(3))
        }
        #expect(send(&machine, bytes: 1000) == [.mutate(batch)])
        #expect(send(&machine, bytes: 1000) == [.mutate(batch), .pauseReading])
        #expect(send(&machine, bytes: 1000) == [.mutate(batch)])
        #expect(machine.requestsAnswered(count: 512) == [])
        #expect(machine.requestsAnswered(count: 1) == [.resumeReading])
        #expect(machine.requestsAnswered(count: 1023) == [])
        #expect(send(&machine, bytes: 4 << 20) == [.mutate(batch), .pauseReading])
        #expect(machine.requestsAnswered(count: 511) == [])
        #expect(machine.requestsAnswered(count: 1) == [.resumeReading])
        machine.checkInvariants()
    }

    @Test("Queries run at most eight at once; the ninth is told so, and a ticket serves once (G12)")
    func queries() {
        var machine = Self.opened(.requests)
        func ask(_ ticket: UInt64) -> [Machine.Action] {
            machine.messageReceived(
                .query(Query(ticket: ticket, body: .status)), frameBytes: 9, at: Self.at(3))
        }
        for ticket in 1...8 as ClosedRange<UInt64> {
            #expect(ask(ticket) == [.query(Query(ticket: ticket, body: .status))])
        }
        guard case .send(.queryAnswer(let answer)) = ask(9).first,
            case .failure(.overloaded, _) = answer.body
        else {
            Issue.record("the ninth runs")
            return
        }
        #expect(machine.queryEnded(ticket: 3) == [])
        #expect(ask(9) == [.query(Query(ticket: 9, body: .status))])
        #expect(
            machine.messageReceived(.cancel(ticket: 9), frameBytes: 4, at: Self.at(3))
                == [.cancelQuery(ticket: 9)])
        #expect(machine.messageReceived(.cancel(ticket: 3), frameBytes: 4, at: Self.at(3)) == [])
        let twice = ask(1)
        #expect(Self.goodbyeCode(twice) == .messageUnexpected)
        #expect(twice.filter { if case .cancelQuery = $0 { true } else { false } }.count == 8)
    }

    @Test("Silence is pinged after one interval and ended after three; any byte counts (G9)")
    func pings() {
        var machine = Self.opened(.requests)
        let step = Self.interval.milliseconds
        #expect(machine.deadline == Self.at(2 + step))
        #expect(machine.ticked(at: Self.at(1 + step)) == [])
        #expect(machine.ticked(at: Self.at(2 + step)) == [.send(.ping(1))])
        #expect(machine.ticked(at: Self.at(3 + step)) == [])
        machine.bytesMoved(at: Self.at(2 * step))
        #expect(machine.ticked(at: Self.at(2 + 3 * step)) == [.send(.ping(2))])
        #expect(machine.ticked(at: Self.at(5 * step - 1)) == [])
        #expect(Self.goodbyeCode(machine.ticked(at: Self.at(5 * step))) == .silent)
    }

    @Test("A subscriber gets a mark alone every interval, also while bytes move")
    func bareMarks() {
        var machine = Self.opened(.state)
        let step = Self.interval.milliseconds
        machine.bytesMoved(at: Self.at(step))
        #expect(machine.ticked(at: Self.at(2 + step)) == [.sendBareMark])
        #expect(machine.ticked(at: Self.at(3 + step)) == [])
        machine.bytesMoved(at: Self.at(step + 4))
        #expect(
            machine.ticked(at: Self.at(4 + 2 * step)) == [.sendBareMark, .send(.ping(1))])
    }

    @Test("A drain sends subscribers on at once, and answers requests in hand first")
    func drain() {
        var subscriber = Self.opened(.state)
        let goodbye = Goodbye(
            code: .draining, message: "the server is going away", addresses: ["a:1", "b:2"])
        #expect(
            subscriber.drainBegun(addresses: ["a:1", "b:2"])
                == [.send(.goodbye(goodbye)), .unsubscribe, .close(.goodbyeSent(goodbye))])
        var writer = Self.opened(.requests)
        _ = writer.messageReceived(
            .mutations([Self.mutation(1), Self.mutation(2)]), frameBytes: 50, at: Self.at(3))
        #expect(writer.drainBegun(addresses: ["a:1", "b:2"]) == [.pauseReading])
        #expect(
            writer.messageReceived(.mutations([Self.mutation(3)]), frameBytes: 9, at: Self.at(4))
                == [])
        #expect(writer.requestsAnswered(count: 1) == [])
        #expect(
            writer.requestsAnswered(count: 1)
                == [.send(.goodbye(goodbye)), .close(.goodbyeSent(goodbye))])
    }

    @Test("Bytes that are no frame or message get their code; another protocol gets nothing")
    func faults() {
        var foreign = Machine(at: Self.at(0))
        #expect(foreign.frameFaulted(.prefaceMismatch) == [.close(.prefaceMismatched)])
        var broken = Self.opened(.log)
        #expect(Self.goodbyeCode(broken.frameFaulted(.frameEmpty)) == .frameMalformed)
        var garbled = Self.opened(.log)
        #expect(
            Self.goodbyeCode(garbled.messageFaulted(.fieldMissing(field: 1))) == .messageMalformed)
        var ended = Self.opened(.state)
        #expect(Self.goodbyeCode(ended.feedEnded(Goodbye(code: .notAllowed))) == .notAllowed)
    }

    @Test(
        "No sequence of events breaks an invariant, and nothing follows a close", arguments: 0..<40)
    func anySequence(seed: Int) {
        var samples = Samples(seed: UInt64(seed))
        for _ in 0..<40 { Self.randomSession(&samples) }
    }

    private static func randomSession(_ samples: inout Samples) {
        var machine = Machine(at: at(0))
        var (now, outstanding, closed) = (0 as Int64, 0, false)
        var queries: [UInt64] = []
        var hasPreface = false
        for _ in 0..<60 {
            now += Int64(samples.number(4_000))
            let actions: [Machine.Action]
            switch samples.number(12) {
            case 0: actions = machine.ticked(at: at(now))
            case 1 where outstanding > 0 && !closed:
                let count = Int(samples.number(UInt64(outstanding))) + 1
                outstanding -= count
                actions = machine.requestsAnswered(count: count)
            case 2 where !queries.isEmpty && !closed:
                actions = machine.queryEnded(ticket: queries.removeFirst())
            case 3 where samples.number(10) == 0: actions = machine.drainBegun(addresses: ["a:1"])
            case 4 where samples.number(20) == 0: actions = machine.frameFaulted(.frameEmpty)
            case 5 where samples.number(20) == 0: actions = machine.connectionClosed()
            default:
                guard hasPreface else {
                    actions = machine.prefaceReceived(at: at(now))
                    hasPreface = true
                    break
                }
                let role = Role.allCases[Int(samples.number(3))]
                let message: ClientMessage =
                    samples.number(3) == 0
                    ? .hello(ClientHello(role: role))
                    : samples.number(2) == 0
                        ? .mutations([samples.mutation()]) : samples.clientMessage()
                actions = machine.messageReceived(message, frameBytes: 100, at: at(now))
            }
            machine.checkInvariants()
            if closed { #expect(actions == []) }
            for (index, action) in actions.enumerated() {
                if case .mutate(let mutations) = action { outstanding += mutations.count }
                if case .query(let query) = action { queries.append(query.ticket) }
                if case .close = action {
                    #expect(index == actions.count - 1)
                    closed = true
                }
            }
            #expect(machine.isClosed == closed)
        }
    }
}
