internal import ArgumentParser
internal import EndpointModel

struct SelectorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selector",
        abstract: "A selector's canonical form and UID, and whether it matches labels.",
        discussion: "An expression that begins with - follows --.")

    @Argument(help: "Taken as it stands.")
    var expression: String

    @Option(
        name: [.customShort("l"), .long], parsing: .unconditional,
        help: ArgumentHelp("Labels to match; an empty text is none.", valueName: "k=v,…"))
    var labels: String?

    @Option(name: .shortAndLong, help: "text or json.")
    var output = TextOutput.text

    func run() throws {
        let selector = try Selector(parsing: expression)
        let match = try labels.map { selector.matches(try Self.labels($0)) }
        switch output {
        case .json:
            try Console.output.line(
                JSONLine([
                    ("canonical", .string(selector.canonical)), ("uid", .string(selector.uid)),
                    ("match", match.map { .bool($0) }),
                ]).text)
        case .text:
            try Console.output.line("canonical: \(selector.canonical)")
            try Console.output.line("uid: \(selector.uid)")
            if let match { try Console.output.line("match: \(match)") }
        }
    }

    /// `k=v,k=v`, split at `,` and at the first `=`; the labels' own syntax is not checked.
    private static func labels(_ text: String) throws(UsageFault) -> [String: String] {
        var labels: [String: String] = [:]
        if text.isEmpty { return labels }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let equals = part.firstIndex(of: "=") else {
                throw UsageFault("'\(part)' is no label", remedy: "write labels as k=v,k=v")
            }
            labels[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        return labels
    }
}
