internal import CattailClient
internal import EndpointModel

/// Follows the log: a subscription to it from where it is asked for, until the task is cancelled.
struct LogTail {
    let client: EndpointClient
    /// Between two attempts to find the beginning, of which each has its own patience.
    private static let pause = Duration.milliseconds(200)

    init(client: EndpointClient) { self.client = client }

    func run(_ range: EventRange, _ take: ([LogEntry]) throws -> Void) async throws {
        let start = try await start(range.from)
        let subscription = client.followLog(after: start.held)
        var outage = Outage()
        do {
            for try await update in subscription {
                switch update {
                case .status(let status): outage.note(status)
                case .events(let events):
                    try take(
                        events.entries.filter {
                            try $0.seq >= start.first && range.wants($0.record)
                        })
                }
            }
            await subscription.close()
        } catch {
            await subscription.close()
            throw error
        }
    }

    // MARK: Where it begins

    private struct Start {
        /// Nil: the beginning of the log.
        var held: Position?
        /// Events before it are not shown.
        var first: Seq
    }

    /// Asked again until a server answers: so does a subscription.
    private func start(_ point: LogPoint?) async throws -> Start {
        guard let point else { return Start(held: nil, first: .zero) }
        while true {
            do { return try await find(point) } catch let error as ClientError
                where Self.passes(error.code)
            {
                Console.faults.warn("\(error)")
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func find(_ point: LogPoint) async throws -> Start {
        while true {
            do { return try await found(point) } catch let error as ClientError
                where error.code == .positionAhead
            {
                // It will come: what is before it is let pass. Or it has come between the two
                // questions, and can be asked for.
                let start = try await found(.age(microseconds: 0), orLater: point)
                guard case .seq(let wanted) = point, start.first > wanted else { return start }
            }
        }
    }

    private func found(_ point: LogPoint, orLater wanted: LogPoint? = nil) async throws -> Start {
        var pages = client.log(from: point).makeAsyncIterator()
        let found = try await pages.next()?.first?.seq
        // Nothing is there yet: what comes next is the first.
        let next = found ?? (pages.answeredSeq ?? .zero).next
        var first = next
        if case .seq(let wanted) = wanted ?? point { first = max(wanted, next) }
        guard next > Seq(1) else { return Start(held: nil, first: first) }
        let held = try await client.position(at: Seq(next.rawValue - 1))
        return Start(held: held, first: first)
    }

    private static func passes(_ code: ClientError.Code) -> Bool {
        [.unreachable, .unavailable, .overloaded, .protocolBroken].contains(code)
    }
}

/// Tells a person when events may be missing for now: once, not with each attempt.
private struct Outage {
    private var isTold = false

    mutating func note(_ status: SubscriptionStatus) {
        switch status {
        case .connecting, .resync, .cacheUnusable, .stale(nil): break
        case .inSync: isTold = false
        case .disconnected, .goodbye:
            if !isTold { tell(status) }
            isTold = true
        case .stale, .behind, .digestDiffers, .unverified: tell(status)
        }
    }

    private func tell(_ status: SubscriptionStatus) {
        Console.faults.warn(StatusLine(status).text)
    }
}
