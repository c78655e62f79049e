internal import Glibc
internal import Logging
internal import NIOCore

/// Whether the system can take one more connection, as a value: tells of each change once.
package struct AcceptStanding: Sendable {
    package enum News: Hashable, Sendable {
        /// There is no descriptor or no memory for one more; the errno says which.
        case exhausted(errno: Int32)
        /// Connections are accepted again.
        case accepting
    }

    // error-codes
    static var exhaustedCode: String { "descriptors-exhausted" }

    /// When accepting failed last, while it counts as exhausted.
    private var lastFailure: UInt64?

    /// So long without a failure it is over. At the limit a connection is accepted for each that
    /// ends, and fails again with the next: that is one state and not many.
    private static let quietMilliseconds: UInt64 = 10_000

    package init() {}

    package mutating func failed(errno: Int32, at now: UInt64) -> News? {
        guard Self.isExhaustion(errno) else { return nil }
        defer { lastFailure = now }
        return lastFailure == nil ? .exhausted(errno: errno) : nil
    }

    package mutating func accepted(at now: UInt64) -> News? {
        guard let last = lastFailure, now >= last + Self.quietMilliseconds else { return nil }
        lastFailure = nil
        return .accepting
    }

    /// How long to wait before accepting is tried again; nil after what says nothing of the next.
    package static func pauseMilliseconds(errno: Int32) -> Int64? {
        isExhaustion(errno) ? 500 : nil
    }

    private static func isExhaustion(_ errno: Int32) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno)
    }
}

extension ServingLoop {
    func acceptFailed(errno: Int32) -> TimeAmount? {
        tell(acceptStanding.failed(errno: errno, at: now))
        return AcceptStanding.pauseMilliseconds(errno: errno).map { .milliseconds($0) }
    }

    func accepted() { tell(acceptStanding.accepted(at: now)) }

    private func tell(_ news: AcceptStanding.News?) {
        switch news {
        case .exhausted(let errno):
            logger.error(
                "no connection can be accepted until others end",
                metadata: ["code": "\(AcceptStanding.exhaustedCode)", "errno": "\(errno)"])
        case .accepting: logger.notice("connections are accepted again")
        case nil: break
        }
    }
}
