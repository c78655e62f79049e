internal import CattailSimulator
internal import Foundation
internal import Glibc

/// `simulate --seeds N [--first-seed S] [--twice-every K] [--lines L]`: runs seeds one after the
/// other. `tools/simulate` builds and calls it.
@main
enum Simulate {
    static func main() throws {
        fixHashing()
        var campaign = Campaign()
        try campaign.run()
        exit(try campaign.summarize())
    }

    /// The order of sets and dictionaries must follow from the seed too: Swift makes it so for a
    /// process that is begun like this.
    private static func fixHashing() {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
        setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) as UnsafeMutablePointer<CChar>? }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
        // It comes back only when it could not begin again: a seed would not be repeated here.
        let reason = String(cString: strerror(errno))
        FileHandle.standardError.write(
            Data("error: failed: simulate cannot start itself anew: \(reason)\n".utf8))
        exit(1)
    }
}

/// Some seeds, and what came of them.
struct Campaign {
    private let first = Self.number("--first-seed", 1)
    private let count = Self.number("--seeds", 1)
    private let twiceEvery = Self.number("--twice-every", 100)
    private let lines = Int(Self.number("--lines", 40))
    private let folder: String
    private let begun = Date()
    private var totals: [String: Int] = [:]
    private var failed: [UInt64] = []
    private var twice = 0

    init() {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        // Of one length in every run: paths stand in messages, and these are sent.
        let digits = String(getpid())
        let zeros = String(repeating: "0", count: max(0, 8 - digits.count))
        folder = "\(base)/cattail-simulation-\(zeros)\(digits)"
    }

    private static func number(_ name: String, _ standard: UInt64) -> UInt64 {
        let arguments = CommandLine.arguments
        guard let place = arguments.firstIndex(of: name),
            arguments.indices.contains(place + 1), let value = UInt64(arguments[place + 1])
        else { return standard }
        return value
    }

    mutating func run() throws {
        for seed in first..<(first + count) {
            let outcome = try Simulation.run(seed: seed, in: folder, lines: lines)
            for (name, value) in outcome.counts { totals[name, default: 0] += value }
            if let failure = outcome.failure { report(outcome, failure) }
            if count == 1 { print("seed \(seed): trace \(outcome.hash)") }
            if twiceEvery > 0, (seed - first) % twiceEvery == 0 { try runAgain(outcome) }
        }
    }

    private mutating func runAgain(_ before: Simulation.Outcome) throws {
        twice += 1
        let again = try Simulation.run(seed: before.seed, in: folder, lines: lines)
        if again.hash != before.hash { report(again, "a second run has another transcript") }
    }

    private mutating func report(_ outcome: Simulation.Outcome, _ failure: String) {
        failed.append(outcome.seed)
        print("seed \(outcome.seed): \(failure)")
        print("  \(outcome.scenario)")
        for line in outcome.lastLines { print("  \(line)") }
        print("  again: tools/simulate --seeds 1 --first-seed \(outcome.seed)")
        fflush(nil)
    }

    /// The last line is JSON, for whoever keeps records.
    func summarize() throws -> Int32 {
        let seconds = Date().timeIntervalSince(begun)
        let line: [String: Any] = [
            "seeds": count, "firstSeed": first, "twice": twice, "failed": failed,
            "totals": totals, "seconds": (seconds * 10).rounded() / 10,
        ]
        let json = try JSONSerialization.data(withJSONObject: line, options: .sortedKeys)
        print(String(decoding: json, as: UTF8.self))
        return failed.isEmpty ? 0 : 1
    }
}
