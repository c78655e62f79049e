internal import ArgumentParser
internal import EndpointModel
internal import Synchronization

/// The two streams of the process: results, and faults.
enum Console {
    static let output = OutputStream(descriptor: 1)
    static let faults = FaultReport(FaultFormat(arguments: CommandLine.arguments))
}

/// How faults are written; decided before anything is parsed, so that a wrong command line is
/// told in the same form.
enum FaultFormat: Hashable, Sendable {
    case text
    case json

    /// JSON when the arguments ask for `-o json`.
    init(arguments: [String]) {
        let flags = arguments.prefix { $0 != "--" }
        let asksInOne = flags.contains { ["-ojson", "-o=json", "--output=json"].contains($0) }
        let asksInTwo = zip(flags, flags.dropFirst())
            .contains { ["-o", "--output"].contains($0) && $1 == "json" }
        self = asksInOne || asksInTwo ? .json : .text
    }
}

/// Faults on standard error, one line each, counted.
final class FaultReport: Sendable {
    private let format: FaultFormat
    private let count = Mutex(0)
    private let stream = OutputStream(descriptor: 2)

    init(_ format: FaultFormat) { self.format = format }

    func report(_ fault: Fault) {
        count.withLock { $0 += 1 }
        write(format == .json ? fault.json : fault.line)
    }

    func report(_ faults: [Fault]) {
        for fault in faults { report(fault) }
    }

    /// The same with a code and a place.
    func warn(_ fault: Fault) {
        write(format == .json ? fault.json(telling: "warning") : fault.line(beginning: "warning"))
    }

    /// Something that was let pass and a person should know; not counted.
    func warn(_ message: String) {
        switch format {
        case .text: write(OneLine.text("warning: " + message))
        case .json: write(JSONLine([("warning", .string(message))]).text)
        }
    }

    /// Something that whoever looks at a table may want to know: no fault at all.
    func note(_ message: String) { write(OneLine.text(message)) }

    /// Exit code 1 when anything was reported.
    func checkNone() throws(ExitCode) {
        if count.withLock({ $0 }) > 0 { throw ExitCode.failure }
    }

    /// Nobody can be told that standard error is gone.
    private func write(_ line: String) {
        ProgressLine.standard.clear()
        try? stream.line(line)
        try? stream.flush()
    }
}
