internal import CattailClient
internal import EndpointModel

/// Follows the log: asks for what is new, again and again, until the task is cancelled.
///
/// It asks instead of subscribing, because the client library's subscriptions carry items and no
/// audit parts; what nobody wrote costs the server one read by seq.
struct LogTail {
    let client: EndpointClient
    private static let pause = Duration.milliseconds(200)

    func run(
        _ wanted: EventRange, _ take: ([LogEntry]) throws -> Void
    ) async throws {
        var range = wanted
        while !Task.isCancelled {
            do {
                let last = try await ServerArchive(client: client).events(range) { entries in
                    try take(entries)
                    // What came is not asked for again, whatever becomes of the connection.
                    if let last = entries.last { range.from = .seq(last.seq.next) }
                }
                try advance(&range, behind: last)
            } catch let error as ClientError where Self.passes(error.code) {
                Console.faults.warn("\(error)")
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func advance(_ range: inout EventRange, behind last: Seq) throws {
        switch range.from {
        case .seq(let next) where next > last: break
        case .seq, .time, .age, nil: range.from = .seq(last.next)
        }
    }

    private static func passes(_ code: ClientError.Code) -> Bool {
        [.unreachable, .unavailable, .overloaded, .protocolBroken, .positionAhead].contains(code)
    }
}
