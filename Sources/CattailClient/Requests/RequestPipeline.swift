internal import EndpointModel
internal import NIOCore
package import SyncProtocol
package import SyncTransport

/// The mutations of one client, from being handed in until they are answered: a plain value.
///
/// Tickets count up without a gap, so an answer finds its request by position. A request stays
/// here, with its request ID, until there is a final answer; whatever happens to connections in
/// between, it is sent again with the same ID, and takes effect once (G11).
package struct RequestPipeline<Token: Sendable>: Sendable {
    private struct Entry: Sendable {
        let request: MutationRequest
        let requestID: String
        let token: Token
    }

    private enum Progress: Sendable {
        /// To be sent. Whether it ever was decides what giving up means.
        case waiting(wasSent: WasSent)
        /// On its way; waits for the answer.
        case sent
        /// The answer was that the outcome is not known, or to come back later.
        case toAskAgain
        /// Answered; leaves as soon as it is the first.
        case done
    }

    private enum WasSent: Sendable {
        case no
        case yes
    }

    private var entries = CircularBuffer<Entry>()
    /// Of each entry; apart, because it changes and an entry is long to copy.
    private var progress = CircularBuffer<Progress>()
    /// The ticket of the first entry.
    private var base: UInt64 = 1
    /// The index of the first entry that may be waiting.
    private var cursor = 0
    private var ids: RequestIDs
    /// Requests without a final answer.
    package private(set) var openCount = 0

    package init(ids: RequestIDs) { self.ids = ids }

    package var isEmpty: Bool { openCount == 0 }

    // MARK: In

    package mutating func submit(_ request: MutationRequest, token: Token) {
        let id = request.requestID ?? ids.next()
        entries.append(Entry(request: request, requestID: id, token: token))
        progress.append(.waiting(wasSent: .no))
        openCount += 1
    }

    // MARK: Out

    /// The next frame's worth of mutations that wait: none when nothing does.
    package mutating func takeToSend(countLimit: Int, byteLimit: Int) -> [Mutation] {
        var mutations: [Mutation] = []
        var byteCount = 0
        while cursor < entries.count, mutations.count < countLimit, byteCount < byteLimit {
            let ticket = base &+ UInt64(cursor)
            guard case .waiting = progress[offset: cursor] else {
                cursor += 1
                continue
            }
            let entry = entries[offset: cursor]
            let size = entry.request.sizeEstimate
            if byteCount > 0, byteCount + size > byteLimit { break }
            byteCount += size
            progress[offset: cursor] = .sent
            cursor += 1
            mutations.append(entry.request.mutation(ticket: ticket, requestID: entry.requestID))
        }
        return mutations
    }

    package enum AnswerOutcome {
        /// The final word.
        case done(Token, MutationResult)
        /// Ask the same again after a pause.
        case askAgain(ClientError)
        /// This server takes no mutations; nil: and does not know who does.
        case goTo(ServerAddress?)
        /// Not waited for: answered already, before a connection was lost. Legal.
        case known
    }

    package mutating func answered(_ answer: Answer) -> AnswerOutcome {
        guard answer.ticket >= base, answer.ticket - base < UInt64(entries.count) else {
            return .known
        }
        let offset = Int(truncatingIfNeeded: answer.ticket - base)
        guard case .sent = progress[offset: offset] else { return .known }
        switch answer.outcome {
        case .created: return finish(offset, .created(answer.seq))
        case .configured: return finish(offset, .configured(answer.seq))
        case .unchanged: return finish(offset, .unchanged(answer.seq))
        case .deleted: return finish(offset, .deleted(answer.seq))
        case .failed: return failed(answer, offset)
        }
    }

    private mutating func failed(_ answer: Answer, _ offset: Int) -> AnswerOutcome {
        let error = ClientError(answer)
        switch answer.code {
        case .notLeader:
            progress[offset: offset] = .toAskAgain
            return .goTo(ServerAddress(answer.leader))
        case .outcomeUnknown, .overloaded, .unavailable:
            progress[offset: offset] = .toAskAgain
            return .askAgain(error)
        default: return finish(offset, .failed(error))
        }
    }

    private mutating func finish(_ offset: Int, _ outcome: MutationResult.Outcome)
        -> AnswerOutcome
    {
        let entry = entries[offset: offset]
        progress[offset: offset] = .done
        openCount -= 1
        dropDone()
        let result = MutationResult(
            key: entry.request.key, requestID: entry.requestID, outcome: outcome)
        return .done(entry.token, result)
    }

    private mutating func dropDone() {
        while case .done? = progress.first {
            entries.removeFirst()
            progress.removeFirst()
            base &+= 1
            cursor = max(0, cursor - 1)
        }
    }

    // MARK: Trouble

    /// What was answered "ask again" waits again.
    package mutating func askAgain() {
        reopen {
            switch $0 {
            case .toAskAgain: .waiting(wasSent: .yes)
            case .waiting, .sent, .done: $0
            }
        }
    }

    /// Nothing that was sent will be answered any more: all of it waits again.
    package mutating func connectionLost() {
        reopen {
            switch $0 {
            case .toAskAgain, .sent: .waiting(wasSent: .yes)
            case .waiting, .done: $0
            }
        }
    }

    private mutating func reopen(_ change: (Progress) -> Progress) {
        for index in progress.indices { progress[index] = change(progress[index]) }
        cursor = 0
    }

    /// No server is to be had: everything fails, with the plain truth about what was sent.
    package mutating func giveUp(_ unreachable: ClientError) -> [(Token, MutationResult)] {
        var results: [(Token, MutationResult)] = []
        for (entry, progress) in zip(entries, progress) {
            let error: ClientError
            switch progress {
            case .done: continue
            case .waiting(wasSent: .no): error = unreachable
            case .waiting(wasSent: .yes), .sent, .toAskAgain:
                error = ClientError(
                    code: .outcomeUnknown,
                    message:
                        "\(entry.request.key) was sent and not answered: \(unreachable.message)",
                    remedy: "ask again with request ID \(entry.requestID), or look")
            }
            let result = MutationResult(
                key: entry.request.key, requestID: entry.requestID, outcome: .failed(error))
            results.append((entry.token, result))
        }
        base &+= UInt64(entries.count)
        entries.removeAll()
        progress.removeAll()
        cursor = 0
        openCount = 0
        return results
    }
}

extension MutationRequest {
    /// What it takes in a frame, and a little more.
    var sizeEstimate: Int {
        endpointBytes.count + key.namespace.utf8.count + key.name.utf8.count + 96
            + (origin == nil ? 0 : 256)
    }
}
