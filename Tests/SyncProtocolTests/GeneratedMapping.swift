import EndpointModel
import Foundation
import SwiftProtobuf
import SyncProtocol

// Our values as the generated code's, field by field by name: the second opinion on every field
// number and type of the schema.

func generated(_ position: Position) -> Cattail_V1_Position {
    .with {
        $0.logID = Data(position.logID.bytes)
        $0.epochNumber = position.epoch.number
        $0.epochLeader = position.epoch.leaderID
        $0.seq = position.seq.rawValue
        $0.chain = Data(position.chain.bytes)
    }
}

func generated(_ selection: SelectionRequest) -> Cattail_V1_Selection {
    .with {
        $0.selector = selection.selector
        if let node = selection.node { $0.node = node }
        if let namespace = selection.namespace { $0.namespace = namespace }
    }
}

func generated(_ hello: ClientHello) -> Cattail_V1_ClientHello {
    .with {
        $0.versionMin = hello.versions.lowest
        $0.versionMax = hello.versions.highest
        $0.role = [.requests: .requests, .state: .state, .log: .log][hello.role] ?? .unspecified
        $0.client = hello.client
        $0.actor = hello.actor
        if hello.selection != SelectionRequest() { $0.selection = generated(hello.selection) }
        if let resume = hello.resume {
            $0.resume.position = generated(resume.position)
            $0.resume.fingerprint = Data(resume.fingerprint?.bytes ?? [])
        }
        if let cursor = hello.cursor {
            $0.cursor.start = generated(cursor.start)
            $0.cursor.fingerprint = Data(cursor.fingerprint.bytes)
            $0.cursor.lastNamespace = cursor.last.namespace
            $0.cursor.lastName = cursor.last.name
            $0.cursor.highestSeq = cursor.highest.rawValue
        }
        $0.capabilities = hello.capabilities.rawValue
        $0.nodeID = Data(hello.nodeID?.bytes ?? [])
        $0.advertise = hello.advertise
    }
}

func generated(_ origin: Origin) -> Cattail_V1_Origin {
    .with {
        $0.resourceVersion = origin.resourceVersion
        $0.uid = origin.uid
        $0.creationTimestamp = origin.creationTimestamp
        $0.faults = origin.faults
    }
}

func generated(_ mutation: Mutation) throws -> Cattail_V1_Mutation {
    try .with {
        $0.ticket = mutation.ticket
        $0.requestID = mutation.requestID
        let operations: [SyncProtocol.Operation: Cattail_V1_Operation] = [
            .apply: .apply, .create: .create, .replace: .replace, .delete: .delete,
            .importing: .import,
        ]
        $0.operation = operations[mutation.operation] ?? .unspecified
        $0.namespace = mutation.key.namespace
        $0.name = mutation.key.name
        if mutation.operation != .delete {
            $0.endpoint = try generated(mutation.decodedEndpoint())
        }
        if let seq = mutation.expectedSeq { $0.expectedSeq = seq.rawValue }
        $0.expectedUid = Data(mutation.expectedUID?.bytes ?? [])
        if let origin = mutation.origin { $0.origin = generated(origin) }
        $0.dryRun = mutation.dryRun == .yes ? .yes : .no
    }
}

func generated(_ point: Point) -> Cattail_V1_Point {
    .with {
        switch point {
        case .seq(let seq): $0.seq = seq.rawValue
        case .time(let time): $0.time = UInt64(time.microseconds)
        case .age(let age): $0.age = age
        }
    }
}

