import CattailServer
import CattailTestKit
import EndpointModel
import LogStore
import SyncProtocol
import Testing

extension ServerTests {
    @Suite("A leader on a faulty disk")
    struct DiskFaults {
        @Test(
            "Whichever call of its disk fails, what a leader has acknowledged is there, once (G1, G11)"
        )
        func sweep() async throws {
            var sweep = FaultSweep("leader")
            let plain = try await LeaderWorkload()
            #expect(try await plain.carryOut(nil) == "acknowledged")
            for run in FaultSweep.runs(of: plain.counts, sample: 4) {
                sweep.note(try await LeaderWorkload().carryOut(run))
            }
            try sweep.report()
            #expect(sweep.outcomes["acknowledged", default: 0] > 10, "\(sweep.outcomes)")
            #expect(sweep.outcomes["read-only", default: 0] > 5, "\(sweep.outcomes)")
        }
    }
}

/// A leader that is written to while its disk fails: each request is made, and made again when it was
/// not acknowledged.
final class LeaderWorkload {
    private let folder: TemporaryFolder
    private let faulty: FaultyDisk
    private let node: TestNode
    private let peer: RawClient
    private let before: [FaultyDisk.Fault: Int]
    private(set) var counts: [FaultyDisk.Fault: Int] = [:]
    /// By request ID.
    private var acknowledged: [String: Seq] = [:]
    private var run: FaultSweep.Run?

    private static let requests = 8

    init() async throws {
        folder = try TemporaryFolder()
        let faulty = try FaultyDisk(seed: 1)
        self.faulty = faulty
        node = try await TestNode.leader(in: folder.path("leader")) {
            $0.log = LogSettings(disk: faulty.disk)
            $0.log.limits.busyCheckpointBytes = 4_096
        }
        before = Self.calls(faulty)
        peer = try await RawClient(to: node.address)
        await peer.greet()
        _ = try await peer.next()
    }

    private static func calls(_ disk: FaultyDisk) -> [FaultyDisk.Fault: Int] {
        Dictionary(
            uniqueKeysWithValues: FaultyDisk.Fault.allCases.map { ($0, disk.calls(of: $0)) })
    }

    func carryOut(_ run: FaultSweep.Run?) async throws -> String {
        self.run = run
        run?.arm(faulty)
        var outcome = "acknowledged"
        for number in 0..<Self.requests {
            let first = try await ask(number)
            guard first.outcome == .failed else { continue }
            #expect(["outcome-unknown", "read-only"].contains(first.code.rawValue), "\(context)")
            let second = try await ask(number)
            if second.outcome == .failed { outcome = second.code.rawValue }
        }
        if run?.isPassing == true { #expect(outcome == "acknowledged", "\(context)") }
        counts = Self.calls(faulty).merging(before) { $0 - $1 }
        for seed in FaultSweep.losses { try judgeSurvivors(seed) }
        try await node.stop()
        return outcome
    }

    private func ask(_ number: Int) async throws -> Answer {
        let endpoint = Sample.endpoint(number)
        await peer.send(
            ClientMessage.mutations([
                Mutation(
                    ticket: UInt64(number), requestID: "r-\(number)", operation: .create,
                    key: endpoint.key, endpoint: endpoint.encodedEndpoint())
            ]))
        while let message = try await peer.next() {
            guard case .answers(let answers) = message, let answer = answers.first else { continue }
            if answer.outcome != .failed { acknowledged["r-\(number)"] = answer.seq }
            return answer
        }
        throw NoAnswer()
    }

    private struct NoAnswer: Error {}

    private var context: String {
        "\(run.map(String.init(describing:)) ?? "no fault") (\(faulty.firstFailure))"
    }

    /// Power goes now.
    private func judgeSurvivors(_ seed: UInt64) throws {
        let after = try TemporaryFolder()
        try faulty.writeSurvivors(to: after.path, seed: seed)
        let held = try DataDirectory.acquire(after.path)
        defer { held.release() }
        let writer = try LogWriter.open(
            in: held, settings: LogSettings(disk: FaultyDisk(seed: 1).disk))
        for (request, seq) in acknowledged {
            let found = try writer.seq(ofRequest: RequestKey(actor: "raw", requestID: request))
            #expect(found == seq, "\(request): \(context)")
        }
        #expect(writer.head.seq <= Seq(UInt64(1 + Self.requests)), "\(context)")
    }
}
