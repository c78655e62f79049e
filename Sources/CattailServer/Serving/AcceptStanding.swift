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

    private var isExhausted = false

    package init() {}

    package mutating func failed(errno: Int32) -> News? {
        guard Self.isExhaustion(errno), !isExhausted else { return nil }
        isExhausted = true
        return .exhausted(errno: errno)
    }

    package mutating func accepted() -> News? {
        guard isExhausted else { return nil }
        isExhausted = false
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
        tell(acceptStanding.failed(errno: errno))
        return AcceptStanding.pauseMilliseconds(errno: errno).map { .milliseconds($0) }
    }

    func accepted() { tell(acceptStanding.accepted()) }

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
