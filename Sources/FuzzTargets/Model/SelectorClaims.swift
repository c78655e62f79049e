internal import EndpointModel

/// A selector and its canonical form say the same; it is compiled as it is written; hints for
/// indexes never leave out what matches; labels in a dictionary and in bytes are the same labels.
enum SelectorClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        guard let text = UTF8Text.string(input.line()) else { return }
        let selector: Selector
        do throws(SelectorError) { selector = try Selector(parsing: text) } catch {
            return try judge(error, of: text)
        }
        let simple = selector.withoutDoubleNegation
        let again = try mustRead("a canonical form") { try Selector(parsing: simple.canonical) }
        try claim(again == simple, "\(simple) reads as \(again)")
        try claim(selector.uid.utf8.count == 40, "the name \(selector.uid)")
        let both = try compounds(of: text)
        let hints = selector.restrictions
        while !input.isEmpty {
            let labels = labels(&input)
            let holds = selector.matches(labels)
            try claim(simple.matches(labels) == holds, "\(selector) and \(simple) on \(labels)")
            try claim(again.matches(labels) == holds, "\(again) read anew, on \(labels)")
            try claim(both.not.matches(labels) != holds, "\(both.not) on \(labels)")
            let hasA = labels["a"] != nil
            try claim(both.and.matches(labels) == (holds && hasA), "\(both.and) on \(labels)")
            try claim(both.or.matches(labels) == (holds || hasA), "\(both.or) on \(labels)")
            if holds { try claim(keeps(labels, hints), "hints leave out \(labels) of \(text)") }
            try bytesAgree(selector, labels)
        }
    }

    private static func judge(_ error: SelectorError, of text: String) throws {
        try claim((0...text.utf8.count).contains(error.position), "a fault outside of the text")
        let length = error.description.utf8.count
        try claim(length <= 1_024, "a fault of \(length) bytes")
    }

    private static func compounds(of text: String) throws
        -> (not: Selector, and: Selector, or: Selector)
    {
        let inner = text.allSatisfy { $0 == " " || $0 == "\t" } ? "all()" : text
        return try mustRead("a selector in parentheses") {
            (
                not: try Selector(parsing: "!(\(inner))"),
                and: try Selector(parsing: "(\(inner)) && has(a)"),
                or: try Selector(parsing: "has(a) || (\(inner))")
            )
        }
    }

    /// `key=value`, separated by commas, up to the end of a line.
    private static func labels(_ input: inout FuzzInput) -> [String: String] {
        var labels: [String: String] = [:]
        for pair in input.text().split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = parts.first, !key.isEmpty else { continue }
            labels[String(key)] = parts.count > 1 ? String(parts[1]) : ""
        }
        return labels
    }

    private static func keeps(
        _ labels: [String: String], _ hints: [String: LabelRestriction]
    ) -> Bool {
        hints.allSatisfy { label, hint in
            let value = labels.withValue(of: LabelName(label)) { $0.map { Array($0) } }
            if hint.mustBePresent, value == nil { return false }
            if hint.mustBeAbsent, value != nil { return false }
            guard let oneOf = hint.oneOf else { return true }
            return value.map { oneOf.contains($0) } ?? false
        }
    }

    private static func bytesAgree(_ selector: Selector, _ labels: [String: String]) throws {
        guard let uid = UID("11111111-2222-4333-8444-555555555555") else { return }
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = "n"
        endpoint.metadata.labels = labels
        let item = try mustRead("an item with the labels") {
            try EncodedItem.put(
                seq: Seq(1), previousSeq: .zero, key: EndpointKey(namespace: "n", name: "e"),
                uid: uid, creationTime: Timestamp(seconds: 1),
                endpoint: EncodedEndpoint(validating: endpoint.encodedEndpoint()))
        }
        let selection = Selection(selector: selector)
        try claim(
            selection.matches(item) == selection.matches(endpoint),
            "\(selector) of bytes and of a dictionary, on \(labels)")
    }
}
