internal import EndpointModel

/// Builds the tree of one document from libyaml's events, by recursive descent with a bounded
/// depth and a bounded size after expansion.
struct YAMLComposer {
    let events: YAMLEvents
    let limits: DocumentLimits
    private var depth = 0
    /// Nodes and bytes so far, each alias counted as what it stands for.
    private var expandedBytes = 0
    private var anchors: [String: Anchored] = [:]
    private var warnings: [DocumentWarning] = []

    private struct Anchored {
        var value: DocumentValue
        var expandedBytes: Int
        var depth: Int
    }

    init(events: YAMLEvents, limits: DocumentLimits) {
        self.events = events
        self.limits = limits
    }

    mutating func document() throws(DocumentSyntaxError) -> ReadDocument? {
        _ = try events.next()
        guard case .documentStart = try events.next().kind else { return nil }
        let first = try events.next()
        let value = try node(first)
        _ = try events.next()
        let rest = try events.next()
        guard case .streamEnd = rest.kind else {
            throw DocumentSyntaxError(
                .wrongShape, "a second document begins where one is read",
                remedy: "give one document", at: events.place(rest.start))
        }
        if case .null = value, case .scalar(text: "", style: .plain) = first.kind { return nil }
        return ReadDocument(value: value, warnings: warnings)
    }

    // MARK: Nodes

    private mutating func node(_ event: YAMLEvent) throws(DocumentSyntaxError) -> DocumentValue {
        let before = expandedBytes
        let value: DocumentValue
        var height = 0
        switch event.kind {
        case .alias(let name): return try expand(name, at: event)
        case .scalar(let text, let style):
            try count(text.utf8.count, at: event)
            value = try scalar(text, style, event)
        case .sequenceStart:
            try enter(event, tag: "tag:yaml.org,2002:seq")
            (value, height) = try sequence()
        case .mappingStart:
            try enter(event, tag: "tag:yaml.org,2002:map")
            (value, height) = try mapping()
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw DocumentSyntaxError(
                .syntax, "a value is missing", remedy: "correct the YAML there",
                at: events.place(event.start))
        }
        if let anchor = event.anchor {
            anchors[anchor] = Anchored(
                value: value, expandedBytes: expandedBytes - before, depth: height)
        }
        return value
    }

    private mutating func sequence() throws(DocumentSyntaxError) -> (DocumentValue, Int) {
        var elements: [DocumentValue] = []
        let outer = tallest
        tallest = 0
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            elements.append(try child(event, .element(elements.count)))
        }
        return (.array(elements), leave(outer))
    }

    private mutating func mapping() throws(DocumentSyntaxError) -> (DocumentValue, Int) {
        var members = MemberCollector()
        let outer = tallest
        tallest = 0
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try key(event)
            let value = try child(try events.next(), .member(key))
            switch members.add(key, value) {
            case .added: break
            case .repeated where warnings.count >= DocumentWarning.most: break
            case .repeated: warnings.append(.repeatedKey(key, at: events.place(event.start)))
            case .contradicted: throw .contradictedKey(key, at: events.place(event.start))
            }
        }
        return (.object(members.members), leave(outer))
    }

    /// A value one level down, its faults and warnings with the step that leads there.
    private mutating func child(
        _ event: YAMLEvent, _ step: PathStep
    ) throws(DocumentSyntaxError) -> DocumentValue {
        let known = warnings.count
        let value: DocumentValue
        do {
            value = try node(event)
        } catch {
            throw error.under(step)
        }
        for index in known..<warnings.count {
            warnings[index].path = PathStep.prefix(warnings[index].path, with: step)
        }
        return value
    }

    private mutating func key(_ event: YAMLEvent) throws(DocumentSyntaxError) -> String {
        switch event.kind {
        case .scalar(let text, let style):
            try count(text.utf8.count, at: event)
            if style == .plain, text == "<<" {
                throw unsupported("the merge key <<", "write its members out", event)
            }
            switch try scalar(text, style, event) {
            // A key is a string, and a bare number where a string belongs keeps its digits.
            case .string, .number: return text
            // `y` and `n` are booleans to the Go library, which would store the key "true". As
            // keys they are names of axes and labels, and nothing else to any other reader.
            case .bool where text.utf8.count == 1: return text
            case .null, .bool, .array, .object:
                throw unsupported(
                    "the key \(text.isEmpty ? "that is empty" : text), which is no string,",
                    "put the key in quotes", event)
            }
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .alias, .sequenceStart,
            .sequenceEnd, .mappingStart, .mappingEnd:
            throw unsupported("a key that is no string", "use a string as key", event)
        }
    }

    private func scalar(
        _ text: String, _ style: YAMLEvent.ScalarStyle, _ event: YAMLEvent
    ) throws(DocumentSyntaxError) -> DocumentValue {
        switch event.tag {
        case nil: return style == .plain ? YAMLScalar.resolved(text) : .string(text)
        case "!", "tag:yaml.org,2002:str": return .string(text)
        case let tag?: throw unsupported("the tag \(tag)", "remove the tag", event)
        }
    }

    // MARK: Bounds

    /// The greatest number of levels under the container being read, as aliases bring them in.
    private var tallest = 0

    private mutating func enter(_ event: YAMLEvent, tag: String) throws(DocumentSyntaxError) {
        if let given = event.tag, given != tag, given != "!" {
            throw unsupported("the tag \(given)", "remove the tag", event)
        }
        guard depth < limits.depth else {
            throw .tooDeep(limit: limits.depth, at: events.place(event.start))
        }
        depth += 1
        try count(0, at: event)
    }

    /// Goes up from a container; its own height is one more than that of its tallest child.
    private mutating func leave(_ outer: Int) -> Int {
        depth -= 1
        let height = tallest + 1
        tallest = max(outer, height)
        return height
    }

    private mutating func count(
        _ bytes: Int, at event: YAMLEvent
    ) throws(DocumentSyntaxError) {
        expandedBytes += bytes + 1
        guard expandedBytes <= limits.expandedBytes else {
            throw DocumentSyntaxError(
                .aliasExpansion,
                "with its aliases expanded the document has more than "
                    + "\(limits.expandedBytes) bytes",
                remedy: "write the document without aliases", at: events.place(event.start))
        }
    }

    private mutating func expand(
        _ name: String, at event: YAMLEvent
    ) throws(DocumentSyntaxError) -> DocumentValue {
        guard let anchored = anchors[name] else {
            throw DocumentSyntaxError(
                .syntax, "the alias *\(name) names no anchor of this document",
                remedy: "define &\(name) before it", at: events.place(event.start))
        }
        try count(anchored.expandedBytes, at: event)
        guard depth + anchored.depth <= limits.depth else {
            throw .tooDeep(limit: limits.depth, at: events.place(event.start))
        }
        tallest = max(tallest, anchored.depth)
        return anchored.value
    }

    private func unsupported(
        _ what: String, _ remedy: String, _ event: YAMLEvent
    ) -> DocumentSyntaxError {
        DocumentSyntaxError(
            .unsupported, "\(what) has no place in a resource document", remedy: remedy,
            at: events.place(event.start))
    }
}
