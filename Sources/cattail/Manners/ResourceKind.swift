internal import ArgumentParser

/// The only kind that there is, by any of calicoctl's names for it, in any case.
enum ResourceKind: String, ExpressibleByArgument {
    case workloadEndpoint = "wep"

    init?(argument: String) {
        switch argument.lowercased() {
        case "wep", "weps", "workloadendpoint", "workloadendpoints": self = .workloadEndpoint
        default: return nil
        }
    }

    var defaultValueDescription: String { rawValue }
    static var allValueStrings: [String] { ["wep", "weps", "workloadendpoint(s)"] }
}

/// Results as lines for people, or as JSON.
enum TextOutput: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Results as a table, or as JSON.
enum TableOutput: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}
