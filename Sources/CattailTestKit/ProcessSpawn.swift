internal import Glibc
internal import Synchronization

/// Why a child process could not be handled as wished.
package enum ProcessTrouble: Error, CustomStringConvertible {
    case call(String, errno: Int32)
    /// What was waited for did not come in time; with all that the process had said.
    case deadline(waitingFor: String, command: String, output: String, errors: String)
    case unexpectedReadyLine(String)

    package var description: String {
        switch self {
        case .call(let call, let number): "\(call): \(String(cString: strerror(number)))"
        case .deadline(let wanted, let command, let output, let errors):
            "no \(wanted) in time from: \(command)\nstdout:\n\(output)\nstderr:\n\(errors)"
        case .unexpectedReadyLine(let line): "no ready line: '\(line)'"
        }
    }
}

/// The system calls of starting a child with three pipes. It has no other descriptor of the test
/// runner's: one that inherited another child's pipe would keep that from ending, and one that
/// inherited a listening socket would keep its port.
enum ProcessSpawn {
    struct Spawned {
        var pid: pid_t
        var input: Int32
        var output: Int32
        var errors: Int32
    }

    /// Held from a pipe's making until the child's own program has begun.
    private static let turn = Mutex(())

    /// `posix_spawn_file_actions_addclosefrom_np`, which glibc has from 2.34 on and declares for
    /// GNU C alone. NIO's sockets are not closed on exec.
    private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: CloseFrom.self)
    }

    private typealias CloseFrom =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt

    static func spawn(
        _ executable: String, _ arguments: [String], environment: [String: String]
    ) throws(ProcessTrouble) -> Spawned {
        try turn.withLock { _ throws(ProcessTrouble) in
            try start(executable, arguments, environment: environment)
        }
    }

    /// Returns when no child stands between its start and its program: until then it holds what
    /// this process has closed meanwhile.
    static func awaitStarts() { turn.withLock { _ in } }

    private static func start(
        _ executable: String, _ arguments: [String], environment: [String: String]
    ) throws(ProcessTrouble) -> Spawned {
        let input = try pipe()
        let output = try pipe()
        let errors = try pipe()
        defer { for end in [input.read, output.write, errors.write] { close(end) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.read, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.write, 2)
        guard let closeFrom, closeFrom(&actions, 3) == 0 else {
            throw .call("posix_spawn_file_actions_addclosefrom_np", errno: ENOSYS)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        setDefaultSignals(&attributes)

        let variables = environment.map { "\($0.key)=\($0.value)" }
        var pid = pid_t()
        let code = withCStrings([executable] + arguments) { argv in
            withCStrings(variables) { envp in
                posix_spawn(&pid, executable, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else {
            for end in [input.write, output.read, errors.read] { close(end) }
            throw .call("posix_spawn \(executable)", errno: code)
        }
        return Spawned(pid: pid, input: input.write, output: output.read, errors: errors.read)
    }

    /// The test runner may ignore signals that the child must feel.
    private static func setDefaultSignals(_ attributes: inout posix_spawnattr_t) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    }

    private static func pipe() throws(ProcessTrouble) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw .call("pipe", errno: errno) }
        return (ends[0], ends[1])
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