func generated(_ query: Query) -> Cattail_V1_Query {
    .with {
        $0.ticket = query.ticket
        switch query.body {
        case .get(let key, let point):
            $0.get.namespace = key.namespace
            $0.get.name = key.name
            if let point { $0.get.at = generated(point) }
        case .list(let selection, let point):
            $0.list.selection = generated(selection)
            if let point { $0.list.at = generated(point) }
        case .log(let log):
            $0.log = .init()
            if let from = log.from { $0.log.from = generated(from) }
            if let to = log.to { $0.log.to = generated(to) }
            $0.log.namespace = log.key?.namespace ?? ""
            $0.log.name = log.key?.name ?? ""
            $0.log.actor = log.actor
            if log.source == .orphaned { $0.log.source = .orphaned }
        case .history(let key):
            $0.history.namespace = key.namespace
            $0.history.name = key.name
        case .diff(let from, let to):
            $0.diff.from = generated(from)
            $0.diff.to = generated(to)
        case .verify(let from): $0.verify.from = from.rawValue
        case .status: $0.status = .init()
        case .members(let members):
            $0.members.add = members.add
            $0.members.remove = members.remove
        case .promote(let force): $0.promote.force = force == .yes ? .yes : .no
        case .rights(let query):
            $0.rights = .with {
                if let wanted = query.wanted { $0.wanted = generated(wanted) }
                if let seq = query.expectedSeq { $0.expectedSeq = seq.rawValue }
            }
        case .promise(let promise):
            $0.promise.logID = Data(promise.logID.bytes)
            $0.promise.epochNumber = promise.epoch.number
            $0.promise.epochLeader = promise.epoch.leaderID
            $0.promise.candidate = promise.candidate
            $0.promise.dryRun = promise.dryRun == .yes ? .yes : .no
        case .unknown: break
        }
    }
}

func generated(_ goodbye: Goodbye) -> Cattail_V1_Goodbye {
    .with {
        $0.code = goodbye.code.rawValue
        $0.message = goodbye.message
        $0.retryAfter = goodbye.retryAfterMilliseconds
        $0.addresses = goodbye.addresses
    }
}

func generated(_ message: ClientMessage) throws -> Cattail_V1_ClientMessage {
    try .with {
        switch message {
        case .hello(let hello): $0.hello = generated(hello)
        case .mutations(let mutations):
            $0.mutations.mutations = try mutations.map { try generated($0) }
        case .query(let query): $0.query = generated(query)
        case .cancel(let ticket): $0.cancel.ticket = ticket
        case .applied(let position, let digest):
            $0.applied.position = generated(position)
            $0.applied.digest = Data(digest.sum.bytes)
        case .durable(let position): $0.durable.position = generated(position)
        case .refusal(let refusal):
            $0.refusal.code = refusal.code
            $0.refusal.message = refusal.message
            $0.refusal.seq = refusal.seq.rawValue
        case .ping(let number): $0.ping.number = number
        case .pong(let number): $0.pong.number = number
        case .goodbye(let goodbye): $0.goodbye = generated(goodbye)
        case .unknown: break
        }
    }
}

func generated(_ hello: ServerHello) -> Cattail_V1_ServerHello {
    .with {
        $0.version = hello.version
        $0.server = hello.server
        $0.role = hello.role == .leader ? .leader : .follower
        $0.head = generated(hello.head)
        $0.leader = hello.leader
        $0.forks = hello.forks.map { fork in
            .with {
                $0.epochNumber = fork.epoch.number
                $0.epochLeader = fork.epoch.leaderID
                $0.firstSeq = fork.firstSeq.rawValue
            }
        }
        $0.capabilities = hello.capabilities.rawValue
        $0.pingInterval = hello.pingIntervalMilliseconds
    }
}

func generated(_ resync: Resync) -> Cattail_V1_Resync {
    .with {
        let ways: [How: Cattail_V1_How] = [
            .deltas: .deltas, .netChange: .netChange, .snapshot: .snapshot, .reset: .reset,
        ]
        let reasons: [ResyncReason: Cattail_V1_Reason] = [
            .noToken: .noToken, .otherLog: .otherLog, .otherHistory: .otherHistory,
            .otherSelection: .otherSelection, .cheapest: .cheapest, .slow: .slow,
            .digest: .digest,
        ]
        $0.how = ways[resync.how] ?? .unspecified
        $0.start = generated(resync.start)
        $0.reason = reasons[resync.reason] ?? .unspecified
        $0.fingerprint = Data(resync.fingerprint?.bytes ?? [])
    }
}

func generated(_ mark: Mark) -> Cattail_V1_Mark {
    .with {
        switch mark.place {
        case .position(let position): $0.position = generated(position)
        case .step(let seq, let chain):
            $0.chain = Data(chain.bytes)
            $0.seq = seq.rawValue
        }
        $0.digest = Data(mark.digest?.sum.bytes ?? [])
        if let count = mark.count { $0.count = count }
        $0.sync = mark.sync == .inSync ? .inSync : .unspecified
    }
}

