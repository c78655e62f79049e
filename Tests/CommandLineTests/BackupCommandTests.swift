import CattailTestKit
import EndpointDocuments
import EndpointModel
import Testing

@Suite("backup and restore")
struct BackupCommandTests {
    private static func changes(_ lines: [DocumentValue]) -> [String] {
        lines.compactMap { line in
            guard let type = line["type"]?.text, ["put", "delete"].contains(type) else {
                return nil
            }
            return "\(type) \(line["key"]?.text ?? "")"
        }.sorted()
    }

    @Test("A watcher of a lost future is reset, and told the difference and nothing else (G7)")
    func lostFuture() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        let (a, b) = (Sample.name(pod: "a"), Sample.name(pod: "b"))
        let backup = try await leader.run(["backup", folder.path("backup"), "-o", "json"])
        #expect(backup.code == 0, "\(backup.errors)")
        let told = try #require(try backup.json().first)
        #expect(told.keys == ["events", "chain", "logID", "file"])
        #expect(told["events"]?.text == "4" && told["logID"]?.text == leader.log)
        // What is written from here on is lost.
        try await leader.run(["apply", "-f", "-"], input: Sample.endpoint(pod: "new"))
        try await leader.run(["delete", "wep", a])
        try await leader.run(["label", "wep", b, "x=y"])
        let watch = ["watch", "-o", "json", "--until-in-sync", "--state", folder.path("state")]
        #expect(try await leader.run(watch).json().last?["how"]?.text == "snapshot")
        try await leader.kill()

        let data = folder.path("restored")
        let restored = try await cattail("restore", folder.path("backup"), "--data", data)
        #expect(restored.code == 0, "\(restored.errors)")
        #expect(restored.output.hasPrefix("restored: 4 events, "), "\(restored.output)")
        let second = try await NodeChild.leader(data: data)
        #expect(second.log == leader.log && second.seq == 5)
        let lines = try await second.run(watch).json()
        #expect(lines.last?["how"]?.text == "reset")
        #expect(
            Self.changes(lines)
                == [
                    "delete default/\(Sample.name(pod: "new"))", "put default/\(a)",
                    "put default/\(b)",
                ])
        // And again when the new history has come as far as the old one.
        try await second.run(["label", "wep", b, "z=1"])
        try await second.run(["label", "wep", b, "z=2", "--overwrite"])
        try await second.run(["label", "wep", b, "z=3", "--overwrite"])
        let resumed = try await second.run(watch).json()
        #expect(Set(Self.changes(resumed)) == ["put default/\(b)"])
        #expect(resumed.last?["how"]?.text != "reset")
        #expect(try await second.run(["verify"]).output.hasPrefix("ok: 8 events"))
    }

    @Test("A position at which the new history stands too is reset as well (G7)")
    func sameSeq() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        let b = Sample.name(pod: "b")
        try await leader.run(["backup", folder.path("backup")])
        try await leader.run(["label", "wep", b, "x=lost"])
        let watch = ["watch", "-o", "json", "--until-in-sync", "--state", folder.path("state")]
        try await leader.run(watch)
        try await leader.kill()
        _ = try await cattail("restore", folder.path("backup"), "--data", folder.path("restored"))
        let second = try await NodeChild.leader(data: folder.path("restored"))
        try await second.run(["label", "wep", b, "x=new"])
        let lines = try await second.run(watch).json()
        #expect(lines.last?["how"]?.text == "reset")
        #expect(Self.changes(lines) == ["put default/\(b)"])
    }

    @Test("A stopped node's files are backed up as well; what is missing or wrong is told")
    func offline() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        try await leader.stop()
        let file = folder.path("backup")
        let made = try await cattail("backup", file, "--data", folder.path("l"))
        #expect(made.code == 0, "\(made.errors)")
        let again = try await cattail("backup", file, "--data", folder.path("l"))
        #expect(again.code == 1 && again.errors.hasPrefix("error: file-exists: "))
        let full = try await cattail("restore", file, "--data", folder.path("l"))
        #expect(full.code == 1 && full.errors.hasPrefix("error: log-exists: "))
        let nothing = try await cattail("restore", file + "x", "--data", folder.path("new"))
        #expect(nothing.code == 1 && nothing.errors.hasPrefix("error: file-missing: "))
        #expect(try await cattail("restore", file).code == 64)
        let restored = try await cattail(
            "restore", file, "--epoch-above", "41", "-o", "json",
            environment: ["CATTAIL_DATA": folder.path("new")])
        let told = try #require(try restored.json().first)
        #expect(told["epoch"]?.text?.hasPrefix("42-") == true && told["seq"]?.text == "5")
    }
}
