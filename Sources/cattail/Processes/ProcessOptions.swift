internal import ArgumentParser
internal import CattailServer
internal import EndpointModel
internal import Glibc
internal import Logging
internal import SyncTransport

/// What leader and follower have in common. Each flag has its `CATTAIL_…` variable.
struct ProcessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The data directory; made when its parent exists.", valueName: "dir"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Where to listen (default 127.0.0.1:5474); port 0 picks one.", valueName: "host:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "What others are told (default: where it listens).", valueName: "host:port"))
    var advertise: String?

    @OptionGroup var tls: TLSOptions

    @Option(
        help: ArgumentHelp(
            "Let in only clients whose certificate has one of these common names; * stands for "
                + "any characters.", valueName: "name[,name]"))
    var clientCn: String?

    @Option(
        help: ArgumentHelp(
            "Let in clients whose certificate has one of these URIs as well.",
            valueName: "uri[,uri]"))
    var clientUriSan: String?

    @Option(
        help: ArgumentHelp(
            "Lists of revoked certificates (PEM or DER), signed by an authority of --ca.",
            valueName: "file[,file]"))
    var crl: String?

    @Flag(help: "Listen beyond loopback without TLS: anybody there may read and write.")
    var insecure = false

    @Option(
        help: ArgumentHelp("How long a drain may take (default 10s).", valueName: "duration"))
    var drainTimeout: DurationArgument?

    @Option(help: "trace, debug, info, notice, warning, error or critical (default info).")
    var logLevel: LogLevelArgument?

    @Option(help: "text or json (default text); to standard error.")
    var logFormat: LogFormat?

    func configuration(upstream: [ServerAddress] = []) throws -> NodeConfiguration {
        guard let directory = data ?? Setting.text("data") else {
            throw UsageFault("--data is missing", remedy: "name the data directory")
        }
        let logger = try logger()
        let address = try address(listen, "listen") ?? .standard
        let security = try security()
        if security == nil { try checkReach(of: address, logger) }
        var configuration = NodeConfiguration(
            directory: directory, listen: address,
            advertise: try self.address(advertise, "advertise")?.description,
            upstream: upstream, drainTimeout: try drain(), logger: logger)
        configuration.security = security
        return configuration
    }

    /// A node that listens with TLS shows a certificate and wants one of every client.
    private func security() throws -> NodeSecurity? {
        var guests = GuestList()
        guests.commonNames = try patterns(clientCn, "client-cn")
        guests.uris = try patterns(clientUriSan, "client-uri-san")
        let lists = (crl ?? Setting.text("crl"))?.split(separator: ",").map(String.init) ?? []
        guard let files = try tls.files() else {
            guard guests == GuestList(), lists.isEmpty else {
                throw UsageFault(
                    "--client-cn, --client-uri-san and --crl are of certificates, and there is "
                        + "no TLS", remedy: "give --ca, --cert and --key")
            }
            return nil
        }
        guard files.own != nil else {
            throw UsageFault(
                "--ca without --cert and --key", remedy: "name this node's certificate too")
        }
        return NodeSecurity(files: files, guests: guests, revocationLists: lists)
    }

    private func patterns(_ given: String?, _ flag: String) throws(UsageFault) -> [NamePattern] {
        guard let text = given ?? Setting.text(flag) else { return [] }
        guard let patterns = NamePattern.list(text) else {
            throw UsageFault(
                "'\(text)' is no list of names for --\(flag)", remedy: "write NAME[,NAME]")
        }
        return patterns
    }

    private func address(_ given: String?, _ flag: String) throws -> ServerAddress? {
        guard let text = given ?? Setting.text(flag) else { return nil }
        guard let address = ServerAddress(text) else {
            throw UsageFault(
                "'\(text)' is no address for --\(flag)",
                remedy: "write HOST:PORT, with an IPv6 address in brackets")
        }
        return address
    }

    /// Without TLS only loopback is safe.
    private func checkReach(of address: ServerAddress, _ logger: Logger) throws {
        guard !Loopback.contains(address.host) else { return }
        guard try insecure || Setting.isOn("insecure") else {
            throw UsageFault(
                "\(address) is beyond loopback, and there is no TLS",
                remedy: "give --ca, --cert and --key, listen on loopback, or say --insecure")
        }
        logger.warning(
            "listening beyond loopback without TLS: anybody there may read and write",
            metadata: ["listen": "\(address)"])
    }

    private func drain() throws -> Duration {
        let given = try Setting.value(
            drainTimeout, "drain-timeout", read: DurationArgument.init(argument:))
        return given?.duration ?? .seconds(10)
    }

    private func logger() throws -> Logger {
        let level = try Setting.value(
            logLevel, "log-level", read: LogLevelArgument.init(argument:))
        let format = try Setting.value(logFormat, "log-format", read: LogFormat.init(rawValue:))
        return ProcessLog.bootstrap(level: level?.level ?? .info, format: format ?? .text)
    }
}

enum Loopback {
    /// Whether only this machine can reach an address of this host. Of a name other than
    /// `localhost` nobody knows before it is looked up, and then only for now.
    static func contains(_ host: String) -> Bool {
        if host == "localhost" { return true }
        var ipv4 = in_addr()
        if inet_pton(AF_INET, host, &ipv4) == 1 {
            return withUnsafeBytes(of: ipv4) { $0[0] == 127 }
        }
        var ipv6 = in6_addr()
        guard inet_pton(AF_INET6, host, &ipv6) == 1 else { return false }
        return withUnsafeBytes(of: ipv6) { bytes in
            let isMapped =
                bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            let isOne = bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
            return isOne || isMapped && bytes[12] == 127
        }
    }
}

struct LogLevelArgument: ExpressibleByArgument {
    let level: Logger.Level

    init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument) else { return nil }
        self.level = level
    }
}
