internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import Foundation
internal import LogStore
internal import Projection
internal import ReferenceCluster

extension Fault {
    /// What an error says, as faults: one for each field of an invalid endpoint, else one.
    static func all(of error: any Error) -> [Fault] {
        switch error {
        case let fault as Fault: [fault]
        case let faults as Faults: faults.all
        case let error as ClientError: all(of: error)
        case let error as InvalidEndpoint: error.faults.map(Fault.init)
        case let error as FieldFault: [Fault(error)]
        case let error as StreamFault: [Fault(error)]
        case let error as DocumentSyntaxError: [Fault(error)]
        case let error as LogError:
            [Fault(code: error.code, what: error.what, remedy: error.remedy)]
        case let error as ProjectionError: [Fault(error)]
        case let error as SelectorError: [Fault(error)]
        case let error as ReferenceClusterError:
            [Fault(code: "out-of-range", what: error.description)]
        case is CancellationError: [Fault(code: "cancelled", what: "the command was cancelled")]
        default: [Fault(code: "failed", what: "\(error)")]
        }
    }

    init(_ fault: FieldFault) {
        let what = fault.value.isEmpty ? fault.reason : "\(fault.value) \(fault.reason)"
        self.init(code: "invalid", what: what, field: fault.field)
    }

    init(_ fault: StreamFault) {
        self.init(fault.error)
        position = fault.position
        position?.line = fault.error.line
    }

    init(_ error: DocumentSyntaxError) {
        let place = error.column > 0 ? "\(error.message), column \(error.column)" : error.message
        self.init(
            code: error.code.rawValue, what: place, field: error.path, remedy: error.remedy)
    }

    init(_ error: SelectorError) {
        let place =
            error.offending.isEmpty
            ? "at its end" : "at byte \(error.position), near `\(error.offending)`"
        self.init(
            code: "selector-invalid", what: "\(error.gist) \(place)", remedy: error.remedy)
    }

    private init(_ error: ProjectionError) {
        // Its description begins with the code where it is not the log's own.
        let text = error.description
        let prefix = error.code + ": "
        let bare = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        let parts = bare.split(separator: "; ", maxSplits: 1).map(String.init)
        self.init(
            code: error.code, what: parts.first ?? bare,
            remedy: parts.count > 1 ? parts[1] : "")
    }

    private static func all(of error: ClientError) -> [Fault] {
        if error.code == .invalid, !error.faults.isEmpty { return error.faults.map(Fault.init) }
        return [Fault(code: error.code.rawValue, what: error.message, remedy: error.remedy)]
    }
}

/// Several faults at once.
struct Faults: Error {
    var all: [Fault]
}
