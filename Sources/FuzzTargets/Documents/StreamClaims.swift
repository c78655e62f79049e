internal import EndpointDocuments
internal import EndpointModel

/// However a stream of documents is cut, it gives the same documents and faults; what an import
/// takes of a document comes back as it stood.
enum StreamClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let choice = input.byte()
        let pattern = input.byte()
        let whole = read(input.rest, choice, pattern: 0)
        let cut = read(input.rest, choice, pattern: max(1, pattern))
        try claim(whole == cut, "cut by \(pattern): \(cut.count) results, not \(whole.count)")
        try claim(whole.count <= input.rest.count + 1, "\(whole.count) results")
        for result in whole {
            switch result {
            case .success(let document): try decode(document.value)
            case .failure(let fault):
                try claim(!fault.description.isEmpty, "a fault without words")
                let length = fault.description.utf8.count
                try claim(length <= 4 * input.rest.count + 4_096, "a fault of \(length) bytes")
            }
        }
    }

    private static func read(
        _ text: UnsafeRawBufferPointer, _ choice: UInt8, pattern: UInt8
    ) -> [DocumentResult] {
        var stream = DocumentStream(
            source: "-", dialect: choice & 1 == 0 ? .documents : .imports,
            limits: DocumentClaims.limits(choice))
        var results: [DocumentResult] = []
        for chunk in Chunks(text, pattern: pattern) { results += stream.feed(chunk) }
        return results + stream.finish()
    }

    private static func decode(_ value: DocumentValue) throws {
        let strict = WorkloadEndpoint.decode(value, mode: .strict)
        let faults = strict.allFaults(for: .apply)
        try claim(faults.count <= 4 * (FaultList.mostFaults + 1), "\(faults.count) faults")
        let lenient = WorkloadEndpoint.decode(value, mode: .lenient)
        guard lenient.faults.isEmpty else { return }
        let again = WorkloadEndpoint.decode(DocumentValue(lenient.value), mode: .lenient)
        try claim(again.faults.isEmpty, "what was taken is refused: \(again.faults)")
        try claim(again.value == lenient.value, "what was taken comes back otherwise")
    }
}
