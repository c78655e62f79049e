import CattailTestKit
import EndpointDocuments
import EndpointModel
import Glibc
import Testing

@Suite("watch against a leader")
struct WatchCommandTests {
    @Test("the story after a connect is connecting, resync, items, a mark with digest, in-sync")
    func story() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        defer { withExtendedLifetime(folder) {} }
        let outcome = try await leader.run(["watch", "-o", "json", "--until-in-sync"])
        #expect(outcome.code == 0)
        let lines = try outcome.json()
        #expect(
            lines.map { ($0["status"] ?? $0["type"])?.text } == [
                "connecting", "resync", "put", "put", "put", "mark", "in-sync",
            ])
        #expect(lines[0].keys == ["type", "status", "server"])
        #expect(lines[0]["server"]?.text == leader.listen)
        #expect(lines[1].keys == ["type", "status", "how", "seq"])
        #expect(lines[2].keys == ["type", "seq", "key", "endpoint"])
        #expect(lines[5].keys == ["type", "seq", "digest"])
        #expect(lines[5]["digest"]?.text?.utf8.count == 64)
        #expect(lines[6]["how"]?.text == "snapshot")
        let status = try await leader.run(["status", "-o", "json"]).json()
        #expect(status.first?["views"]?["digest"] == lines[5]["digest"], "G6")
    }

    @Test("changes arrive as they happen, each flushed with its mark; SIGINT ends it with 0")
    func liveChanges() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        defer { withExtendedLifetime(folder) {} }
        let watch = try ChildProcess(
            ["watch", "-o", "json", "--server", leader.listen, "--selector", "has(live)"])
        _ = try await watch.lines(until: { $0.contains("in-sync") })
        try await leader.run(["label", "wep", Sample.name(pod: "a"), "live=yes"])
        let put = try await watch.lines(until: { $0.contains(#""mark""#) })
        #expect(put.first { $0.contains(#""type":"put""#) } != nil)
        try await leader.run(["label", "wep", Sample.name(pod: "a"), "live", "--remove"])
        let removal = try await watch.lines(until: { $0.contains(#""delete""#) })
        #expect(removal.last?.contains("default/\(Sample.name(pod: "a"))") == true)
        watch.send(signal: SIGINT)
        let ended = try await watch.ended()
        #expect(ended.code == 0 && ended.errors.isEmpty)
    }

    @Test("--count ends with the mark that closes the batch of the last change")
    func count() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        defer { withExtendedLifetime(folder) {} }
        let outcome = try await leader.run(["watch", "-o", "json", "--count", "2"])
        #expect(outcome.code == 0)
        let lines = try outcome.json()
        #expect(lines.last?["type"]?.text == "mark")
        #expect(lines.filter { $0["type"]?.text == "put" }.count >= 2)
    }

    @Test("--state resumes: a restarted watch is told only what is new (G8)")
    func stateFile() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        let arguments = ["watch", "-o", "json", "--until-in-sync", "--state", folder.path("state")]
        let first = try await leader.run(arguments)
        #expect(try first.json().filter { $0["type"]?.text == "put" }.count == 3)
        try await leader.run(["delete", "wep", Sample.name(pod: "a")])
        let second = try await leader.run(arguments).json()
        let told = second.filter { ["put", "delete"].contains($0["type"]?.text) }
        #expect(told.map { $0["key"]?.text } == ["default/\(Sample.name(pod: "a"))"])
        #expect(second.last?["how"]?.text != "snapshot")
        let third = try await leader.run(arguments).json()
        #expect(!third.contains { ["put", "delete"].contains($0["type"]?.text) })
    }

    @Test("--from is exclusive: it tells what follows that point")
    func from() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        defer { withExtendedLifetime(folder) {} }
        let lines = try await leader.run(["watch", "-o", "json", "--until-in-sync", "--from", "3"])
            .json()
        #expect(lines.filter { $0["type"]?.text == "put" }.map { $0["seq"]?.text } == ["4"])
        let all = try await leader.run(["watch", "-o", "json", "--until-in-sync", "--from", "0"])
            .json()
        #expect(all.filter { $0["type"]?.text == "put" }.count == 3)
    }

    @Test("a watch over a killed and restarted leader tells each change once (G7, G8)")
    func restart() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        let watch = try ChildProcess(["watch", "-o", "json", "--server", leader.listen])
        let before = try await watch.lines(until: { $0.contains("in-sync") })
        try await leader.kill()
        let again = try await NodeChild.leader(data: folder.path("l"), listen: leader.listen)
        try await again.run(["label", "wep", Sample.name(pod: "a"), "after=restart"])
        let after = try await watch.lines(until: { $0.contains("after") })
        let puts = (before + after).filter { $0.contains(#""type":"put""#) }
        #expect(puts.count == 4, "three at first, one afterwards")
        watch.send(signal: SIGTERM)
        #expect(try await watch.ended().code == 0)
    }

    @Test("a reader that goes away ends it quietly with 0")
    func closedPipe() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        defer { withExtendedLifetime(folder) {} }
        let shell = try ChildProcess(
            [
                "-c", "set -o pipefail; \"$0\" watch -o json --server \(leader.listen) | head -1",
                CattailBinary.path,
            ], executable: "/bin/bash")
        let ended = try await shell.ended()
        #expect(ended.code == 0 && ended.errors.isEmpty)
        #expect(ended.lines.count == 1)
    }

    @Test("a reader that goes away while there is nothing to write ends it quietly with 0")
    func closedPipeAtRest() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        defer { withExtendedLifetime(folder) {} }
        let reader = #"while read -r line; do case $line in *in-sync*) exit;; esac; done"#
        let shell = try ChildProcess(
            [
                "-c",
                "set -o pipefail; \"$0\" watch -o json --server \(leader.listen) | { \(reader); }",
                CattailBinary.path,
            ], executable: "/bin/bash")
        let ended = try await shell.ended()
        #expect(ended.code == 0 && ended.errors.isEmpty)
    }

    @Test(
        "a signal ends it quietly with 0 also while nobody reads what it writes",
        arguments: [["watch", "-o", "json"], ["log", "-o", "json", "--follow"]], ["INT", "TERM"])
    func fullPipe(command: [String], signal: String) async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        // Several times what a pipe takes.
        let documents = try await cattail("generate", "--count", "400").output
        try await leader.run(["apply", "-f", "-"], input: documents)
        let shell = try ChildProcess(
            [
                "-c",
                """
                mkfifo "$1"
                "$0" "${@:2}" >"$1" & pid=$!
                exec 3<"$1"
                while read -r line <&3; do case $line in *put*) break; esac; done
                kill -\(signal) $pid
                wait $pid
                echo ended $?
                """,
                CattailBinary.path, folder.path("pipe"),
            ] + command + ["--server", leader.listen], executable: "/bin/bash")
        let ended = try await shell.ended(within: .seconds(20))
        #expect(ended.output == "ended 0\n" && ended.errors.isEmpty, "\(ended.errors)")
    }

    @Test("--from the head is held: nothing is told anew, and no digest is called wrong")
    func fromHead() async throws {
        let (leader, folder) = try await GetCommandTests.filled()
        defer { withExtendedLifetime(folder) {} }
        let outcome = try await leader.run(
            ["watch", "-o", "json", "--until-in-sync", "--from", "4"])
        let lines = try outcome.json()
        #expect(
            lines.map { ($0["status"] ?? $0["type"])?.text } == [
                "connecting", "resync", "mark", "in-sync",
            ])
        #expect(lines[1]["how"]?.text == "deltas")
    }
}
