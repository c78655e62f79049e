internal import ArgumentParser
internal import CattailServer
internal import SyncTransport

struct FollowerCommand: AsyncParsableCommand, NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "follower",
        abstract: "Replicate a log and serve it.",
        discussion: "Prints one line on standard output when it serves: with a log on disk at "
            + "once, with an empty directory after it has reached an upstream.")

    @Option(
        help: ArgumentHelp("Where from, tried in this order.", valueName: "host:port[,host:port]"))
    var upstream: String?

    @OptionGroup var process: ProcessOptions

    func run() async throws {
        let configuration = try process.configuration(upstream: try upstreams())
        try await NodeProcess.run { try await Node.follower(configuration) }
    }

    private func upstreams() throws -> [ServerAddress] {
        guard let text = upstream ?? Setting.text("upstream") else {
            throw UsageFault("--upstream is missing", remedy: "name a leader or a follower")
        }
        guard let list = ServerAddress.list(text) else {
            throw UsageFault(
                "'\(text)' is no list of upstreams",
                remedy: "write HOST:PORT[,HOST:PORT], with an IPv6 address in brackets")
        }
        return list
    }
}
