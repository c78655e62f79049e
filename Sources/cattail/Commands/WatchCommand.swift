internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import EndpointState

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Hold a selection of endpoints, and print every real change of it.",
        discussion: "Reconnects for ever; ends on SIGINT with 0.")

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var namespaces: NamespaceOptions

    @Option(name: .shortAndLong, help: "table or json.")
    var output = TableOutput.table

    @Option(
        help: ArgumentHelp(
            "What was held then is known: print what follows (a seq, a time, an age).",
            valueName: "point"))
    var from: PointArgument?

    @Flag(help: "End when everything is held.")
    var untilInSync = false

    @Option(help: "End with the mark behind this many puts and deletes.")
    var count: Int?

    @Option(
        help: ArgumentHelp(
            "Keep what is held in this file, and go on from it.", valueName: "file"))
    var state: String?

    @OptionGroup var servers: ServerOptions

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is at least 1.") }
    }

    func run() async throws {
        let wanted = try selection.selection(namespace: namespaces.one.namespace)
        try await servers.withClient { client in
            try await Interruption.endsQuietly {
                try await watch(wanted, client)
            }
        }
    }

    private func watch(_ wanted: Selection, _ client: EndpointClient) async throws {
        var configuration = SubscriptionConfiguration(selection: wanted)
        if let state { configuration.cache = .file(state) }
        if let from {
            let past = try await HeldPast.read(wanted, at: from.point, from: client)
            configuration.start = .holding(past.state, past.position)
        }
        let subscription = client.subscribe(configuration)
        var printer = WatchPrinter(
            output: output, end: WatchEnd(untilInSync: untilInSync, count: count))
        do {
            try printer.begin()
            for try await update in subscription {
                guard case .goOn = try printer.print(update) else { break }
            }
            await subscription.close()
        } catch is OutputClosed {
            // What could not be printed is not done with: the state file must not hold it.
            throw OutputClosed()
        } catch {
            await subscription.close()
            throw error
        }
    }
}
