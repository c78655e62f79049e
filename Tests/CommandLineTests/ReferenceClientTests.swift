import CattailTestKit
import Foundation
import Testing

/// A client of the protocol that shares no code with ours: `tools/reference_client.py` was written
/// from `proto/` alone. It judges the vectors, and its own tests judge our server.
@Suite("A client written from the protocol's text")
struct ReferenceClientTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func path(_ file: String) -> String { root.appending(path: file).path }

    /// Runs Python; nil, after a line that says so, on a machine without it.
    private func python(
        _ arguments: [String], environment: [String: String] = [:], within limit: Duration
    ) async throws -> ProcessOutcome? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")
            .split(separator: ":")
        let found = folders.map { "\($0)/python3" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else {
            print("reference client: not run, python3 is missing (tools/setup installs it)")
            return nil
        }
        let child = try ChildProcess(arguments, executable: found, environment: environment)
        child.closeInput()
        return try await child.ended(within: limit)
    }

    @Test("it reads every vector in proto/vectors as the text says")
    func vectors() async throws {
        let outcome = try await python(
            [Self.path("tools/reference_client.py"), "vectors", Self.path("proto/vectors")],
            within: .seconds(20))
        guard let outcome else { return }
        #expect(outcome.code == 0, "\(outcome.output)\n\(outcome.errors)")
        #expect(outcome.lines.last?.hasSuffix(" passed, 0 failed") == true)
    }

    @Test("it replicates from a leader and a follower, over cuts, damage and a node that is behind")
    func conversations() async throws {
        let outcome = try await python(
            [Self.path("Tests/ReferenceClient/test_reference_client.py")],
            environment: ["CATTAIL_NODE": CattailBinary.path], within: .seconds(60))
        guard let outcome else { return }
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(!outcome.errors.contains("skipped"))
    }
}
