package import EndpointModel

/// What becomes of a part of a document that no field of the type can hold.
package enum DecodingMode: Hashable, Sendable {
    /// It is a fault: what people write is refused with every mistake named.
    case strict
    /// It is kept in `unknownFields`, as it stands, and noted: what an existing datastore holds
    /// is taken.
    case lenient
}

/// A value read from a document, with everything that did not fit.
package struct Decoded<Value: Sendable>: Sendable {
    /// The value as far as it could be read; whole when there are no faults.
    package var value: Value
    /// Why the document is refused; empty when it is not.
    package var faults: [FieldFault]
    /// What was kept aside in lenient mode, as the faults that it would have been.
    package var notes: [FieldFault]

    package init(value: Value, faults: [FieldFault] = [], notes: [FieldFault] = []) {
        self.value = value
        self.faults = faults
        self.notes = notes
    }
}

extension Decoded<WorkloadEndpoint> {
    /// The document's faults together with those of the rules, which judge only what could be
    /// read: a port of "http" is one mistake, not also a port of 0.
    package func allFaults(for write: EndpointWrite? = nil) -> [FieldFault] {
        let ruleFaults = write.map(value.validate) ?? value.validate()
        if faults.isEmpty || ruleFaults.isEmpty { return faults + ruleFaults }
        let unread = UnreadFields(faults)
        var all = FaultList()
        all.add(contentsOf: faults)
        all.add(contentsOf: ruleFaults.filter { !unread.touches($0.field) })
        return all.all
    }
}

/// Which fields have no value, because the document's could not be read.
private struct UnreadFields {
    private let paths: Set<String>
    private let isIdentityUnread: Bool

    init(_ faults: [FieldFault]) {
        paths = Set(faults.map(\.field))
        let identity = [
            "spec", "spec.node", "spec.orchestrator", "spec.workload", "spec.pod",
            "spec.containerID", "spec.endpoint",
        ]
        isIdentityUnread = identity.contains { [paths] in paths.contains($0) }
    }

    /// Whether a fault of `field` follows from what is unread: it or a part around it is, or it
    /// is the name and an identifier is.
    func touches(_ field: String) -> Bool {
        if field == "metadata.name" && isIdentityUnread { return true }
        if paths.contains(field) { return true }
        let bytes = field.utf8
        return bytes.indices.contains { index in
            (bytes[index] == UInt8(ascii: ".") || bytes[index] == UInt8(ascii: "["))
                && paths.contains(String(field[..<index]))
        }
    }
}
