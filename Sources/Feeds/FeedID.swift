package import EndpointModel

/// Names a feed: what is selected, and how its deltas are written.
package struct FeedID: Hashable, Sendable {
    package let fingerprint: Hash256
    package let form: DeltaForm

    package init(_ selection: Selection, _ form: DeltaForm) {
        fingerprint = selection.fingerprint
        self.form = form
    }
}

/// How deltas are written. Subscribers of both kinds have feeds of their own, so each frame is
/// made once for all who take it as it is.
package enum DeltaForm: Hashable, Sendable {
    /// Each endpoint that changes, whole.
    case items
    /// What changes in an endpoint, where that is shorter: for those who say that they can apply
    /// it.
    case patches
}
