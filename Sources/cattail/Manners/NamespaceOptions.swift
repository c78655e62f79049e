internal import ArgumentParser
internal import EndpointDocuments
internal import EndpointModel

/// `-n`, as calicoctl has it: without it an endpoint is in `default`.
struct NamespaceOption: ParsableArguments {
    static let standard = "default"

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("The endpoint's namespace (default: default).", valueName: "name"))
    var namespace: String?

    func validate() throws {
        if namespace?.isEmpty == true { throw ValidationError("The namespace is empty.") }
    }

    /// The namespace where only one is meant.
    var resolved: String { namespace ?? Self.standard }

    func key(_ name: String) -> EndpointKey { EndpointKey(namespace: resolved, name: name) }
}

/// `-n` or `-A`.
struct NamespaceOptions: ParsableArguments {
    @OptionGroup var one: NamespaceOption

    @Flag(name: [.customShort("A"), .customShort("a"), .long], help: "Every namespace.")
    var allNamespaces = false

    func validate() throws {
        if allNamespaces && one.namespace != nil {
            throw ValidationError("-n and -A exclude each other.")
        }
    }

    /// Whether tables show the namespace: they do when it was spoken of.
    var column: EndpointTable.NamespaceColumn {
        allNamespaces || one.namespace != nil ? .shown : .hidden
    }

    /// Whether `-o name` shows it: only where names of several may stand.
    var inNames: EndpointTable.NamespaceColumn { allNamespaces ? .shown : .hidden }
}

/// Which endpoints: by labels, by node.
struct SelectionOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only endpoints that this selector matches.", valueName: "selector"))
    var selector: String?

    @Option(help: ArgumentHelp("Only endpoints of this node.", valueName: "name"))
    var node: String?

    /// Nil for every namespace.
    func selection(namespace: String?) throws -> Selection {
        Selection(
            selector: try selector.map { try Selector(parsing: $0) } ?? .all, node: node,
            namespace: namespace)
    }
}
