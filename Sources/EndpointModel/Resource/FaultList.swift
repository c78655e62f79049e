extension FieldFault {
    /// The longest value that a fault shows whole, room for any valid name; of a longer one it
    /// shows the beginning. A hostile document must not come back in full.
    package static let shownByteCount = 256
    private static let shownScalarCount = 100

    /// A fault that shows `offending`, cut when it is long.
    package init(field: String, offending value: String, reason: String) {
        self.init(field: field, value: Self.shown(value), reason: reason)
    }

    package static func shown(_ value: String) -> String {
        guard value.utf8.count > shownByteCount else { return value }
        return String(value.unicodeScalars.prefix(shownScalarCount)) + "…"
    }
}

/// Faults in the order in which they were found, bounded.
package struct FaultList: Sendable {
    /// More than anyone reads, and little enough to hold and send whatever the document was.
    package static let mostFaults = 256

    package private(set) var faults: [FieldFault] = []
    private var isCut = false

    package init() {}

    package var isEmpty: Bool { faults.isEmpty }

    package mutating func add(_ fault: FieldFault) {
        guard faults.count < Self.mostFaults else {
            isCut = true
            return
        }
        faults.append(fault)
    }

    package mutating func add(_ field: String, _ value: String, _ reason: String) {
        add(FieldFault(field: field, offending: value, reason: reason))
    }

    package mutating func add(contentsOf others: some Sequence<FieldFault>) {
        for other in others { add(other) }
    }

    /// The faults, and after the most a last one that says that there were more. Lists made of
    /// such lists keep that form.
    package var all: [FieldFault] {
        guard isCut else { return faults }
        return faults + [FieldFault(field: "document", reason: "has more faults, not listed here")]
    }
}
