/// The rules of a whole endpoint, by the stages of the reference's client: the name against the
/// identifiers, the fields, the namespace, the system's fields. The reference stops at the first
/// stage that finds a fault; here every fault is found at once.
extension WorkloadEndpoint {
    /// Every fault of the endpoint, each by its JSON path and rule; empty when it is valid.
    public func validate() -> [FieldFault] { faults(derivedName: derivedName) }

    /// The same, with what the given write asks of the system's fields.
    public func validate(for write: EndpointWrite) -> [FieldFault] {
        faults(derivedName: derivedName, write: write)
    }

    /// The name that the identifiers give, or why they give none.
    package var derivedName: Result<String, FieldFault> {
        do {
            return .success(try EndpointName.derive(from: EndpointIdentifiers(spec)))
        } catch {
            return .failure(error)
        }
    }

    /// The faults of all stages in their order. A field that one stage has judged is not judged
    /// again by the next: a node `-a` is one mistake, not two.
    package func faults(
        derivedName: Result<String, FieldFault>, write: EndpointWrite? = nil
    ) -> [FieldFault] {
        let nameFaults = nameFaults(derivedName: derivedName)
        let fieldFaults = fieldFaults(derivedName: derivedName)
        let namespaceFaults = namespaceFaults()
        let versionFaults = write.map(versionFaults) ?? []
        if nameFaults.isEmpty && fieldFaults.isEmpty && namespaceFaults.isEmpty
            && versionFaults.isEmpty
        {
            return []
        }
        var faults = FaultList()
        var judged: Set<String> = []
        for stage in [nameFaults, fieldFaults, namespaceFaults, versionFaults] {
            faults.add(contentsOf: stage.filter { !judged.contains($0.field) })
            judged.formUnion(stage.map(\.field))
        }
        return faults.all
    }

    /// The derived name must exist and be the endpoint's. This is all that keeps identity fields
    /// from changing: with another name it is another endpoint.
    package func nameFaults(derivedName: Result<String, FieldFault>) -> [FieldFault] {
        let given = metadata.name
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
    package func fieldFaults(derivedName: Result<String, FieldFault>) -> [FieldFault] {
        var faults = FaultList()
        let given = metadata.name
        if let name = given.isEmpty ? try? derivedName.get() : given {
            ObjectMetadata.addNameFaults(name, to: &faults)
        }
        metadata.addMapFaults(to: &faults)
        spec.addFaults(to: &faults)
        return faults.all
    }

    package func namespaceFaults() -> [FieldFault] {
        var faults = FaultList()
        metadata.addNamespaceFaults(to: &faults)
        return faults.all
    }

    /// What a write asks of the fields that the system gives; the first fault only, as each of
    /// them comes from reading the stored endpoint.
    package func versionFaults(for write: EndpointWrite) -> [FieldFault] {
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
