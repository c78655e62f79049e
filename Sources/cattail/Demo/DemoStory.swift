internal import Foundation

/// The main job, told on real processes: each step checks its own result.
struct DemoStory {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let folder: URL
    private let errors: FileHandle
    /// How long a reader is given after each step.
    private let pause: Duration
    private var leader: DemoNode?
    private var followers: [DemoNode] = []
    private var agents: [WatchingAgent] = []
    private var table: [(step: String, result: String)] = []
    private let clock = ContinuousClock()
    private static let patience = Duration.seconds(30)

    init(folder: URL, pause: Duration) throws {
        self.folder = folder
        self.pause = pause
        let log = folder.appendingPathComponent("processes.log")
        guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
            throw Failure(description: "\(log.path) cannot be made")
        }
        errors = try FileHandle(forWritingTo: log)
    }

    /// - Throws: `Failure` at the first step whose result is not what it should be.
    mutating func tell() async throws {
        try await startNodes()
        try await startAgents()
        try await applyEndpoints()
        try await agreeOnDigests()
        try await loseFollower()
        try await changeLabels()
        try await lookBack()
        try await verifyLogs()
        printTable()
    }

    /// Ends whatever still runs.
    mutating func end() async {
        for agent in agents { agent.process.terminate() }
        for node in followers + [leader].compactMap({ $0 }) { node.process.terminate() }
        for agent in agents { _ = await agent.process.ended() }
        for node in followers + [leader].compactMap({ $0 }) { _ = await node.process.ended() }
    }

    // MARK: Steps

    private mutating func startNodes() async throws {
        heading("A leader and two followers")
        let leader = try await node("leader", ["leader"])
        self.leader = leader
        for number in 1...2 {
            followers.append(
                try await node(
                    "follower-\(number)", ["follower", "--upstream", leader.address]))
        }
        try await note("nodes", "1 leader, 2 followers, log \(leader.logID)")
    }

    private mutating func startAgents() async throws {
        heading("Agents on both followers, one of them with a selector")
        let (first, second) = (followers[0].address, followers[1].address)
        try agent("agent-a", server: "\(first),\(second)", [])
        try agent("agent-b", server: second, [])
        try agent("agent-web", server: second, ["--selector", Sample.selector])
        for agent in agents {
            try await expect(agent, "is in sync") { $0.isInSync }
        }
        try await note("agents", "3 in sync with the empty state")
    }

    private mutating func applyEndpoints() async throws {
        heading("1,000 generated endpoints and the documented sample")
        let generated = try await run(["generate", "--count", "1000", "--seed", "7"], server: nil)
        let applied = try await run(["apply", "-f", "-"], input: Data(generated.utf8))
        print("  " + applied.trimmed)
        let sample = try await run(["apply", "-f", "-"], input: Data(Sample.document.utf8))
        print("  " + sample.trimmed)
        let status = try await status(leader)
        try check(status.endpoints == 1_001, "the leader holds \(status.endpoints) endpoints")
        try await note("applied", "1,001 endpoints, head at seq \(status.seq)")
    }

    private mutating func agreeOnDigests() async throws {
        heading("Everyone holds the same, by digests that each computed itself")
        let truth = try await status(leader)
        for agent in agents.prefix(2) {
            try await expect(agent, "reaches seq \(truth.seq)") { $0.seq >= truth.seq }
            let digest = await agent.standing.digest
            print("  \(agent.name) digest=\(digest.prefix(16))… seq=\(await agent.standing.seq)")
            try check(digest == truth.digest, "\(agent.name) holds \(digest), not \(truth.digest)")
        }
        for follower in followers {
            let held = try await status(follower)
            try check(held.digest == truth.digest, "\(follower.name) holds \(held.digest)")
        }
        try await note(
            "digests", "leader, 2 followers, 2 agents equal: \(truth.digest.prefix(16))…")
    }

    private mutating func loseFollower() async throws {
        heading("follower-1 is killed with -9; its agent moves to the other one and resumes")
        let agent = agents[0]
        let before = await agent.standing
        try check(before.server == followers[0].address, "agent-a is not on follower-1")
        followers[0].process.kill()
        _ = await followers[0].process.ended()
        let more = try await run(["generate", "--count", "25", "--seed", "8"], server: nil)
        _ = try await run(["apply", "-f", "-"], input: Data(more.utf8))
        let truth = try await status(leader)
        try await expect(agent, "resumes") { standing in
            standing.isInSync && standing.connects > before.connects && standing.seq >= truth.seq
        }
        let after = await agent.standing
        print("  agent=\(agent.name) how=\(after.how) server=\(after.server)")
        try check(after.how == "deltas", "agent-a resumed by \(after.how)")
        try check(after.server == followers[1].address, "agent-a is on \(after.server)")
        try check(after.digest == truth.digest, "agent-a holds \(after.digest)")
        try check(after.puts - before.puts == 25, "agent-a was shown \(after.puts - before.puts)")
        try await note("resume", "by deltas at \(after.server): 25 changes, no snapshot")
    }

    private mutating func changeLabels() async throws {
        heading("Labels change; the selector's agent sees a removal and an addition")
        let agent = agents[2]
        let key = "default/\(Sample.name)"
        try await expect(agent, "holds the sample") { $0.changes[key]?.isPut == true }
        _ = try await run(["label", "wep", Sample.name, "app=backend", "--overwrite"])
        try await expect(agent, "sees the removal") { $0.changes[key]?.isPut == false }
        print("  agent=\(agent.name) delete \(key)")
        _ = try await run(["label", "wep", Sample.name, "app=frontend", "--overwrite"])
        try await expect(agent, "sees the addition") { $0.changes[key]?.isPut == true }
        print("  agent=\(agent.name) put    \(key)")
        try await note("selector", "\(Sample.selector): one removal, one addition")
    }

    private mutating func lookBack() async throws {
        heading("What was, and when: history, the past, differences")
        let history = try await run(["history", "wep", Sample.name])
        print(history.indented)
        try check(
            history.contains("backend"), "the history does not tell of the changed label")
        let truth = try await status(leader)
        let then = truth.seq - 1
        let past = try await run(
            ["get", "wep", Sample.name, "-o", "yaml", "--at", "\(then)"])
        try check(past.contains("app: backend"), "the past at seq \(then) is not what it was")
        print("  at seq \(then): app=backend, now: app=frontend")
        let difference = try await run(["diff", "\(then)", "\(truth.seq)"])
        print(difference.indented)
        try check(difference.contains(Sample.name), "the difference does not name the sample")
        try await note("audit", "history, as-of and diff agree on \(Sample.name)")
    }

    private mutating func verifyLogs() async throws {
        heading("The logs, verified event by event")
        let live = try await run(["verify"])
        print("  leader:     " + live.trimmed)
        try check(live.hasPrefix("ok"), "the leader's log is not sound")
        let killed = try await run(["verify", "--data", followers[0].directory.path], server: nil)
        print("  follower-1: " + killed.trimmed + " (killed, read from its files)")
        try check(killed.hasPrefix("ok"), "the killed follower's log is not sound")
        try await note("verify", "both ok")
    }

    // MARK: Processes

    private func node(_ name: String, _ arguments: [String]) async throws -> DemoNode {
        let directory = folder.appendingPathComponent(name)
        let process = try ChildProcess(
            name, arguments + ["--data", directory.path, "--listen", "127.0.0.1:0"],
            errors: errors)
        let line = await within(Self.patience) {
            for await line in process.lines { return line }
            return nil
        }
        guard let line, let node = DemoNode(name, process, directory, readyLine: line) else {
            process.terminate()
            throw Failure(
                description: "\(name) did not get ready; see \(folder.path)/processes.log")
        }
        print("  \(line)")
        return node
    }

    private mutating func agent(_ name: String, server: String, _ more: [String]) throws {
        let state = folder.appendingPathComponent("\(name).state").path
        let agent = try WatchingAgent(
            name, ["-A", "--server", server, "--state", state] + more, errors: errors)
        Task { await agent.follow() }
        agents.append(agent)
    }

    /// What a command prints; it must succeed.
    private func run(_ arguments: [String], input: Data? = nil) async throws -> String {
        try await run(arguments, input: input, server: leader?.address)
    }

    private func run(_ arguments: [String], input: Data? = nil, server: String?) async throws
        -> String
    {
        let target = server.map { ["--server", $0] } ?? []
        print("  $ cattail " + arguments.joined(separator: " "))
        let child = try ChildProcess(
            arguments[0], arguments + target, errors: errors,
            input: input.map(ChildProcess.Input.whole) ?? .nothing)
        let output = await within(Self.patience) { await child.output() }
        guard let (code, text) = output, code == 0 else {
            child.kill()
            throw Failure(
                description: "`cattail \(arguments.joined(separator: " "))` failed;"
                    + " see \(folder.path)/processes.log")
        }
        return text
    }

    private func status(_ node: DemoNode?) async throws -> (
        seq: UInt64, digest: String, endpoints: Int
    ) {
        let child = try ChildProcess(
            "status", ["status", "-o", "json", "--server", node?.address ?? ""], errors: errors)
        let text = await within(Self.patience) { await child.output().text } ?? ""
        guard
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let views = object["views"] as? [String: Any],
            let seq = (views["seq"] as? NSNumber)?.uint64Value,
            let digest = views["digest"] as? String
        else { throw Failure(description: "\(node?.name ?? "node") has no status") }
        return (seq, digest, (views["endpoints"] as? NSNumber)?.intValue ?? -1)
    }

    // MARK: Telling

    private func expect(
        _ agent: WatchingAgent, _ what: String,
        _ condition: @escaping @Sendable (WatchingAgent.Standing) -> Bool
    ) async throws {
        let isSo = await within(Self.patience) { await agent.wait(until: condition) } ?? false
        try check(isSo, "\(agent.name) never \(what)")
    }

    private func check(_ isSo: Bool, _ otherwise: @autoclosure () -> String) throws {
        if !isSo { throw Failure(description: otherwise()) }
    }

    /// At once: the reader follows along.
    private func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    private func heading(_ text: String) { print("\n== \(text)") }

    private mutating func note(_ step: String, _ result: String) async throws {
        table.append((step, result))
        try await clock.sleep(for: pause)
    }

    private func printTable() {
        heading("All of it held")
        let width = table.map(\.step.count).max() ?? 0
        for (step, result) in table {
            print("  \(step.padding(toLength: width, withPad: " ", startingAt: 0))  \(result)")
        }
    }
}

