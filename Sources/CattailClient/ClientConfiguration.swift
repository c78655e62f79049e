public import Logging
public import NIOCore
internal import NIOPosix
public import SyncTransport

/// Where the servers are and how patient a client is.
public struct ClientConfiguration: Sendable {
    /// Tried in this order, at least one; a write that reaches a follower goes to the leader by
    /// itself.
    public var servers: [ServerAddress]
    /// Who asks, as the log will show it: at most 253 bytes. With a certificate the log shows what
    /// that says instead.
    public var actor: String
    /// Name and version of the program, for the server's status: at most 253 bytes.
    public var program: String
    /// How long a request waits without hearing anything from a server, to connect or for the
    /// next answer; 10 s unless set. A request that makes progress is not bounded, and a
    /// subscription tries again for ever: it waits this long for each server.
    public var timeout: Duration
    /// The pauses between attempts to connect, growing from the first to the second with a
    /// random part, so that a thousand agents do not come back at once; 100 ms to 5 s unless set.
    public var pauses: ClosedRange<Duration>
    /// Certificates for servers that listen with TLS, and want one of every client; plain TCP
    /// unless set. The files are read when a connection is made, and again when they changed.
    public var tls: TLSFiles? {
        didSet { credentials = tls.map { TLSCredentials($0) } }
    }
    /// What the files hold, for all copies of this value.
    package private(set) var credentials: TLSCredentials?
    /// Where the sockets live; shared by as many clients as wanted. NIO's singleton unless set.
    public var eventLoopGroup: any EventLoopGroup
    /// Where the library logs.
    public var logger: Logger

    /// Servers as values; everything else stands as its property says until it is set.
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
