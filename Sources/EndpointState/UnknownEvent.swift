package import EndpointModel

/// A control event that is marked critical and of a type that this version does not know. What it
/// did to the state nobody can say here, nor what the events behind it do: a node stores and
/// forwards them all, and gives nobody a state from there on (R19).
package struct UnknownEvent: Error, Hashable, Sendable {
    package let seq: Seq
    package let type: UInt32

    package init(seq: Seq, type: UInt32) {
        self.seq = seq
        self.type = type
    }

    /// Nil for every event that can be judged, or may be ignored.
    package init?(_ item: EncodedItem) {
        guard item.kind == .control, case .unknown(let type, .critical)? = try? item.control()
        else { return nil }
        self.init(seq: item.seq, type: type)
    }

    /// The last event behind which the state is known.
    package var lastKnown: Seq { Seq(seq.rawValue - 1) }

    // error-codes
    package var code: String { "event-unknown" }

    package var what: String {
        "the event at seq \(seq) is a control event of type \(type), critical and unknown to this "
            + "version: no state at or behind it can be told"
    }

    package var remedy: String { "use a version that knows it" }
}

extension UnknownEvent: CustomStringConvertible {
    package var description: String { "\(code): \(what); \(remedy)" }
}
