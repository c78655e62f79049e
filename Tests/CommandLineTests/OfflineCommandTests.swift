import CattailTestKit
import EndpointDocuments
import EndpointModel
import Testing

@Suite("name, generate, and how wrong usage is told")
struct OfflineCommandTests {
    @Test("name tells the parts of an endpoint's name")
    func name() async throws {
        let outcome = try await cattail("name", "node--1-k8s-my--pod-eth0")
        #expect(outcome.output == "node: node-1\norchestrator: k8s\npod: my-pod\nendpoint: eth0\n")
        let json = try await cattail("name", "-o", "json", "n-cni-c0ffee-eth0")
        #expect(
            json.output
                == #"{"node":"n","orchestrator":"cni","containerID":"c0ffee","endpoint":"eth0"}"#
                + "\n")
        let bad = try await cattail("name", "a-b-c-d-e")
        #expect(bad.code == 1)
        #expect(bad.errors.hasPrefix("error: invalid: metadata.name: "))
    }

    @Test("generate makes valid, different endpoints, the same for the same seed")
    func generate() async throws {
        let first = try await cattail("generate", "--count", "300", "--seed", "7")
        let second = try await cattail("generate", "--count", "300", "--seed", "7")
        let other = try await cattail("generate", "--count", "300", "--seed", "8")
        #expect(first.output == second.output)
        #expect(first.output != other.output)
        #expect(Set(first.lines).count == 300)
        let valid = try await cattail("validate", "-f", "-", input: first.output)
        #expect(valid.output == "Successfully validated 300 'WorkloadEndpoint' resource(s)\n")
    }

    @Test("generate's YAML says the same as its JSON")
    func generateYAML() async throws {
        let json = try await cattail("generate", "--count", "20")
        let yaml = try await cattail("generate", "--count", "20", "-o", "yaml")
        let names = try await cattail("validate", "-o", "json", "-f", "-", input: yaml.output)
        #expect(
            try names.json().map { $0["name"] } == json.json().map { $0["metadata"]?["name"] })
    }

    @Test(
        "wrong usage is exit 64 with one line on standard error and nothing on standard output",
        arguments: [
            ["frobnicate"], ["get", "pods"], ["get", "wep", "-o", "xml"], ["get", "--bogus"],
            ["get", "wep", "-n", "a", "-A"], ["get", "wep", "x", "-A"], ["validate"],
            ["apply"], ["delete"], ["delete", "wep"], ["leader"], ["follower", "--data", "/x"],
            ["log", "--from", "yesterday"], ["diff", "1"], ["status", "--max-lag", "1s"],
            ["label", "wep", "x", "novalue"], ["generate", "--count", "-1"],
            ["watch", "--count", "0"], ["get", "wep", "--server", "nonsense"],
            ["get", "wep", "-o", "custom-columns=BOGUS", "--data", "/nonexistent"],
        ])
    func wrongUsage(arguments: [String]) async throws {
        let outcome = try await ChildProcess.run(arguments)
        if arguments.contains("custom-columns=BOGUS") {
            #expect(outcome.code != 0)
        } else {
            #expect(outcome.code == 64, "\(outcome.errors)")
            #expect(outcome.errors.hasPrefix("error: usage: "), "\(outcome.errors)")
        }
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.output.isEmpty)
    }

    @Test("with -o json wrong usage and failures are JSON objects")
    func jsonFaults() async throws {
        let usage = try await cattail("get", "wep", "-o", "json", "--bogus")
        #expect(usage.code == 64)
        #expect(try usage.errorJSON().first?["code"]?.text == "usage")
        let folder = try TemporaryFolder()
        let missing = try await cattail("validate", "-f", folder.path("missing"), "-o", "json")
        #expect(missing.code == 1)
        #expect(try missing.errorJSON().first?["code"]?.text == "file-missing")
    }

    @Test("an unreachable server is an error that names every address, within the timeout")
    func unreachable() async throws {
        let outcome = try await cattail(
            "get", "wep", "--server", "127.0.0.1:1,127.0.0.1:2", "--timeout", "500ms")
        #expect(outcome.code == 1)
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.errors.hasPrefix("error: unreachable: "))
        #expect(outcome.errors.contains("127.0.0.1:1") && outcome.errors.contains("127.0.0.1:2"))
    }

    @Test("help and the version are results: standard output and exit 0")
    func help() async throws {
        for arguments in [["--help"], ["help", "get"], ["--version"], ["watch", "--help"]] {
            let outcome = try await ChildProcess.run(arguments)
            #expect(outcome.code == 0)
            #expect(!outcome.output.isEmpty && outcome.errors.isEmpty)
        }
    }
}