func generated(_ change: Change) -> Cattail_V1_Change {
    .with {
        switch change {
        case .put(let item): $0.item = Data(item.bytes)
        case .removal(let removal):
            $0.removal.seq = removal.seq.rawValue
            $0.removal.namespace = removal.key.namespace
            $0.removal.name = removal.key.name
        case .patch(let patch):
            $0.patch.seq = patch.seq.rawValue
            $0.patch.prevSeq = patch.previousSeq.rawValue
            $0.patch.spans = patch.spans.map { span in
                .with {
                    $0.at = span.at
                    $0.remove = span.remove
                    $0.insert = Data(span.insert)
                }
            }
        }
    }
}

func generated(_ answer: Answer) -> Cattail_V1_Answer {
    .with {
        let outcomes: [Outcome: Cattail_V1_Outcome] = [
            .created: .created, .configured: .configured, .unchanged: .unchanged,
            .deleted: .deleted, .failed: .failed,
        ]
        $0.ticket = answer.ticket
        $0.outcome = outcomes[answer.outcome] ?? .unspecified
        $0.seq = answer.seq.rawValue
        $0.code = answer.code.rawValue
        $0.message = answer.message
        $0.faults = answer.faults.map { fault in
            .with {
                $0.field = fault.field
                $0.value = fault.value
                $0.reason = fault.reason
            }
        }
        $0.item = Data(answer.item?.bytes ?? [])
        $0.leader = answer.leader
    }
}

func generated(_ answer: QueryAnswer) -> Cattail_V1_QueryAnswer {
    .with {
        $0.ticket = answer.ticket
        switch answer.body {
        case .items(let items): $0.items.items = items.map { Data($0.bytes) }
        case .records(let rows):
            $0.records.rows = rows.map { row in
                .with {
                    $0.record = Data(row.record.bytes)
                    $0.chain = Data(row.chain.bytes)
                }
            }
        case .diff(let entries):
            $0.diff.entries = entries.map { entry in
                .with {
                    $0.before = Data(entry.before?.bytes ?? [])
                    $0.after = Data(entry.after?.bytes ?? [])
                }
            }
        case .json(let bytes): $0.json = Data(bytes)
        case .verify(let report):
            $0.verify.checked = report.checked
            $0.verify.head = generated(report.head)
            $0.verify.firstBad = report.firstBad?.rawValue ?? 0
            $0.verify.why = report.why
        case .failure(let code, let message):
            $0.failure.code = code.rawValue
            $0.failure.message = message
        case .end(let seq): $0.end.seq = seq.rawValue
        case .promise(let promise):
            $0.promise.head = generated(promise.head)
            $0.promise.promisedNumber = promise.promised.number
            $0.promise.promisedLeader = promise.promised.leaderID
            $0.promise.seal = promise.seal == .head ? .head : .none
        case .unknown: break
        }
    }
}

func generated(_ message: ServerMessage) -> Cattail_V1_ServerMessage {
    .with {
        switch message {
        case .hello(let hello): $0.hello = generated(hello)
        case .resync(let resync): $0.resync = generated(resync)
        case .changes(let changes):
            $0.changes.changes = changes.changes.map { generated($0) }
            if let mark = changes.mark {
                $0.changes.mark = generated(mark.written(beside: changes.changes.last?.seq))
            }
        case .records(let records):
            $0.records.records = records.records.map { Data($0.bytes) }
            if let mark = records.mark { $0.records.mark = generated(mark) }
        case .mark(let mark): $0.mark = generated(mark)
        case .behind(let head): $0.behind.head = generated(head)
        case .answers(let answers): $0.answers.answers = answers.map { generated($0) }
        case .queryAnswer(let answer): $0.queryAnswer = generated(answer)
        case .serverState(let state):
            $0.serverState.staleSince = UInt64(state.staleSince?.microseconds ?? 0)
            $0.serverState.path = state.path.map { Data($0.bytes) }
        case .ping(let number): $0.ping.number = number
        case .pong(let number): $0.pong.number = number
        case .goodbye(let goodbye): $0.goodbye = generated(goodbye)
        case .unreadable, .unknown: break
        }
    }
}
