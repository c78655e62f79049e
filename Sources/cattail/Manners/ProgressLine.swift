internal import Glibc
internal import Synchronization

/// One line on a terminal's standard error that says how far long work is; nothing elsewhere.
final class ProgressLine: Sendable {
    static let standard = ProgressLine(descriptor: 2)

    private struct State {
        var isShown = false
        var last: ContinuousClock.Instant?
    }

    private let descriptor: Int32
    /// Whether anybody sees it.
    let isTerminal: Bool
    private let state = Mutex(State())
    private static let pause = Duration.milliseconds(100)
    private static let barWidth = 30

    init(descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
    }

    /// Shows `what` with a bar, at most ten times a second. Without a `total` there is no bar.
    func show(_ what: @autoclosure () -> String, done: UInt64, of total: UInt64?) {
        guard isTerminal else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.last, now - last < Self.pause { return }
            state.last = now
            state.isShown = true
            write("\r\u{1B}[K" + Self.bar(done: done, of: total) + what())
        }
    }

    /// Takes the line away before something else is printed.
    func clear() {
        guard isTerminal else { return }
        state.withLock { state in
            guard state.isShown else { return }
            state.isShown = false
            write("\r\u{1B}[K")
        }
    }

    private static func bar(done: UInt64, of total: UInt64?) -> String {
        guard let total, total > 0 else { return "" }
        let share = min(1, Double(done) / Double(total))
        let full = Int(share * Double(barWidth))
        let bar = String(repeating: "#", count: full)
        let rest = String(repeating: ".", count: barWidth - full)
        return "[\(bar)\(rest)] \(Int(share * 100)) %  "
    }

    private func write(_ text: String) {
        var text = text
        _ = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
