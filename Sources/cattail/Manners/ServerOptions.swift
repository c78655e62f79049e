internal import ArgumentParser
internal import CattailClient
internal import CattailServer
internal import Foundation
internal import SyncTransport

/// Where the servers are, how long to wait for them, and who asks.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Addresses, tried in this order (CATTAIL_SERVER; default 127.0.0.1:5474).",
            valueName: "host:port[,host:port]"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "How long to wait without hearing anything (CATTAIL_TIMEOUT; default 10s).",
            valueName: "duration"))
    var timeout: DurationArgument?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "Who asks, as the log will show it (CATTAIL_ACTOR; default USER@HOST).",
            valueName: "name"))
    var actor: String?

    @OptionGroup var tls: TLSOptions

    func configuration() throws -> ClientConfiguration {
        var configuration = ClientConfiguration(
            servers: try addresses(), actor: Self.actor(given: actor))
        configuration.program = Program.name
        configuration.tls = try tls.files()
        let wait = try Setting.value(timeout, "timeout", read: DurationArgument.init(argument:))
        if let wait {
            guard wait.duration > .zero else {
                throw UsageFault("--timeout is 0", remedy: "give a time such as 10s")
            }
            configuration.timeout = wait.duration
        }
        return configuration
    }

    private func addresses() throws(UsageFault) -> [ServerAddress] {
        guard let text = server ?? Setting.text("server") else { return [.standard] }
        guard let list = ServerAddress.list(text) else {
            throw UsageFault(
                "'\(text)' is no list of servers",
                remedy: "write HOST:PORT[,HOST:PORT], with an IPv6 address in brackets")
        }
        return list
    }

    private static func actor(given: String?) -> String {
        if let given = given ?? Setting.text("actor") ?? Setting.text("as"),
            !given.isEmpty
        {
            return given
        }
        let user = ProcessInfo.processInfo.environment["USER"] ?? NSUserName()
        return "\(user)@\(ProcessInfo.processInfo.hostName)"
    }
}

extension ServerOptions {
    /// Calls `body` with a client that is closed afterwards.
    func withClient<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (EndpointClient) async throws -> Result
    ) async throws -> Result {
        let client = EndpointClient(configuration: try configuration())
        do {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }
}
