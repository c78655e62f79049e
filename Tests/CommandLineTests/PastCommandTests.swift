import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Glibc
import Testing

@Suite("log, history, diff, verify and get --at, from a server and from files")
struct PastCommandTests {
    /// A log of five events: the epoch, three puts of one endpoint and another's, a delete.
    private static func told() async throws -> (NodeChild, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        try await leader.run(["apply", "--as", "ann", "-f", "-"], input: Sample.endpoint(pod: "a"))
        try await leader.run(
            ["label", "--as", "bob", "wep", Sample.name(pod: "a"), "k=v"])
        try await leader.run(["apply", "--as", "ann", "-f", "-"], input: Sample.endpoint(pod: "b"))
        try await leader.run(["delete", "--as", "bob", "wep", Sample.name(pod: "a")])
        return (leader, folder)
    }

    @Test("log -o json has the contract's keys in order, and filters by key and actor")
    func log() async throws {
        let (leader, folder) = try await Self.told()
        defer { withExtendedLifetime(folder) {} }
        let lines = try await leader.run(["log", "-o", "json"]).json()
        #expect(lines.map { $0["seq"]?.text } == ["1", "2", "3", "4", "5"])
        #expect(lines.map { $0["kind"]?.text } == ["epoch", "put", "put", "put", "delete"])
        let keys = [
            "seq", "epoch", "time", "kind", "key", "actor", "origin", "requestID", "prevSeq",
            "recordHash", "chain",
        ]
        for line in lines {
            #expect(Array(line.keys.prefix(keys.count)) == keys)
            #expect((line["endpoint"] != nil) == (line["kind"]?.text == "put"))
            #expect(line["chain"]?.text?.utf8.count == 64)
        }
        #expect(lines.map { $0["prevSeq"]?.text } == ["0", "0", "2", "0", "3"])
        let bobs = try await leader.run(["log", "-o", "json", "--actor", "bob"]).json()
        #expect(bobs.map { $0["seq"]?.text } == ["3", "5"])
        let ofA = try await leader.run(
            ["log", "-o", "json", "--key", "default/\(Sample.name(pod: "a"))"]).json()
        #expect(ofA.map { $0["seq"]?.text } == ["2", "3", "5"])
        let range = try await leader.run(["log", "-o", "json", "--from", "2", "--to", "3"]).json()
        #expect(range.map { $0["seq"]?.text } == ["2", "3"])
        let recent = try await leader.run(["log", "-o", "json", "--from", "1h"]).json()
        #expect(recent.count == 5)
    }

