internal import ArgumentParser
internal import CattailServer
internal import EndpointDocuments
internal import EndpointModel
internal import SyncTransport

struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "Make and look at certificates, for development.",
        discussion: "The authority's key lies in the folder, beside what it has issued: enough to "
            + "try TLS, not to run a cluster on.",
        subcommands: [
            CertsInitCommand.self, CertsIssueCommand.self, CertsRevokeCommand.self,
            CertsShowCommand.self,
        ])
}

/// The authority that is meant.
struct AuthorityOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The authority's folder.", valueName: "dir"))
    var dir = "certs"

    var folder: AuthorityFolder { AuthorityFolder(path: dir) }
}

struct CertsInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make an authority: ca.pem, ca.key and an empty crl.pem.")

    @OptionGroup var authority: AuthorityOptions

    @Option(help: ArgumentHelp("What it is called.", valueName: "name"))
    var name = "Cattail development"

    @Option(help: ArgumentHelp("How long its certificate is good.", valueName: "days"))
    var days = 3650

    func run() throws {
        let folder = authority.folder
        try folder.make(
            CertificateAuthority(name: name, validity: try AuthorityFolder.validity(days: days)))
        try Console.output.line(folder.file("ca.pem"))
    }
}

struct CertsIssueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Make NAME.pem and NAME.key.",
        discussion: "With --host it is a node's, which is server and client; without, a client's. "
            + "NAME is the common name, and who the holder is to Cattail.")

    @Argument(help: "The common name, and the files' name.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "DNS names and IP addresses that a node is reached at.", valueName: "host[,host]"))
    var host: String?

    @Option(help: ArgumentHelp("URIs, such as SPIFFE IDs.", valueName: "uri[,uri]"))
    var uri: String?

    @Option(help: ArgumentHelp("How long it is good.", valueName: "days"))
    var days = 365

    @OptionGroup var authority: AuthorityOptions

    func validate() throws {
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), name != "ca" else {
            throw ValidationError("'\(name)' cannot be a file's name.")
        }
    }

    func run() throws {
        var request = CertificateAuthority.Request(
            commonName: name, validity: try AuthorityFolder.validity(days: days))
        let hosts = host?.split(separator: ",").map(String.init) ?? []
        request.addresses = hosts.filter { ServerAddress(host: $0, port: 0).isAddress }
        request.dnsNames = hosts.filter { !ServerAddress(host: $0, port: 0).isAddress }
        request.uris = uri?.split(separator: ",").map(String.init) ?? []
        if !hosts.isEmpty { request.purposes = [.client, .server] }
        let folder = authority.folder
        try folder.keep(try folder.authority.issue(request), as: name)
        try Console.output.line(folder.file(name + ".pem"))
    }
}

struct CertsRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take certificates back: writes crl.pem anew, which --crl names.")

    @Argument(help: "The names that they were issued under.")
    var names: [String]

    @OptionGroup var authority: AuthorityOptions

    func run() throws {
        let folder = authority.folder
        for name in names { try folder.revoke(try folder.text(name + ".pem")) }
        try Console.output.line(folder.file("crl.pem"))
    }
}

struct CertsShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What the certificates in a file say.")

    @Argument(help: "Files of PEM.")
    var files: [String]

    @Option(name: .shortAndLong, help: "table or json.")
    var output = TableOutput.table

    func run() throws {
        for file in files {
            for facts in try CertificateFacts.all(in: file) {
                switch output {
                case .json: try Console.output.line(facts.line.text)
                case .table: try Console.output.write(facts.table)
                }
            }
        }
    }
}

extension CertificateFacts {
    private var members: [(String, [String])] {
        [
            ("subject", [subject]), ("issuer", [issuer]), ("serial", [serial]),
            ("names", names), ("purposes", purposes),
            ("notBefore", ["\(validity.notBefore)"]), ("notAfter", ["\(validity.notAfter)"]),
            ("fingerprint", [fingerprint]),
        ]
    }

    fileprivate var table: String {
        var table = TextTable(headings: ["CERTIFICATE", ""])
        for (key, values) in members { table.append([key, values.joined(separator: ",")]) }
        return table.text
    }

    fileprivate var line: JSONLine {
        JSONLine(
            members.map { key, values in
                let isList = key == "names" || key == "purposes"
                return (
                    key,
                    isList
                        ? .array(values.map(DocumentValue.string))
                        : .string(values.joined(separator: ","))
                )
            })
    }
}
