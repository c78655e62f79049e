import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Glibc
import Testing

@Suite("leader, follower and status as processes")
struct ProcessCommandTests {
    @Test("the ready line is the only one, and a drain ends with 0 on SIGTERM and on SIGINT")
    func readyAndDrain() async throws {
        let folder = try TemporaryFolder()
        for signal in [SIGTERM, SIGINT] {
            let leader = try await NodeChild.leader(data: folder.path("l"))
            #expect(leader.role == "leader")
            #expect(leader.listen.hasPrefix("127.0.0.1:") && !leader.listen.hasSuffix(":0"))
            #expect(UUID(uuidString: leader.log) != nil)
            leader.process.send(signal: signal)
            let ended = try await leader.process.ended()
            #expect(ended.code == 0)
            #expect(ended.lines.count == 1)
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("l"))
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
    }

    @Test("settings come from the environment, and flags go before it")
    func environment() async throws {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            ["leader", "--listen", "127.0.0.1:0"],
            environment: [
                "CATTAIL_DATA": folder.path("l"), "CATTAIL_LISTEN": "nonsense",
                "CATTAIL_LOG_FORMAT": "json",
            ])
        let line = try await child.line()
        #expect(line?.hasPrefix("ready role=leader listen=127.0.0.1:") == true)
        child.send(signal: SIGTERM)
        let ended = try await child.ended()
        #expect(ended.code == 0)
        for log in ended.errorLines { _ = try JSONReader.read(log) }
    }

    @Test("a directory that another process holds, a missing parent and a far address are refused")
    func refusals() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let second = try await cattail(
            "leader", "--data", folder.path("l"), "--listen", "127.0.0.1:0")
        #expect(second.code == 1 && second.output.isEmpty)
        #expect(second.errors.contains("error: directory-in-use: "))
        let orphan = try await cattail(
            "leader", "--data", folder.path("no/parent"), "--listen", "127.0.0.1:0")
        #expect(orphan.code == 1 && orphan.errors.contains("error: parent-missing: "))
        let far = try await cattail("leader", "--data", folder.path("x"), "--listen", "0.0.0.0:0")
        #expect(far.code == 64 && far.errors.contains("--insecure"))
        try await leader.stop()
    }

    @Test("a killed leader's lock and port do not hold, and what was acknowledged is there (G1)")
    func killedLeader() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let lines = try await leader.run(
            ["apply", "-o", "json", "-f", "-"], input: Sample.endpoint()
        ).json()
        try await leader.kill()
        let again = try await NodeChild.leader(data: folder.path("l"), listen: leader.listen)
        #expect(again.log == leader.log)
        let names = try await again.run(["get", "wep", "-o", "json"])
        let item = try JSONReader.read(names.output)["items"]?.elements.first
        #expect(
            item?["metadata"]?["resourceVersion"]
                == lines.first?["seq"].map {
                    .string($0.text ?? "")
                })
    }

    @Test("a follower serves what its leader has, and a write to it goes to the leader by itself")
    func follower() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let follower = try await NodeChild.follower(
            data: folder.path("f"), upstream: leader.listen)
        #expect(follower.role == "follower" && follower.log == leader.log)
        let watch = try ChildProcess(["watch", "-o", "json", "--server", follower.listen])
        _ = try await watch.lines(until: { $0.contains("in-sync") })
        let written = try await follower.run(["apply", "-f", "-"], input: Sample.endpoint())
        #expect(written.code == 0, "\(written.errors)")
        _ = try await watch.lines(until: { $0.contains(#""type":"put""#) })
        let status = try await follower.run(["status", "-o", "json"]).json().first
        #expect(status?["role"]?.text == "follower")
        let healthy = try await follower.run(["status", "--check"])
        #expect(healthy.code == 0 && healthy.output.isEmpty)
    }

    @Test("a follower that is cut off fails a probe once that is longer ago than the lag allowed")
    func probes() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let follower = try await NodeChild.follower(
            data: folder.path("f"), upstream: leader.listen)
        let watch = try ChildProcess(["watch", "-o", "json", "--server", follower.listen])
        _ = try await watch.lines(until: { $0.contains("in-sync") })
        try await leader.kill()
        _ = try await watch.lines(until: { $0.contains("stale") })
        let patient = try await follower.run(["status", "--check", "--max-lag", "1h"])
        #expect(patient.code == 0 && patient.errors.isEmpty, "\(patient.errors)")
        let strict = try await follower.run(["status", "--check", "--max-lag", "0s"])
        #expect(strict.code == 1 && strict.errors.hasPrefix("error: stale: "))
        let metrics = try await follower.run(["status", "-o", "prometheus"])
        #expect(metrics.lines.contains("cattail_stale 1"))
        #expect(metrics.lines.contains("cattail_subscribers 1"))
        #expect(metrics.lines.contains("cattail_history_other 0"))
    }

    @Test("status prints the contract's document, a table, and Prometheus' text")
    func status() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let document = try #require(try await leader.run(["status", "-o", "json"]).json().first)
        for key in [
            "role", "logID", "epoch", "seq", "time", "upstream", "staleSince", "lagEvents",
            "lagSeconds", "subscribers", "log", "views",
        ] { #expect(document[key] != nil, "\(key)") }
        for key in ["bytes", "firstSeq", "freeBytes", "daysLeft"] {
            #expect(document["log"]?[key] != nil, "\(key)")
        }
        let metrics = try await leader.run(["status", "-o", "prometheus"])
        #expect(metrics.lines.contains("cattail_seq 1"))
        for counter in ["feeds_judged", "feed_differences", "refusals"] {
            #expect(metrics.lines.contains("cattail_\(counter)_total 0"))
        }
        for line in metrics.lines where !line.hasPrefix("#") {
            #expect(line.wholeMatch(of: /[a-z_]+(\{[^}]*\})? [-0-9.e+]+/) != nil, "\(line)")
        }
        let table = try await leader.run(["status"])
        #expect(table.output.contains("logID"))
        try await leader.stop()
        let down = try await leader.run(["status", "--check", "--timeout", "500ms"])
        #expect(down.code == 1 && down.errors.hasPrefix("error: unreachable: "))
    }

    @Test(
        "CATTAIL_INSECURE is true or false and nothing else, and only addresses are loopback",
        arguments: [
            ("false", "0.0.0.0:0", 64, "error: usage: 0.0.0.0:0 is beyond loopback"),
            ("0", "0.0.0.0:0", 64, "error: usage: 0.0.0.0:0 is beyond loopback"),
            ("maybe", "0.0.0.0:0", 64, "error: usage: 'maybe' is no value for CATTAIL_INSECURE"),
            ("", "127.example.invalid:0", 64, "error: usage: 127.example.invalid:0 is beyond"),
            ("", "127.1.2.3:0", 1, "error: parent-missing: "),
            ("", "[::1]:0", 1, "error: parent-missing: "),
            ("true", "0.0.0.0:0", 1, "error: parent-missing: "),
        ] as [(String, String, Int32, String)])
    func insecure(value: String, listen: String, code: Int32, error: String) async throws {
        let folder = try TemporaryFolder()
        let outcome = try await cattail(
            "leader", "--data", folder.path("no/parent"), "--listen", listen,
            environment: ["CATTAIL_INSECURE": value])
        #expect(outcome.code == code)
        #expect(outcome.errorLines.contains { $0.hasPrefix(error) }, "\(outcome.errors)")
    }

    @Test("an address that is taken is cannot-listen, in the system's words")
    func addressTaken() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let second = try await cattail(
            "leader", "--data", folder.path("m"), "--listen", leader.listen)
        #expect(second.code == 1)
        #expect(
            second.errorLines.last
                == "error: cannot-listen: cannot listen on \(leader.listen): Address already in use, "
                + "choose another address, or port 0")
    }

    @Test("a server that is not there is unreachable, in the system's words and with a remedy")
    func unreachable() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        try await leader.stop()
        let down = try await leader.run(["get", "wep", "--timeout", "500ms", "-o", "json"])
        #expect(down.code == 1)
        let fault = try #require(try down.errorJSON().first)
        #expect(fault["code"]?.text == "unreachable")
        #expect(fault["message"]?.text?.hasSuffix("\(leader.listen): Connection refused") == true)
        #expect(fault["message"]?.text?.contains("errno") == false)
        #expect(fault["remedy"]?.text == "is the server running, and is the address right?")
    }
}
