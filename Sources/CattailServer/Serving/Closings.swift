internal import Logging
internal import SyncProtocol

/// What connections ended for, since the start, by code. Of those whose peers kept to no rule or said
/// nothing some are told in the log as well (G12).
struct Closings {
    private(set) var counts: [String: UInt64] = [:]
    private var budget = LineBudget()

    mutating func note(_ end: SessionEnd, of peer: String?, at now: UInt64, to logger: Logger) {
        counts[Self.code(of: end), default: 0] += 1
        guard let reason = Self.fault(end), let leftOut = budget.admit(at: now) else { return }
        var facts: Logger.Metadata = ["code": "\(Self.code(of: end))", "reason": "\(reason)"]
        if let peer { facts["peer"] = "\(peer)" }
        if leftOut > 0 { facts["leftOut"] = "\(leftOut)" }
        logger.notice("connection closed", metadata: facts)
    }

    // error-codes
    private static func code(of end: SessionEnd) -> String {
        switch end {
        case .goodbyeSent(let goodbye): goodbye.code.rawValue
        case .goodbyeReceived: "left"
        case .prefaceMismatched: "preface-mismatch"
        case .connectionLost: "connection-lost"
        }
    }

    /// Why, where that is the peer's doing and nobody else tells of it.
    private static func fault(_ end: SessionEnd) -> String? {
        switch end {
        case .goodbyeSent(let goodbye) where isFault(goodbye.code): goodbye.message
        case .prefaceMismatched: "it speaks another protocol"
        case .goodbyeSent, .goodbyeReceived, .connectionLost: nil
        }
    }

    private static func isFault(_ code: GoodbyeCode) -> Bool {
        [
            .helloLate, .messageUnexpected, .messageMalformed, .frameMalformed, .limitExceeded,
            .silent, .overloaded,
        ].contains(code)
    }
}

/// Strangers must not fill a disk with lines: some are told in each ten seconds, the others
/// counted.
struct LineBudget {
    private static let linesPerSpan = 20
    private static let spanMilliseconds: UInt64 = 10_000
    private var begun: UInt64 = 0
    private var told = 0
    private var leftOut: UInt64 = 0

    /// Nil when this one is not told; else how many were not since the last that was.
    mutating func admit(at now: UInt64) -> UInt64? {
        if now >= begun + Self.spanMilliseconds {
            begun = now
            told = 0
        }
        guard told < Self.linesPerSpan else {
            leftOut += 1
            return nil
        }
        told += 1
        defer { leftOut = 0 }
        return leftOut
    }
}