    @Test("log --follow goes on with what is new, and ends on SIGINT with 0")
    func follow() async throws {
        let (leader, folder) = try await Self.told()
        defer { withExtendedLifetime(folder) {} }
        let log = try ChildProcess(
            ["log", "-o", "json", "--follow", "--from", "5", "--server", leader.listen])
        _ = try await log.lines(until: { $0.hasPrefix(#"{"seq":5,"#) })
        try await leader.run(["apply", "-f", "-"], input: Sample.endpoint(pod: "c"))
        _ = try await log.lines(until: { $0.hasPrefix(#"{"seq":6,"#) })
        log.send(signal: SIGINT)
        let ended = try await log.ended()
        #expect(ended.code == 0 && ended.lines.count == 2)
    }

    @Test("log --follow tells each event once, whatever becomes of the server")
    func followThroughRestarts() async throws {
        let folder = try TemporaryFolder()
        var leader = try await NodeChild.leader(data: folder.path("l"))
        let listen = leader.listen
        let log = try ChildProcess(["log", "-o", "json", "--follow", "--server", listen])
        let bobs = try ChildProcess(
            ["log", "-o", "json", "--follow", "--from", "3", "--actor", "bob", "--server", listen])
        for round in 0..<4 as Range<UInt64> {
            for actor in ["ann", "bob"] {
                try await leader.run(
                    ["apply", "--as", actor, "-f", "-"],
                    input: Sample.endpoint(pod: "\(actor)-\(round)"))
            }
            let head = 3 + 2 * round
            _ = try await log.lines(until: { $0.hasPrefix(#"{"seq":\#(head),"#) })
            _ = try await bobs.lines(until: { $0.hasPrefix(#"{"seq":\#(head),"#) })
            leader.process.send(signal: SIGKILL)
            _ = try await leader.process.ended()
            leader = try await NodeChild.leader(data: folder.path("l"), listen: listen)
        }
        for child in [log, bobs] { child.send(signal: SIGINT) }
        let all = try await log.ended()
        #expect(all.code == 0)
        #expect(try all.json().map { $0["seq"]?.text } == (1...9).map { "\($0)" })
        let some = try await bobs.ended()
        #expect(some.code == 0)
        #expect(try some.json().map { $0["seq"]?.text } == ["3", "5", "7", "9"])
        try await leader.stop()
    }

    @Test("history tells each version's seq, actor and change with path, old and new")
    func history() async throws {
        let (leader, folder) = try await Self.told()
        defer { withExtendedLifetime(folder) {} }
        let name = Sample.name(pod: "a")
        let lines = try await leader.run(["history", "wep", name, "-o", "json"]).json()
        #expect(lines.map { $0["change"]?.text } == ["created", "updated", "deleted"])
        #expect(lines.map { $0["actor"]?.text } == ["ann", "bob", "bob"])
        #expect(
            lines[1]["changes"]?.compactJSON
                == #"[{"path":"metadata.labels[k]","old":null,"new":"v"}]"#)
        let table = try await leader.run(["history", "wep", name])
        #expect(
            table.lines.first?.split(separator: " ").map(String.init) == [
                "SEQ", "TIME", "ACTOR", "CHANGE",
            ])
        #expect(table.lines[2].contains(#"metadata.labels[k]: - -> "v""#))
        let none = try await leader.run(["history", "wep", "nope"])
        #expect(none.code == 1)
        #expect(
            none.errors == "error: not-found: resource does not exist: "
                + "WorkloadEndpoint(default/nope), look at the name and the namespace\n")
    }

    @Test("diff tells each endpoint once; seq 0 is the empty state")
    func diff() async throws {
        let (leader, folder) = try await Self.told()
        defer { withExtendedLifetime(folder) {} }
        let all = try await leader.run(["diff", "0", "5", "-o", "json"]).json()
        #expect(all.map { $0["key"]?.text } == ["default/\(Sample.name(pod: "b"))"])
        #expect(all.first?["change"]?.text == "created")
        let middle = try await leader.run(["diff", "2", "4", "-o", "json"]).json()
        #expect(middle.map { $0["change"]?.text } == ["updated", "created"])
        let beyond = try await leader.run(["diff", "0", "99"])
        #expect(beyond.code == 1 && beyond.errors.hasPrefix("error: position-ahead: "))
    }

    @Test("a point beyond the head is position-ahead wherever it stands, from files too")
    func beyondHead() async throws {
        let (leader, folder) = try await Self.told()
        let beyond = [
            ["log", "--from", "99"], ["log", "--to", "99"], ["get", "wep", "--at", "99"],
            ["diff", "0", "99"],
        ]
        for command in beyond {
            let outcome = try await leader.run(command + ["-o", "json"])
            #expect(outcome.code == 1 && outcome.output.isEmpty, "\(command)")
            let fault = try outcome.errorJSON().first
            #expect(fault?["code"]?.text == "position-ahead")
            #expect(fault?["message"]?.text == "seq 99 is beyond the head, which is 5")
            #expect(fault?["remedy"]?.text?.isEmpty == false)
        }
        try await leader.stop()
        for command in beyond {
            let outcome = try await ChildProcess.run(command + ["--data", folder.path("l")])
            #expect(outcome.code == 1)
            #expect(
                outcome.errors == "error: position-ahead: seq 99 is beyond the head, which is 5, "
                    + "ask for an earlier one\n")
        }
    }

    @Test("log --follow waits for a seq beyond the head")
    func followBeyond() async throws {
        let (leader, folder) = try await Self.told()
        defer { withExtendedLifetime(folder) {} }
        let log = try ChildProcess(
            ["log", "-o", "json", "--follow", "--from", "7", "--server", leader.listen])
        let pods = (0..<3).map { Sample.endpoint(pod: "new\($0)") }
        try await leader.run(["apply", "-f", "-"], input: pods.joined(separator: "\n"))
        let first = try await log.line()
        #expect(first?.hasPrefix(#"{"seq":7,"#) == true)
        log.send(signal: SIGINT)
        #expect(try await log.ended().code == 0)
    }

    @Test("files that came without their anchor are read, with a warning; verify says it as well")
    func anchorMissing() async throws {
        let (leader, folder) = try await Self.told()
        try await leader.stop()
        let data = folder.path("l")
        let whole = try await cattail("verify", "--data", data, "-o", "json")
        #expect(try whole.json().first?["anchor"]?.text == "held" && whole.errors.isEmpty)
        try FileManager.default.removeItem(atPath: data + "/anchor")
        for command in [["verify"], ["log"], ["diff", "0", "5"], ["get", "wep", "--at", "5"]] {
            let outcome = try await ChildProcess.run(command + ["--data", data])
            #expect(outcome.code == 0)
            #expect(outcome.errors.hasPrefix("warning: anchor-missing: \(data) "), "\(command)")
        }
        let text = try await cattail("verify", "--data", data)
        #expect(text.output.hasPrefix("ok: 5 events"))
        #expect(text.output.contains("anchor missing"))
        let json = try await cattail("verify", "--data", data, "-o", "json")
        #expect(try json.json().first?["anchor"]?.text == "missing")
        #expect(try json.errorJSON().first?["code"]?.text == "anchor-missing")
    }

    @Test("on a terminal a line says how far long reading of files is, and goes away")
    func progress() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let documents = try await cattail("generate", "--count", "200").output
        try await leader.run(["apply", "-f", "-"], input: documents)
        try await leader.stop()
        let python = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        for command in [["diff", "0", "201", "-o", "json"], ["log", "-o", "json"], ["verify"]] {
            let terminal = try ChildProcess(
                ["python3", "-c", python, CattailBinary.path] + command
                    + ["--data", folder.path("l")],
                executable: "/usr/bin/env")
            let shown = try await terminal.ended()
            #expect(shown.code == 0)
            #expect(shown.output.contains("% seq ") || shown.output.contains("%  seq "))
            let last = shown.output.components(separatedBy: "\r\u{1B}[K").last ?? ""
            #expect(!last.contains("%  seq "), "the line must go away")
        }
    }

    @Test("get --at gives the state as it was (G14)")
    func asOf() async throws {
        let (leader, folder) = try await Self.told()
        defer { withExtendedLifetime(folder) {} }
        for (point, names) in [("1", []), ("2", ["a"]), ("4", ["a", "b"]), ("5", ["b"])] {
            let read = try await leader.run(["get", "wep", "-o", "name", "--at", point])
            #expect(read.lines == names.map { "workloadendpoint/\(Sample.name(pod: $0))" })
        }
        let one = try await leader.run(
            ["get", "wep", Sample.name(pod: "a"), "--at", "3", "-o", "json"])
        #expect(try JSONReader.read(one.output)["metadata"]?["labels"]?["k"]?.text == "v")
        let gone = try await leader.run(["get", "wep", Sample.name(pod: "a"), "--at", "5"])
        #expect(gone.code == 1)
    }

    @Test("a stopped node's files and a copy of them answer as the server did")
    func files() async throws {
        let (leader, folder) = try await Self.told()
        let questions = [
            ["log", "-o", "json"], ["history", "wep", Sample.name(pod: "a"), "-o", "json"],
            ["diff", "2", "5", "-o", "json"], ["get", "wep", "-A", "-o", "yaml", "--at", "4"],
            ["get", "wep", "-A", "-o", "json"], ["verify"],
        ]
        var answers: [String] = []
        for question in questions { answers.append(try await leader.run(question).output) }
        try await leader.stop()
        let copy = try folder.copy(folder.path("l"), as: "copy")
        for (question, answer) in zip(questions, answers) {
            for directory in [folder.path("l"), copy] {
                let read = try await ChildProcess.run(question + ["--data", directory])
                #expect(read.code == 0, "\(question) \(read.errors)")
                #expect(read.output == answer, "\(question)")
            }
        }
    }

    @Test("verify says ok with counts and head, or the first bad seq and why (G3)")
    func verify() async throws {
        let (leader, folder) = try await Self.told()
        let sound = try await leader.run(["verify"])
        #expect(sound.code == 0)
        #expect(sound.output.hasPrefix("ok: 5 events, head seq 5, chain "))
        try await leader.stop()
        let missing = try await cattail("verify", "--data", folder.path("nothing"))
        #expect(missing.code == 1 && missing.errors.hasPrefix("error: log-missing: "))
    }

    @Test(
        "a log with a critical event of an unknown type is printed and verified; states behind it are refused (R19)"
    )
    func unknownEvent() async throws {
        let folder = try TemporaryFolder()
        let data = folder.path("l")
        var log = try WrittenLog(in: data)
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = "default"
        endpoint.metadata.name = "node1-k8s-a-eth0"
        try log.append(
            .put(endpoint), .control(.unknown(type: 900, criticality: .critical)),
            // Of nothing: no rule of this version allows it, and none applies any more.
            .delete(EndpointKey(namespace: "default", name: "node1-k8s-b-eth0")))
        let lines = try await cattail("log", "--data", data, "-o", "json").json()
        #expect(lines.map { $0["kind"]?.text } == ["epoch", "put", "control-900", "delete"])
        let verified = try await cattail("verify", "--data", data)
        #expect(verified.code == 0 && verified.output.hasPrefix("ok: 4 events, head seq 4"))
        #expect(verified.errors.hasPrefix("warning: event-unknown: the event at seq 3 "))
        let before = try await cattail(
            "get", "wep", "-A", "--at", "2", "--data", data, "-o", "name")
        #expect(before.lines == ["workloadendpoint/default/node1-k8s-a-eth0"])
        let refused = [
            ["get", "wep", "-A"], ["get", "wep", "-A", "--at", "3"], ["diff", "1", "4"],
            ["get", "wep", "node1-k8s-a-eth0"],
        ]
        for arguments in refused {
            let outcome = try await ChildProcess.run(arguments + ["--data", data])
            #expect(outcome.code == 1 && outcome.output.isEmpty, "\(arguments)")
            #expect(outcome.errors.hasPrefix("error: event-unknown: the event at seq 3 "))
        }
        let leader = try await cattail("leader", "--data", data, "--listen", "127.0.0.1:0")
        #expect(leader.code == 1 && leader.output.isEmpty)
        #expect(leader.errors.contains("error: event-unknown: the event at seq 3 "))
        let follower = try await NodeChild.follower(data: data, upstream: "127.0.0.1:1")
        let check = try await follower.run(["status", "--check"])
        #expect(check.code == 1 && check.errors.hasPrefix("error: event-unknown: "))
        let metrics = try await follower.run(["status", "-o", "prometheus"])
        #expect(metrics.output.contains("\ncattail_not_serving 1\n"))
        let asked = try await follower.run(["get", "wep", "-A"])
        #expect(asked.code == 1 && asked.errors.hasPrefix("error: event-unknown: "))
        try await follower.stop()
    }
}
