/// The requests of one connection that are not answered yet, counted and bounded.
struct RequestLedger: Equatable, Sendable {
    /// One frame's mutations: how many are unanswered, and what the frame took.
    private struct Batch: Equatable, Sendable {
        var count: Int
        let bytes: Int
    }

    /// Oldest first. Answers may come in another order; the bound holds all the same.
    private var batches: [Batch] = []
    private(set) var mutations = 0
    private(set) var mutationBytes = 0
    /// Tickets of open queries, in the order asked.
    private(set) var queries: [UInt64] = []

    var isFull: Bool {
        mutations >= Limits.outstandingMutations
            || mutationBytes >= Limits.outstandingMutationBytes
    }

    var isIdle: Bool { mutations == 0 && queries.isEmpty }

    mutating func took(mutations count: Int, bytes: Int) {
        guard count > 0 else { return }
        batches.append(Batch(count: count, bytes: bytes))
        mutations += count
        mutationBytes += bytes
    }

    mutating func answered(count: Int) {
        precondition((0...mutations).contains(count), "\(count) answers for \(mutations) wishes")
        mutations -= count
        var rest = count
        while rest > 0, let first = batches.first {
            if first.count > rest {
                batches[0].count -= rest
                return
            }
            rest -= first.count
            mutationBytes -= first.bytes
            batches.removeFirst()
        }
    }

    mutating func asked(ticket: UInt64) { queries.append(ticket) }

    mutating func queryEnded(ticket: UInt64) { queries.removeAll { $0 == ticket } }

    func checkInvariants() {
        precondition(batches.map(\.count).reduce(0, +) == mutations, "mutations miscounted")
        precondition(batches.map(\.bytes).reduce(0, +) == mutationBytes, "bytes miscounted")
        precondition(queries.count <= Limits.openQueries, "too many queries")
        precondition(Set(queries).count == queries.count, "a ticket twice")
    }
}
