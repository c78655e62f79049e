import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

@Suite("apply, create, replace, delete, label and patch against a leader")
struct WriteCommandTests {
    @Test("apply says what was done, and with -o json a line for each document in order")
    func apply() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let first = try await leader.run(["apply", "-f", "-"], input: Sample.endpoint())
        #expect(first.output == "Successfully applied 1 'WorkloadEndpoint' resource(s)\n")
        #expect(first.code == 0 && first.errors.isEmpty)

        let input = [
            Sample.endpoint(), Sample.endpoint(labels: ["app": "other"]),
            Sample.endpoint(pod: "second", namespace: "web"),
        ].joined(separator: "\n")
        let lines = try await leader.run(["apply", "-o", "json", "-f", "-"], input: input).json()
        #expect(lines.map { $0["result"]?.text } == ["unchanged", "configured", "created"])
        for line in lines { #expect(line.keys == ["key", "result", "seq", "requestID"]) }
        #expect(lines.map { $0["seq"]?.text } == ["2", "3", "4"])
        #expect(
            lines.map { $0["key"]?.text } == [
                "default/\(Sample.name)", "default/\(Sample.name)",
                "web/\(Sample.name(pod: "second"))",
            ])
        let ended = try await leader.stop()
        #expect(ended.code == 0)
        #expect(ended.lines.count == 1, "only the ready line may stand there")
    }

    @Test("bad documents are told by place and do not stop the others; exit 1")
    func badDocuments() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let input = [
            Sample.endpoint(pod: "one"), Sample.endpoint(pod: "bad", mac: "x"), "{broken",
            Sample.endpoint(pod: "two"),
        ].joined(separator: "\n")
        let outcome = try await leader.run(["apply", "-f", "-"], input: input)
        #expect(outcome.code == 1)
        #expect(
            outcome.output
                == "Partial success: applied 2 out of 4 'WorkloadEndpoint' resources\n")
        #expect(outcome.errorLines.count == 2)
        #expect(outcome.errors.contains("error: invalid: spec.mac: x "))
        #expect(outcome.errors.contains("-, document 2, line 2"))
        let names = try await leader.run(["get", "wep", "-o", "name"])
        #expect(names.lines.count == 2)
    }

    @Test("the namespace is the document's, else -n, else default; another than -n is an error")
    func namespaces() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        try await leader.run(["apply", "-n", "web", "-f", "-"], input: Sample.endpoint())
        let own = try await leader.run(
            ["apply", "-f", "-"], input: Sample.endpoint(namespace: "own"))
        #expect(own.code == 0)
        let mismatch = try await leader.run(
            ["apply", "-n", "web", "-f", "-"], input: Sample.endpoint(namespace: "own"))
        #expect(mismatch.code == 1)
        #expect(mismatch.errors.hasPrefix("error: namespace-mismatch: "))
        #expect(
            mismatch.errors.contains(
                "resource namespace does not match client namespace. own != web"))
        let names = try await leader.run(["get", "wep", "-A", "-o", "name"])
        #expect(
            names.lines == [
                "workloadendpoint/own/\(Sample.name)", "workloadendpoint/web/\(Sample.name)",
            ])
    }

    @Test("create refuses what exists unless --skip-exists; replace refuses what does not")
    func createAndReplace() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let document = Sample.endpoint()
        let missing = try await leader.run(["replace", "-f", "-"], input: document)
        #expect(missing.code == 1 && missing.errors.hasPrefix("error: not-found: "))
        let created = try await leader.run(["create", "-f", "-"], input: document)
        #expect(created.output == "Successfully created 1 'WorkloadEndpoint' resource(s)\n")
        let exists = try await leader.run(["create", "-f", "-"], input: document)
        #expect(exists.code == 1 && exists.errors.hasPrefix("error: already-exists: "))
        let skipped = try await leader.run(["create", "--skip-exists", "-f", "-"], input: document)
        #expect(skipped.output == "Successfully created 1 'WorkloadEndpoint' resource(s)\n")
        let told = try await leader.run(
            ["create", "--skip-exists", "-o", "json", "-f", "-"], input: document)
        #expect(told.code == 0)
        let line = try #require(try told.json().first)
        #expect(line.keys == ["key", "result", "seq", "requestID"])
        #expect(line["result"]?.text == "unchanged" && line["seq"]?.text == "2")
        let replaced = try await leader.run(["replace", "-f", "-"], input: document)
        #expect(replaced.output == "Successfully replaced 1 'WorkloadEndpoint' resource(s)\n")
    }

    @Test("a document with a resourceVersion is a condition: a stale one is a conflict")
    func resourceVersions() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        try await leader.run(["apply", "-f", "-"], input: Sample.endpoint())
        let read = try await leader.run(["get", "wep", Sample.name, "-o", "yaml"])
        try await leader.run(["label", "wep", Sample.name, "a=b"])
        let stale = try await leader.run(["apply", "-f", "-"], input: read.output)
        #expect(stale.code == 1 && stale.errors.hasPrefix("error: conflict: "))
        let fresh = try await leader.run(["get", "wep", Sample.name, "-o", "yaml"])
        let applied = try await leader.run(["apply", "-o", "json", "-f", "-"], input: fresh.output)
        #expect(try applied.json().first?["result"]?.text == "unchanged")
    }

    @Test("delete takes names and documents; what does not exist is an error unless -s")
    func delete() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let documents = ["a", "b", "c"].map { Sample.endpoint(pod: $0) }
        try await leader.run(["apply", "-f", "-"], input: documents.joined(separator: "\n"))
        let named = try await leader.run([
            "delete", "wep", Sample.name(pod: "a"), Sample.name(pod: "nope"),
        ])
        #expect(named.code == 1 && named.errorLines.count == 1)
        #expect(named.errors.hasPrefix("error: not-found: resource does not exist: "))
        let again = try await leader.run([
            "delete", "WorkloadEndpoints", "-s", Sample.name(pod: "a"),
        ])
        #expect(again.code == 0)
        #expect(again.output == "Successfully deleted 1 'WorkloadEndpoint' resource(s)\n")
        let told = [
            try await leader.run(["delete", "wep", "-s", "-o", "json", Sample.name(pod: "a")]),
            try await leader.run(["delete", "-s", "-o", "json", "-f", "-"], input: documents[0]),
        ]
        for outcome in told {
            let line = try #require(try outcome.json().first)
            #expect(line["key"]?.text == "default/\(Sample.name(pod: "a"))")
            #expect(line["result"]?.text == "unchanged" && line["requestID"]?.text != nil)
            #expect(outcome.code == 0)
        }
        let rest = documents[1] + documents[2]
        let byFile = try await leader.run(["delete", "-f", "-"], input: rest)
        #expect(byFile.output == "Successfully deleted 2 'WorkloadEndpoint' resource(s)\n")
        let left = try await leader.run(["get", "wep", "-o", "name"])
        #expect(left.code == 0 && left.output.isEmpty)
    }

    @Test("--dry-run says what would change and makes no event")
    func dryRun() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let outcome = try await leader.run(
            ["apply", "--dry-run", "-f", "-"], input: Sample.endpoint())
        #expect(outcome.code == 0)
        #expect(
            outcome.lines.first
                == "workloadendpoint/default/\(Sample.name) created (dry run)")
        let status = try await leader.run(["status", "-o", "json"]).json()
        #expect(status.first?["seq"]?.text == "1")
    }

    @Test("label sets, refuses to overwrite unless told, and removes, in calicoctl's words")
    func label() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        try await leader.run(["apply", "-f", "-"], input: Sample.endpoint())
        let name = Sample.name
        let set = try await leader.run(["label", "wep", name, "tier=web"])
        #expect(set.output == "Successfully set label tier on wep \(name)\n")
        let refused = try await leader.run(["label", "wep", name, "tier=db"])
        #expect(refused.code == 1 && refused.errors.contains("please use '--overwrite'"))
        let over = try await leader.run(["label", "wep", name, "tier=db", "--overwrite"])
        #expect(over.output == "Successfully updated label tier on wep \(name)\n")
        let removed = try await leader.run(["label", "wep", name, "tier", "--remove"])
        #expect(removed.output == "Successfully removed label tier from wep \(name)\n")
        let missing = try await leader.run(["label", "wep", name, "tier", "--remove"])
        #expect(missing.code == 1 && missing.errors.contains("does not exist"))
        let invalid = try await leader.run(["label", "wep", name, "a b=c"])
        #expect(invalid.code == 1 && invalid.errors.hasPrefix("error: invalid: metadata.labels"))
    }

    @Test("patch merges objects, deletes by null, replaces lists whole, and judges the result")
    func patch() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        try await leader.run(["apply", "-f", "-"], input: Sample.endpoint())
        let patch =
            #"{"metadata":{"labels":{"a":"b"}},"spec":{"mac":null,"ipNetworks":["10.1.2.3/32"]}}"#
        let patched = try await leader.run(["patch", "wep", Sample.name, "-p", patch])
        #expect(patched.output == "Successfully patched 1 'WorkloadEndpoint' resource\n")
        let read = try await leader.run(["get", "wep", Sample.name, "-o", "json"])
        let document = try JSONReader.read(read.output)
        #expect(document["metadata"]?["labels"]?["a"]?.text == "b")
        #expect(document["metadata"]?["labels"]?["app"]?.text == "frontend")
        #expect(document["spec"]?["mac"] == nil)
        #expect(document["spec"]?["ipNetworks"]?.elements.map(\.text) == ["10.1.2.3/32"])
        let bad = try await leader.run(
            ["patch", "wep", Sample.name, "-p", #"{"spec":{"macc":1,"node":"other"}}"#])
        #expect(bad.code == 1)
        #expect(bad.errors.contains("spec.macc") && bad.errors.contains("metadata.name"))
    }

    @Test("a resourceVersion or uid in a patch is a condition: another one is a conflict")
    func patchConditions() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        try await leader.run(["apply", "-f", "-"], input: Sample.endpoint())
        let read = try await leader.run(["get", "wep", Sample.name, "-o", "json"])
        let uid = try JSONReader.read(read.output)["metadata"]?["uid"]?.text ?? ""
        let others = [
            #""resourceVersion":"1""#, #""uid":"00000000-0000-4000-8000-000000000001""#,
        ]
        for condition in others {
            let patch = #"{"metadata":{\#(condition),"labels":{"a":"b"}}}"#
            let refused = try await leader.run(["patch", "wep", Sample.name, "-p", patch])
            #expect(refused.code == 1, "\(condition)")
            #expect(refused.errors.hasPrefix("error: conflict: metadata."), "\(refused.errors)")
        }
        let standing = #"{"metadata":{"resourceVersion":"2","uid":"\#(uid)","labels":{"a":"b"}}}"#
        let patched = try await leader.run(["patch", "wep", Sample.name, "-p", standing])
        #expect(patched.code == 0, "\(patched.errors)")
    }

    @Test("-f may be given several times: all are taken, in the order given")
    func severalFiles() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        for pod in ["a", "b"] {
            try Data(Sample.endpoint(pod: pod).utf8).write(
                to: URL(fileURLWithPath: folder.path(pod + ".json")))
        }
        let files = ["-f", folder.path("b.json"), "-f", folder.path("a.json")]
        let applied = try await leader.run(["apply", "-o", "json"] + files)
        #expect(
            try applied.json().map { $0["key"]?.text } == [
                "default/\(Sample.name(pod: "b"))", "default/\(Sample.name(pod: "a"))",
            ])
        let deleted = try await leader.run(["delete"] + files)
        #expect(deleted.output == "Successfully deleted 2 'WorkloadEndpoint' resource(s)\n")
        let none = try await leader.run(["apply"])
        #expect(none.code == 64 && none.errors.contains("-f <file>"))
    }

    @Test("every fault of a write says what to do, apart from what happened")
    func remedies() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let document = Sample.endpoint()
        try await leader.run(["apply", "-f", "-"], input: document)
        let stale = document.replacing(
            #""metadata":{"#, with: #""metadata":{"resourceVersion":"1","#)
        let invalid = Sample.endpoint(mac: "nonsense")
        let faults = [
            (
                "already-exists",
                try await leader.run(["create", "-o", "json", "-f", "-"], input: document)
            ),
            ("conflict", try await leader.run(["apply", "-o", "json", "-f", "-"], input: stale)),
            ("invalid", try await leader.run(["apply", "-o", "json", "-f", "-"], input: invalid)),
            ("not-found", try await leader.run(["delete", "wep", "nope", "-o", "json"])),
            (
                "label-missing",
                try await leader.run(["label", "wep", Sample.name, "k", "--remove", "-o", "json"])
            ),
            (
                "label-present",
                try await leader.run(["label", "wep", Sample.name, "app=x", "-o", "json"])
            ),
        ]
        for (code, outcome) in faults {
            let fault = try outcome.errorJSON().first
            #expect(fault?["code"]?.text == code)
            let remedy = try #require(fault?["remedy"]?.text, "\(code)")
            #expect(fault?["message"]?.text?.contains(remedy) == false, "\(code)")
            #expect(fault?["message"]?.text?.contains(";") == false, "\(code)")
        }
    }

    @Test("a warning has its code and place once, the same from validate and apply; items from 1")
    func warnings() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let repeated = Sample.endpoint().replacing(#""node":"#, with: #""node":"node1","node":"#)
        let list = "[\(Sample.endpoint(pod: "a")),\n\(repeated)]"
        let judged = try await cattail("validate", "-f", "-", input: list)
        let applied = try await leader.run(["apply", "-f", "-"], input: list)
        #expect(
            judged.errors
                == "warning: duplicate-key: spec.node: the key is given twice, with the same value, "
                + "-, document 1, item 2, line 2, remove one of the two\n")
        #expect(applied.errors == judged.errors)
        let json = try await leader.run(["apply", "-o", "json", "-f", "-"], input: list)
        let warning = try #require(try json.errorJSON().first)
        #expect(
            warning.keys == [
                "code", "warning", "source", "document", "item", "line", "field", "remedy",
            ])
        #expect(warning["item"]?.text == "2" && warning["document"]?.text == "1")
    }

    @Test("twenty thousand JSON lines are applied through the pipeline, each acknowledged once")
    func manyDocuments() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let documents = try await cattail("generate", "--count", "20000").output
        let lines = try await leader.run(["apply", "-o", "json", "-f", "-"], input: documents)
            .json()
        #expect(lines.count == 20_000)
        #expect(Set(lines.map { $0["key"] }).count == 20_000)
        #expect(lines.map { $0["seq"]?.text } == (2...20_001).map { String($0) })
    }
}
