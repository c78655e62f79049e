internal import Foundation

/// An agent of the demo: a `cattail watch -o json` process, and what its lines have said.
actor WatchingAgent {
    struct Standing: Sendable {
        var server = ""
        var how = ""
        var seq: UInt64 = 0
        var digest = ""
        var isInSync = false
        var connects = 0
        var puts = 0
        var deletes = 0
        /// The last word on each key touched: its seq, and whether it was a put.
        var changes: [String: (seq: UInt64, isPut: Bool)] = [:]
    }

    let name: String
    nonisolated let process: ChildProcess
    private(set) var standing = Standing()
    private var waiting: [(until: @Sendable (Standing) -> Bool, CheckedContinuation<Bool, Never>)] =
        []
    private var hasEnded = false

    init(_ name: String, _ arguments: [String], errors: FileHandle) throws {
        self.name = name
        process = try ChildProcess(name, ["watch", "-o", "json"] + arguments, errors: errors)
    }

    /// Takes the process's lines until it ends.
    func follow() async {
        for await line in process.lines {
            take(line)
            wake()
        }
        hasEnded = true
        for (_, continuation) in waiting { continuation.resume(returning: false) }
        waiting = []
    }

    /// False when the process has ended first.
    func wait(until condition: @escaping @Sendable (Standing) -> Bool) async -> Bool {
        if condition(standing) { return true }
        if hasEnded { return false }
        return await withCheckedContinuation { waiting.append((condition, $0)) }
    }

    private func wake() {
        let standing = standing
        let (ready, rest) = (
            waiting.filter { $0.until(standing) }, waiting.filter { !$0.until(standing) }
        )
        waiting = rest
        for (_, continuation) in ready { continuation.resume(returning: true) }
    }

    private func take(_ line: String) {
        guard
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let type = object["type"] as? String
        else { return }
        let seq = (object["seq"] as? NSNumber)?.uint64Value ?? standing.seq
        switch type {
        case "status": takeStatus(object, seq)
        case "put", "delete":
            let isPut = type == "put"
            if isPut { standing.puts += 1 } else { standing.deletes += 1 }
            if let key = object["key"] as? String { standing.changes[key] = (seq, isPut) }
        case "mark":
            standing.seq = seq
            if let digest = object["digest"] as? String { standing.digest = digest }
        default: break  // Later versions may say more.
        }
    }

    private func takeStatus(_ object: [String: Any], _ seq: UInt64) {
        switch object["status"] as? String {
        case "connecting":
            standing.server = object["server"] as? String ?? ""
            standing.isInSync = false
            standing.connects += 1
        case "in-sync":
            standing.how = object["how"] as? String ?? ""
            standing.seq = seq
            standing.isInSync = true
        default: break
        }
    }
}
