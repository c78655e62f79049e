package import EndpointModel

/// Why an event cannot follow the view: the log that it came from breaks a rule of the log.
package enum FoldError: Error, Hashable, Sendable {
    /// A gap or a repeat (G2).
    case seqUnexpected(found: Seq, expected: Seq)
    /// `prev_seq` is not the seq of the key's last event.
    case previousSeqWrong(seq: Seq, key: EndpointKey, found: Seq, expected: Seq)
    case deleteOfNothing(seq: Seq, key: EndpointKey)
    /// A put or delete of a live endpoint under another uid than its own.
    case uidChanged(seq: Seq, key: EndpointKey, liveSeq: Seq)
    /// A put on a live endpoint with another creation time than its own.
    case creationTimeChanged(seq: Seq, key: EndpointKey, liveSeq: Seq)

    // error-codes
    package var code: String {
        switch self {
        case .seqUnexpected: "seq-unexpected"
        case .previousSeqWrong: "previous-seq-wrong"
        case .deleteOfNothing: "delete-of-nothing"
        case .uidChanged: "uid-changed"
        case .creationTimeChanged: "creation-time-changed"
        }
    }

    /// The seq that cannot follow; of a gap, the one that is missing.
    package var seq: Seq {
        switch self {
        case .seqUnexpected(_, let expected): expected
        case .previousSeqWrong(let seq, _, _, _), .deleteOfNothing(let seq, _),
            .uidChanged(let seq, _, _), .creationTimeChanged(let seq, _, _):
            seq
        }
    }
}

extension FoldError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .seqUnexpected(let found, let expected):
            "\(code): seq \(found) stands where \(expected) belongs"
        case .previousSeqWrong(let seq, let key, let found, let expected):
            "\(code): seq \(seq) of \(key) names \(found) as its previous event, "
                + "which is \(expected)"
        case .deleteOfNothing(let seq, let key):
            "\(code): seq \(seq) deletes \(key), which does not live"
        case .uidChanged(let seq, let key, let liveSeq):
            "\(code): seq \(seq) has another uid for \(key) than seq \(liveSeq)"
        case .creationTimeChanged(let seq, let key, let liveSeq):
            "\(code): seq \(seq) has another creation time for \(key) than seq \(liveSeq)"
        }
    }
}
