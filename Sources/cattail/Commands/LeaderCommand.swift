internal import ArgumentParser
internal import CattailServer
internal import EndpointDocuments

struct LeaderCommand: AsyncParsableCommand, NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "leader",
        abstract: "Accept mutations and serve subscribers.",
        discussion: "Prints one line on standard output when it takes writes. SIGTERM and "
            + "SIGINT drain it; a second SIGINT ends it at once.")

    @Flag(help: "Start though the clock is far behind the log's last event: it was wrong then.")
    var acceptClockBehind = false

    @Option(
        help: ArgumentHelp(
            "Acknowledge a mutation when so many voting followers have it on disk; as the log says, "
                + "and 0 at first.", valueName: "k"))
    var minAcks: UInt32?

    @Option(
        help: ArgumentHelp(
            "A document of rights to put in force before anybody is let in, where others are.",
            valueName: "file"))
    var rights: String?

    @OptionGroup var process: ProcessOptions

    func run() async throws {
        var configuration = try process.configuration()
        if try acceptClockBehind || Setting.isOn("accept-clock-behind") {
            configuration.limits.clockBehindMicroseconds = .max
        }
        configuration.minAcks = try Setting.value(minAcks, "min-acks") { UInt32($0) }
        configuration.rights = try Setting.value(rights, "rights") { $0 }.map { name in
            try RightsFile(name: name).read().rights
        }
        try await NodeProcess.run { try await Node.leader(configuration) }
    }
}
