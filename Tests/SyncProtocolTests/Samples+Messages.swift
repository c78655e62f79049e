import EndpointModel
import SyncProtocol

extension Samples {
    mutating func selection() -> SelectionRequest {
        SelectionRequest(
            selector: text(), node: maybe { $0.text() }, namespace: maybe { $0.text() })
    }
    mutating func capabilities() -> Capabilities {
        Capabilities(rawValue: UInt32(truncatingIfNeeded: wide()))
    }
    mutating func token() -> ResumeToken {
        ResumeToken(position: position(), fingerprint: maybe { $0.hash() })
    }
    mutating func clientHello() -> ClientHello {
        ClientHello(
            versions: VersionRange(lowest: UInt32(number(3)), highest: UInt32(1 + number(300))),
            role: Role.allCases[Int(number(3))], client: text(), actor: text(),
            selection: selection(), resume: maybe { $0.token() },
            cursor: maybe {
                SnapshotCursor(
                    start: $0.position(), fingerprint: $0.hash(), last: $0.key(),
                    highest: $0.seq())
            }, capabilities: capabilities(),
            nodeID: maybe { NodeID(high: $0.wide(), low: $0.wide()) }, advertise: text())
    }
    mutating func mutation() -> Mutation {
        let operation = Operation.allCases[Int(number(5))]
        return Mutation(
            ticket: wide(), requestID: word(), operation: operation, key: key(),
            endpoint: operation == .delete ? [] : endpoint().encodedEndpoint(),
            expectedSeq: maybe { Seq($0.number(3)) }, expectedUID: maybe { $0.uid() },
            origin: maybe { $0.origin() }, dryRun: number(2) == 0 ? .no : .yes)
    }
    mutating func point() -> Point {
        switch number(3) {
        case 0: .seq(Seq(number(1 << 40)))
        case 1: .time(Timestamp(microseconds: Int64(number(1 << 60))))
        default: .age(microseconds: wide())
        }
    }
    mutating func query() -> Query {
        let body: Query.Body =
            switch number(7) {
            case 0: .get(key(), at: maybe { $0.point() })
            case 1: .list(selection(), at: maybe { $0.point() })
            case 2:
                .log(
                    LogQuery(
                        from: maybe { $0.point() }, to: maybe { $0.point() },
                        key: maybe { $0.key() }, actor: text()))
            case 3: .history(key())
            case 4: .diff(from: point(), to: point())
            case 5: .verify(from: Seq(number(1 << 40)))
            default: .status
            }
        return Query(ticket: wide(), body: body)
    }
    mutating func goodbye() -> Goodbye {
        Goodbye(
            code: GoodbyeCode(text()), message: text(),
            retryAfterMilliseconds: UInt32(truncatingIfNeeded: wide()),
            addresses: (0..<number(3)).map { _ in text() })
    }
    mutating func clientMessage() -> ClientMessage {
        switch number(10) {
        case 0: .hello(clientHello())
        case 1: .mutations((0..<number(4)).map { _ in mutation() })
        case 2: .query(query())
        case 3: .cancel(ticket: wide())
        case 4: .applied(position(), StateDigest(sum: hash()))
        case 5: .durable(position())
        case 6: .refusal(Refusal(code: text(), message: text(), seq: Seq(number(1 << 40))))
        case 7: .ping(wide())
        case 8: .pong(wide())
        default: .goodbye(goodbye())
        }
    }
    mutating func serverHello() -> ServerHello {
        ServerHello(
            version: UInt32(1 + number(300)), server: text(),
            role: NodeRole.allCases[Int(number(2))], head: position(), leader: text(),
            forks: (0..<number(3)).map { _ in
                Fork(epoch: epoch(), firstSeq: Seq(number(1 << 40)))
            }, capabilities: capabilities(),
            pingIntervalMilliseconds: UInt32(truncatingIfNeeded: wide()))
    }
    mutating func resync() -> Resync {
        Resync(
            how: How.allCases[Int(number(4))], start: position(),
            reason: ResyncReason.allCases[Int(number(8))], fingerprint: maybe { $0.hash() })
    }
    mutating func answer() -> Answer {
        Answer(
            ticket: wide(), outcome: Outcome.allCases[Int(number(5))], seq: Seq(number(1 << 40)),
            code: FailureCode(text()), message: text(),
            faults: (0..<number(3)).map { _ in
                FieldFault(field: text(), value: text(), reason: text())
            }, item: maybe { $0.put() }, leader: text())
    }
    mutating func queryAnswer() -> QueryAnswer {
        let body: QueryAnswer.Body =
            switch number(7) {
            case 0: .items((0..<number(4)).map { _ in item() })
            case 1:
                .records((0..<number(4)).map { _ in RecordRow(record: record(), chain: hash()) })
            case 2:
                .diff(
                    (0..<number(4)).map { _ in DiffEntry(before: maybe { $0.put() }, after: put()) }
                )
            case 3: .json((0..<number(20)).map { _ in UInt8(number(256)) })
            case 4:
                .verify(
                    VerifyReport(
                        checked: wide(), head: position(), firstBad: maybe { $0.seq() },
                        why: text()))
            case 5: .failure(FailureCode(text()), message: text())
            default: .end(Seq(number(1 << 40)))
            }
        return QueryAnswer(ticket: wide(), body: body)
    }
    mutating func serverMessage() -> ServerMessage {
        switch number(12) {
        case 0: .hello(serverHello())
        case 1: .resync(resync())
        case 2:
            .changes(
                Changes(changes: (0..<number(5)).map { _ in change() }, mark: maybe { $0.mark() }))
        case 3:
            .records(
                Records(records: (0..<number(4)).map { _ in record() }, mark: maybe { $0.mark() }))
        case 4: .mark(mark())
        case 5: .behind(head: position())
        case 6: .answers((0..<number(4)).map { _ in answer() })
        case 7: .queryAnswer(queryAnswer())
        case 8:
            .serverState(
                ServerState(
                    staleSince: maybe { Timestamp(microseconds: 1 + Int64($0.number(1 << 60))) }))
        case 9: .ping(wide())
        case 10: .pong(wide())
        default: .goodbye(goodbye())
        }
    }

    /// What is told on subscriptions to the log.
    mutating func pathState() -> ServerMessage {
        .serverState(
            ServerState(
                staleSince: maybe { Timestamp(microseconds: 1 + Int64($0.number(1 << 60))) },
                path: (0..<number(5)).map { _ in NodeID(high: wide(), low: wide()) }))
    }
}
