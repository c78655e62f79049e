internal import EndpointModel

/// The line that says what became of all documents, as calicoctl words it.
struct DocumentSummary {
    /// `applied`, `created` …
    let verb: String
    let all: Int
    let done: Int

    /// Nil when there were documents and none could be done: the faults say why.
    var line: String? {
        if all == 0 { return "No resources specified" }
        if done == 0 { return nil }
        if done == all {
            return "Successfully \(verb) \(done) '\(WorkloadEndpoint.kind)' resource(s)"
        }
        return "Partial success: \(verb) \(done) out of \(all) "
            + "'\(WorkloadEndpoint.kind)' resources"
    }
}
