import CattailTestKit
import Foundation
import Testing

/// Some seeds of the simulator, as a process of its own: the order of sets follows from the seed only
/// where Swift is told so before it begins.
@Suite("Simulation")
struct SimulationTests {
    @Test("Whatever fails around it, a cluster keeps its promises (G1 to G11)")
    func someSeeds() async throws {
        try await simulate(seeds: 24, first: 1, twiceEvery: 0)
    }

    @Test("A seed makes one run, to the byte of its transcript")
    func oneSeedTwice() async throws {
        try await simulate(seeds: 2, first: 101, twiceEvery: 1)
    }

    private func simulate(seeds: Int, first: Int, twiceEvery: Int) async throws {
        let folder = try TemporaryFolder()
        let outcome = try await ChildProcess.run(
            [
                "--seeds", "\(seeds)", "--first-seed", "\(first)",
                "--twice-every", "\(twiceEvery)",
            ],
            executable: CattailBinary.path(of: "simulate"),
            environment: ["TMPDIR": folder.path])
        #expect(outcome.code == 0, "\(outcome.output)")
    }
}
