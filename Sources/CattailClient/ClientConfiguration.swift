public import Logging
public import NIOCore
internal import NIOPosix
public import SyncTransport

/// Where the servers are and how patient a client is.
public struct ClientConfiguration: Sendable {
    /// Tried in this order; a write that reaches a follower goes to the leader by itself.
    public var servers: [ServerAddress]
    /// Who asks, as the log will show it. Not verified without a certificate.
    public var actor: String
    /// Name and version of the program, for the server's status.
    public var program: String
    /// How long a request waits without hearing anything from a server, to connect or for the
    /// next answer. A request that makes progress is not bounded.
    public var timeout: Duration
    /// The pauses between attempts to connect, growing from the first to the second with a
    /// random part, so that a thousand agents do not come back at once.
    public var pauses: ClosedRange<Duration>
    /// Where the sockets live; shared by as many clients as wanted.
    public var eventLoopGroup: any EventLoopGroup
    public var logger: Logger

    public init(
        servers: [ServerAddress] = [.standard], actor: String,
        timeout: Duration = .seconds(10)
    ) {
        self.servers = servers
        self.actor = actor
        self.timeout = timeout
        program = "cattail-client"
        pauses = .milliseconds(100)...(.seconds(5))
        eventLoopGroup = MultiThreadedEventLoopGroup.singleton
        logger = Logger(label: "cattail.client")
    }

    /// The same with servers as a user writes them: `HOST:PORT[,HOST:PORT…]`.
    ///
    /// - Throws: `ClientError` with the code `invalid` when an address is none.
    public init(servers: String, actor: String) throws(ClientError) {
        guard let list = ServerAddress.list(servers) else {
            throw ClientError(
                code: .invalid, message: "'\(servers)' is no list of servers",
                remedy: "write HOST:PORT[,HOST:PORT], with an IPv6 address in brackets")
        }
        self.init(servers: list, actor: actor)
    }
}
