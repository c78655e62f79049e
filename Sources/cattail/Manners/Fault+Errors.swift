internal import CattailClient
internal import CattailServer
internal import EndpointDocuments
internal import EndpointModel
internal import EndpointState
internal import Foundation
internal import LogStore
internal import Projection
internal import ReferenceCluster
internal import SyncTransport

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
        case let error as ProjectionError:
            [Fault(code: error.code, what: error.what, remedy: error.remedy)]
        case let error as SelectorError: [Fault(error)]
        case let error as ReferenceClusterError:
            [Fault(code: FaultCode.outOfRange, what: error.description, remedy: "ask for less")]
        case let error as UnknownEvent:
            [Fault(code: error.code, what: error.what, remedy: error.remedy)]
        case let error as WireError:
            [
                Fault(
                    code: FaultCode.recordMalformed, what: error.description,
                    remedy: "restore the data directory from a copy or from a follower")
            ]
        case let error as NodeIDMalformed:
            [Fault(code: error.code, what: error.what, remedy: error.remedy)]
        case let error as LeaderRefusal:
            [Fault(code: error.code, what: error.what, remedy: error.remedy)]
        case let error as UpstreamMismatch:
            [Fault(code: error.code, what: error.what, remedy: error.remedy)]
        case let error as TLSFault:
            [Fault(code: error.code.rawValue, what: error.what, remedy: error.remedy)]
        case let error as TransportError:
            [Fault(code: error.code, what: error.what, remedy: error.remedy)]
        case is CancellationError:
            [Fault(code: FaultCode.cancelled, what: "the command was cancelled")]
        default: [Fault(code: FaultCode.failed, what: "\(error)", remedy: "report it")]
        }
    }

    init(_ fault: FieldFault) {
        let what = fault.value.isEmpty ? fault.reason : "\(fault.value) \(fault.reason)"
        self.init(
            code: FaultCode.invalid, what: what, field: fault.field, remedy: "correct it")
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

    /// What a reader of documents let pass: as an error would be told, its line in the place.
    init(_ warning: DocumentWarning, in document: DocumentPosition) {
        var position = document
        position.line = warning.line
        self.init(
            code: DocumentSyntaxError.Code.duplicateKey.rawValue, what: warning.message,
            position: position, field: warning.path, remedy: "remove one of the two")
    }

    init(_ error: SelectorError) {
        let place =
            error.offending.isEmpty
            ? "at its end" : "at byte \(error.position), near `\(error.offending)`"
        self.init(
            code: FaultCode.selectorInvalid, what: "\(error.gist) \(place)", remedy: error.remedy)
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
