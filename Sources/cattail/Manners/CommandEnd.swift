internal import ArgumentParser
internal import Glibc

/// How a command that threw ends: what is printed where, and the exit code.
enum CommandEnd {
    /// Help or the version was asked for.
    case message(String)
    /// The command line makes no sense: 64.
    case wrongUsage(Fault)
    /// The work failed: 1.
    case failed([Fault])
    /// Everything was said already.
    case reported(Int32)
    /// Whoever reads the results has gone: quietly 0.
    case outputClosed

    static let usageCode: Int32 = 64

    init(_ error: any Error) {
        switch error {
        case is OutputClosed: self = .outputClosed
        case let usage as UsageFault: self = .wrongUsage(usage.fault)
        case let code as ExitCode: self = .reported(code.rawValue)
        default:
            switch Cattail.exitCode(for: error) {
            case .success: self = .message(Cattail.fullMessage(for: error))
            case .validationFailure:
                self = .wrongUsage(UsageFault(Cattail.message(for: error)).fault)
            default: self = .failed(Fault.all(of: error))
            }
        }
    }

    func exit() -> Never {
        ProgressLine.standard.clear()
        switch self {
        case .message(let text):
            try? Console.output.line(text)
            try? Console.output.flush()
            Glibc.exit(0)
        case .wrongUsage(let fault):
            Console.faults.report(fault)
            Glibc.exit(Self.usageCode)
        case .failed(let faults):
            try? Console.output.flush()
            for fault in faults { Console.faults.report(fault) }
            Glibc.exit(1)
        case .reported(let code):
            try? Console.output.flush()
            Glibc.exit(code)
        case .outputClosed: Glibc.exit(0)
        }
    }
}

/// Wrong usage that the parser cannot see.
struct UsageFault: Error {
    let fault: Fault

    init(_ what: String, remedy: String = UsageFault.help) {
        fault = Fault(code: FaultCode.usage, what: what, remedy: remedy)
    }

    /// `see 'cattail help get'`
    static var help: String {
        let command = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") } ?? ""
        let known = Cattail.configuration.subcommands
            .contains { $0.configuration.commandName == command }
        return known ? "see 'cattail help \(command)'" : "see 'cattail help'"
    }
}
