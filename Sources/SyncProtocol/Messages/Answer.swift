package import EndpointModel

/// What became of a mutation.
package enum Outcome: UInt8, Hashable, Sendable, CaseIterable {
    case created = 1
    case configured = 2
    /// Nothing to change: no event.
    case unchanged = 3
    case deleted = 4
    case failed = 5
}

/// Why a mutation or query failed. Codes name the condition; users see them as they are.
// error-codes
package struct FailureCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ rawValue: String) { self.rawValue = rawValue }

    /// The endpoint breaks the resource's rules; the faults say which.
    package static let invalid = FailureCode("invalid")
    package static let notFound = FailureCode("not-found")
    package static let alreadyExists = FailureCode("already-exists")
    /// Another resourceVersion or uid stands.
    package static let conflict = FailureCode("conflict")
    /// The request ID was used with another body (G11).
    package static let requestIDReused = FailureCode("request-id-reused")
    /// This node is no leader; the answer says who is.
    package static let notLeader = FailureCode("not-leader")
    package static let readOnly = FailureCode("read-only")
    /// It may or may not have happened: ask again with the same request ID.
    package static let outcomeUnknown = FailureCode("outcome-unknown")
    /// Stored at the answer's seq, and not yet on as many voters as must have it (G10).
    package static let acksMissing = FailureCode("acks-missing")
    /// The node that was asked may not lead, or cannot be made to.
    package static let promotionRefused = FailureCode("promotion-refused")
    package static let notAllowed = FailureCode("not-allowed")
    /// Rights that would take the right to change them from who applies them.
    package static let rightsLockout = FailureCode("rights-lockout")
    package static let tooLong = FailureCode("too-long")
    package static let overloaded = FailureCode("overloaded")
    /// The selector does not parse.
    package static let selectorInvalid = FailureCode("selector-invalid")
    /// The point is before what is kept, or ahead of the head.
    package static let positionCompacted = FailureCode("position-compacted")
    package static let positionAhead = FailureCode("position-ahead")
    package static let queryUnknown = FailureCode("query-unknown")
    package static let cancelled = FailureCode("cancelled")
    package static let unavailable = FailureCode("unavailable")

    package var description: String { rawValue }
}

/// The answer to one mutation.
package struct Answer: WireMessage {
    package var ticket: UInt64
    package var outcome: Outcome
    /// Of the event; for `unchanged` of the event that stands.
    package var seq: Seq
    package var code: FailureCode
    package var message: String
    /// Of a failure with `invalid`.
    package var faults: [FieldFault]
    /// Of `conflict` and `already-exists`: what stands.
    package var item: EncodedItem?
    /// Of `not-leader`: where to go; empty when it is not known.
    package var leader: String

    package init(
        ticket: UInt64, outcome: Outcome, seq: Seq = .zero, code: FailureCode = FailureCode(""),
        message: String = "", faults: [FieldFault] = [], item: EncodedItem? = nil,
        leader: String = ""
    ) {
        self.ticket = ticket
        self.outcome = outcome
        self.seq = seq
        self.code = code
        self.message = message
        self.faults = faults
        self.item = item
        self.leader = leader
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, ticket)
        writer.number(2, UInt64(outcome.rawValue))
        writer.number(3, seq.rawValue)
        writer.text(4, code.rawValue)
        writer.text(5, message)
        for fault in faults { writer.nested(6, fault) }
        writer.item(7, item)
        writer.text(8, leader)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(ticket: 0, outcome: .failed)
        var reader = reader
        var outcome: Outcome?
        while let field = try reader.next() {
            switch field.number {
            case 1: ticket = try reader.number(field)
            case 2: outcome = try reader.outcome(field)
            case 3: seq = try reader.seq(field)
            case 4: code = FailureCode(try reader.text(field))
            case 5: message = try reader.text(field)
            case 6: faults.append(try reader.message(field))
            case 7: item = try reader.itemIfAny(field)
            case 8: leader = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        self.outcome = try required(outcome, field: 2)
    }
}

extension ProtoReader {
    fileprivate mutating func outcome(_ field: Field) throws(WireError) -> Outcome {
        let raw = try number(field)
        guard let outcome = Outcome(rawValue: UInt8(clamping: raw)) else {
            throw .numberOutOfRange(field: field.number, value: raw)
        }
        return outcome
    }
}

extension FieldFault: WireMessage {
    package func write(to writer: inout ProtoWriter) {
        writer.text(1, field)
        writer.text(2, value)
        writer.text(3, reason)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(field: "", reason: "")
        var reader = reader
        while let part = try reader.next() {
            switch part.number {
            case 1: field = try reader.text(part)
            case 2: value = try reader.text(part)
            case 3: reason = try reader.text(part)
            default: try reader.skip(part)
            }
        }
    }
}
