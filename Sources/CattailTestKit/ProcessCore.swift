internal import Dispatch
internal import Foundation
internal import Glibc
internal import Synchronization

/// What the threads of a child process share: they live as long as it does.
final class ProcessCore: Sendable {
    let pid: Int32
    /// One for each whole line of output, and one for its end.
    let outputEvents = DispatchSemaphore(value: 0)
    /// One when the process has ended and its pipes are read out.
    let end = DispatchSemaphore(value: 0)
    private let input: Mutex<Int32?>
    private let state = Mutex(State())

    private struct State {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        /// Where the next line that nobody has taken begins.
        var nextLine = 0
        var openPipes = 2
        var status: Int32?
    }

    private enum Stream { case output, errors }

    init(_ spawned: ProcessSpawn.Spawned) {
        pid = spawned.pid
        input = Mutex(spawned.input)
        // The runner's own writes meet pipes whose readers have gone.
        signal(SIGPIPE, SIG_IGN)
        Self.thread { [self] in read(spawned.output, .output) }
        Self.thread { [self] in read(spawned.errors, .errors) }
        Self.thread { [self] in awaitEnd() }
    }

    static func thread(_ body: @escaping @Sendable () -> Void) {
        Thread(block: body).start()
    }

    var outcome: ProcessOutcome {
        state.withLock { state in
            ProcessOutcome(
                code: state.status ?? -1, output: String(decoding: state.output, as: UTF8.self),
                errors: String(decoding: state.errors, as: UTF8.self))
        }
    }

    // MARK: Input and signals

    func write(_ text: String) {
        input.withLock { descriptor in
            guard let descriptor else { return }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    func closeInput() {
        input.withLock { descriptor in
            if let open = descriptor { close(open) }
            descriptor = nil
        }
    }

    /// Only while it runs: its number may be another one's afterwards.
    func send(signal number: Int32) {
        state.withLock { state in
            if state.status == nil { Glibc.kill(pid, number) }
        }
    }

    // MARK: Output

    /// The next line that nobody took; nil at the end, which stays for whoever asks again.
    func takeLine() -> String? {
        state.withLock { state in
            let rest = state.output[state.nextLine...]
            if let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                state.nextLine = newline + 1
                return String(decoding: rest[..<newline], as: UTF8.self)
            }
            outputEvents.signal()
            guard !rest.isEmpty else { return nil }
            state.nextLine = state.output.count
            return String(decoding: rest, as: UTF8.self)
        }
    }

    private func read(_ descriptor: Int32, _ stream: Stream) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            take(buffer[..<count], stream)
        }
        close(descriptor)
        if case .output = stream { outputEvents.signal() }
        finish { $0.openPipes -= 1 }
    }

    private func take(_ bytes: ArraySlice<UInt8>, _ stream: Stream) {
        switch stream {
        case .errors: state.withLock { $0.errors += bytes }
        case .output:
            state.withLock { $0.output += bytes }
            for byte in bytes where byte == UInt8(ascii: "\n") { outputEvents.signal() }
        }
    }

    // MARK: The end

    /// Waits without taking the status, then takes it under the lock that signals are sent under:
    /// no signal goes to a number that is another one's by then.
    private func awaitEnd() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        finish { state in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            let signal = status & 0x7F
            state.status = signal == 0 ? (status >> 8) & 0xFF : -signal
        }
    }

    private func finish(_ change: (inout State) -> Void) {
        let isOver = state.withLock { state in
            change(&state)
            return state.openPipes == 0 && state.status != nil
        }
        if isOver { end.signal() }
    }
}
