extension FieldFault {
    /// How much of a value a fault shows: a hostile document must not come back in full.
    package static let shownByteCount = 100

    /// A fault that shows `offending`, cut when it is long.
    package init(field: String, offending value: String, reason: String) {
        self.init(field: field, value: Self.shown(value), reason: reason)
    }

    package static func shown(_ value: String) -> String {
        guard value.utf8.count > shownByteCount else { return value }
        return String(value.unicodeScalars.prefix(shownByteCount / 4)) + "…"
    }
}

/// Faults in the order in which they were found, bounded.
package struct FaultList: Sendable {
    /// More than anyone reads, and little enough to hold and send whatever the document was.
    package static let mostFaults = 256

    package private(set) var faults: [FieldFault] = []
    private var omitted = 0

    package init() {}

    package var isEmpty: Bool { faults.isEmpty }

    package mutating func add(_ fault: FieldFault) {
        guard faults.count < Self.mostFaults else {
            omitted += 1
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

    /// The faults, and how many more there were.
    package var all: [FieldFault] {
        guard omitted > 0 else { return faults }
        let rest = FieldFault(
            field: "document", reason: "has \(omitted) more faults, which are not listed")
        return faults + [rest]
    }
}