/// A node of the demo that has said `ready`.
struct DemoNode: Sendable {
    let name: String
    let process: ChildProcess
    let directory: URL
    let address: String
    let logID: String

    init?(_ name: String, _ process: ChildProcess, _ directory: URL, readyLine: String) {
        var fields: [String: String] = [:]
        for part in readyLine.split(separator: " ") {
            guard let equals = part.firstIndex(of: "=") else { continue }
            fields[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        guard readyLine.hasPrefix("ready "), let address = fields["listen"],
            let logID = fields["log"]
        else { return nil }
        self.name = name
        self.process = process
        self.directory = directory
        self.address = address
        self.logID = logID
    }
}

/// The result of `work`, or nil when the time is over first.
private func within<Value: Sendable>(
    _ time: Duration, _ work: @escaping @Sendable () async -> Value?
) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
        group.addTask { await work() }
        group.addTask {
            try? await Task.sleep(for: time)
            return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        return first
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }

    fileprivate var indented: String {
        trimmed.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
    }
}

/// The sample of Calico's documentation, as printed there: `endpoint` stands twice, and the
/// container ID is a bare number of 25 digits.
private enum Sample {
    static let name = "node1-k8s-my--nginx--b1337a-eth0"
    static let selector = #"app == "frontend""#
    static let document = """
        apiVersion: projectcalico.org/v3
        kind: WorkloadEndpoint
        metadata:
          name: node1-k8s-my--nginx--b1337a-eth0
          namespace: default
          labels:
            app: frontend
            projectcalico.org/namespace: default
            projectcalico.org/orchestrator: k8s
        spec:
          node: node1
          orchestrator: k8s
          endpoint: eth0
          containerID: 1337495556942031415926535
          pod: my-nginx-b1337a
          endpoint: eth0
          interfaceName: cali0ef24ba
          mac: ca:fe:1d:52:bb:e9
          ipNetworks:
          - 192.168.0.0/32
          profiles:
          - profile1
          ports:
          - name: some-port
            port: 1234
            protocol: TCP
          - name: another-port
            port: 5432
            protocol: UDP
        """
}
