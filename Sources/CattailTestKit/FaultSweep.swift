internal import Foundation

/// Which calls of a workload are made to fail, or which bytes are damaged, one run for each; and what
/// came of them.
///
/// Ordinary tests take a sample that is spread over all; `CATTAIL_SWEEP=N`, which `tools/campaign disk`
/// and `flips` set, takes every one, with N lots of whatever is left to chance.
package struct FaultSweep {
    /// One run: the fault, and with `power` a power loss at so many calls behind it.
    package struct Run: Sendable, CustomStringConvertible {
        package var fault: FaultyDisk.Fault
        package var call: Int
        package var span: FaultyDisk.Span
        package var power: Int?

        /// Behind it the disk is as it was: whoever tries again succeeds.
        package var isPassing: Bool { span == .once && fault != .power && power == nil }

        package var description: String {
            "\(fault) at call \(call), \(span)"
                + (power.map { ", power \($0) calls behind it" } ?? "")
        }

        package func arm(_ disk: FaultyDisk) {
            disk.arm(fault, at: call, span)
            if let power { disk.cutPower(behindFailure: power) }
        }
    }

    /// What was seen, by name: of how many runs.
    package private(set) var outcomes: [String: Int] = [:]
    package private(set) var runs = 0
    private let name: String

    package init(_ name: String) { self.name = name }

    /// How many lots of a whole sweep; nil for a sample.
    private static var whole: Int? {
        ProcessInfo.processInfo.environment["CATTAIL_SWEEP"].flatMap { Int($0) }
    }

    /// What a power loss leaves is left to chance: with how many seeds it is tried.
    package static var losses: ClosedRange<UInt64> { 1...UInt64(max(1, whole ?? 1)) }

    /// The bits of a byte that are flipped, one at a time.
    package static func bits(at offset: Int) -> [Int] {
        (0..<min(8, max(1, whole ?? 1))).map { ($0 * 3 + offset) % 8 }
    }

    /// Each fault at each call that a run without any makes; and each failing sync with a power
    /// loss at each call behind it.
    package static func runs(of counts: [FaultyDisk.Fault: Int], sample: Int) -> [Run] {
        var runs: [Run] = []
        for fault in FaultyDisk.Fault.allCases {
            for span in FaultyDisk.Span.allCases where fault != .power || span == .once {
                for call in spread(counts[fault] ?? 0, sample).map({ $0 + 1 }) {
                    runs.append(Run(fault: fault, call: call, span: span))
                }
            }
        }
        for sync in spread(counts[.sync] ?? 0, sample) {
            for power in spread(callsOfRecovery, sample / 2) {
                runs.append(
                    Run(fault: .sync, call: sync + 1, span: .once, power: power + 1))
            }
        }
        return runs
    }

    /// So many calls behind a failed sync the disk has been written anew, and some of what follows.
    private static let callsOfRecovery = 40

    /// All places of so many, or a sample from the first to the last.
    package static func spread(_ count: Int, _ sample: Int) -> [Int] {
        guard whole == nil, count > sample else { return Array(0..<count) }
        return (0..<sample).map { $0 * (count - 1) / max(1, sample - 1) }
    }

    package mutating func note(_ outcome: String, _ count: Int = 1) {
        runs += count
        outcomes[outcome, default: 0] += count
    }

    /// For the campaign, which reads it: one line of JSON.
    package func report() throws {
        let path = ProcessInfo.processInfo.environment["CATTAIL_SWEEP_RESULTS"]
        guard let path, !path.isEmpty else { return }
        let line: [String: Any] = ["sweep": name, "runs": runs, "outcomes": outcomes]
        let data = try JSONSerialization.data(withJSONObject: line, options: .sortedKeys)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: data + Data("\n".utf8))
        try file.close()
    }
}
