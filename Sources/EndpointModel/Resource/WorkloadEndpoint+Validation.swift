/// The rules of a whole endpoint, by the stages of the reference's client: the name against the
/// identifiers, the fields, the namespace, the system's fields. The reference stops at the first
/// stage that finds a fault; here every fault is found at once.
package struct EndpointReview: Sendable {
    package let endpoint: WorkloadEndpoint
    /// The name that the identifiers give, or why they give none.
    package let derivedName: Result<String, FieldFault>

    package init(_ endpoint: WorkloadEndpoint) {
        self.endpoint = endpoint
        do {
            derivedName = .success(
                try EndpointName.derive(from: EndpointIdentifiers(endpoint.spec)))
        } catch {
            derivedName = .failure(error)
        }
    }

    /// The faults of all stages in their order. A field that one stage has judged is not judged
    /// again by the next: a node `-a` is one mistake, not two.
    package func faults(for write: EndpointWrite? = nil) -> [FieldFault] {
        var stages = [nameFaults(), fieldFaults(), namespaceFaults()]
        if let write { stages.append(versionFaults(for: write)) }
        if stages.allSatisfy(\.isEmpty) { return [] }
        var faults = FaultList()
        var judged: Set<String> = []
        for stage in stages {
            faults.add(contentsOf: stage.filter { !judged.contains($0.field) })
            judged.formUnion(stage.map(\.field))
        }
        return faults.all
    }

    /// The derived name must exist and be the endpoint's. This is all that keeps identity fields
    /// from changing: with another name it is another endpoint.
    package func nameFaults() -> [FieldFault] {
        let given = endpoint.metadata.name
        switch derivedName {
        case .failure(let fault):
            return [fault]
        case .success(let derived):
            if given.isEmpty || given == derived { return [] }
            let expected = FieldFault.shown(derived)
            return [
                FieldFault(
                    field: "metadata.name", offending: given,
                    reason: "does not match the spec's identifiers, which give \(expected)")
            ]
        }
    }

    /// The rules of each field alone, with the derived name in place of an empty one. Where
    /// there is neither, the name's own stage has said why.
    package func fieldFaults() -> [FieldFault] {
        var faults = FaultList()
        let given = endpoint.metadata.name
        if let name = given.isEmpty ? try? derivedName.get() : given {
            ObjectMetadata.addNameFaults(name, to: &faults)
        }
        endpoint.metadata.addMapFaults(to: &faults)
        endpoint.spec.addFaults(to: &faults)
        return faults.all
    }

    package func namespaceFaults() -> [FieldFault] {
        var faults = FaultList()
        endpoint.metadata.addNamespaceFaults(to: &faults)
        return faults.all
    }

    /// What a write asks of the fields that the system gives; the first fault only, as each of
    /// them comes from reading the stored endpoint.
    package func versionFaults(for write: EndpointWrite) -> [FieldFault] {
        let metadata = endpoint.metadata
        let version = metadata.resourceVersion
        let field = "metadata.resourceVersion"
        switch write {
        case .create:
            if version.isEmpty { return [] }
            return [FieldFault(field: field, offending: version, reason: "is not for a create")]
        case .apply, .update:
            if !version.isEmpty && !FieldSyntax.isDecimal(version) {
                return [FieldFault(field: field, offending: version, reason: "is not a number")]
            }
        }
        guard write == .update else { return [] }
        let reason = "is required for an update: read the endpoint first"
        if version.isEmpty { return [FieldFault(field: field, reason: reason)] }
        if metadata.creationTimestamp == nil {
            return [FieldFault(field: "metadata.creationTimestamp", reason: reason)]
        }
        if metadata.uid.isEmpty { return [FieldFault(field: "metadata.uid", reason: reason)] }
        return []
    }
}

extension WorkloadEndpoint {
    /// Every fault of the endpoint, each by its JSON path and rule; empty when it is valid.
    public func validate() -> [FieldFault] { EndpointReview(self).faults() }
}
