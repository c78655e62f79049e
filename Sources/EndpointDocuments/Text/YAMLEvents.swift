internal import CYaml

/// What libyaml tells about a text, one after another. `start` counts characters from 0.
struct YAMLEvent {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(name: String)
        case scalar(text: String, style: ScalarStyle)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    enum ScalarStyle {
        case plain
        case quoted
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    var start: Int
}

/// libyaml's event parser over one text in memory.
///
/// Events and not `Yams.compose`: composing throws on any repeated key, builds a tree of
/// Foundation objects (216 µs for a document of 600 bytes) and expands aliases before
/// anyone can count them.
final class YAMLEvents {
    private let bytes: [UInt8]
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let limits: DocumentLimits

    /// `bytes` are checked UTF-8. They are copied, since libyaml keeps a pointer to its input;
    /// for the same reason its state lives at an address of its own.
    init(_ bytes: [UInt8], limits: DocumentLimits) {
        self.bytes = bytes
        self.limits = limits
        input = .allocate(capacity: max(1, bytes.count))
        _ = input.initialize(from: bytes)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(DocumentSyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { yaml_event_delete(&event) }
        return Self.event(event, at: Int(clamping: event.start_mark.index))
    }

    private static func event(_ event: yaml_event_t, at start: Int) -> YAMLEvent {
        let data = event.data
        func plain(_ kind: YAMLEvent.Kind) -> YAMLEvent {
            YAMLEvent(kind: kind, anchor: nil, tag: nil, start: start)
        }
        switch event.type {
        case YAML_STREAM_START_EVENT: return plain(.streamStart)
        case YAML_DOCUMENT_START_EVENT: return plain(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return plain(.documentEnd)
        case YAML_ALIAS_EVENT: return plain(.alias(name: text(data.alias.anchor) ?? ""))
        case YAML_SCALAR_EVENT:
            let scalar = data.scalar
            let content = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let style: YAMLEvent.ScalarStyle =
                scalar.style == YAML_PLAIN_SCALAR_STYLE ? .plain : .quoted
            return YAMLEvent(
                kind: .scalar(text: String(decoding: content, as: UTF8.self), style: style),
                anchor: text(scalar.anchor), tag: text(scalar.tag), start: start)
        case YAML_SEQUENCE_START_EVENT:
            return YAMLEvent(
                kind: .sequenceStart, anchor: text(data.sequence_start.anchor),
                tag: text(data.sequence_start.tag), start: start)
        case YAML_SEQUENCE_END_EVENT: return plain(.sequenceEnd)
        case YAML_MAPPING_START_EVENT:
            return YAMLEvent(
                kind: .mappingStart, anchor: text(data.mapping_start.anchor),
                tag: text(data.mapping_start.tag), start: start)
        case YAML_MAPPING_END_EVENT: return plain(.mappingEnd)
        default: return plain(.streamEnd)
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    // MARK: Places and faults

    /// The place of the character number `start`.
    func place(_ start: Int) -> TextPlace {
        var characters = 0
        var offset = 0
        while offset < bytes.count {
            if bytes[offset] & 0xC0 != 0x80 {
                if characters == start { break }
                characters += 1
            }
            offset += 1
        }
        return TextPlace(byteOffset: offset, in: bytes)
    }

    private func fault() -> DocumentSyntaxError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "the text is no YAML"
        if state.error == YAML_READER_ERROR {
            let place = TextPlace(byteOffset: Int(clamping: state.problem_offset), in: bytes)
            return DocumentSyntaxError(
                .syntax, "\(problem): 0x\(String(state.problem_value, radix: 16))",
                remedy: "remove the character, or write it as an escape in double quotes",
                at: place)
        }
        let place = place(Int(clamping: state.problem_mark.index))
        // libyaml has a bound of its own, and looks ahead by 1,024 characters for a key.
        if problem.hasPrefix("Maximum nesting level") {
            return .tooDeep(limit: limits.depth, at: place)
        }
        if place.byteOffset < bytes.count, bytes[place.byteOffset] == .tab {
            return DocumentSyntaxError(
                .syntax, "a tab stands where YAML takes only spaces",
                remedy: "indent with spaces", at: place)
        }
        let context = state.context.map { " " + String(cString: $0) } ?? ""
        return DocumentSyntaxError(
            .syntax, problem + context, remedy: "correct the YAML there", at: place)
    }
}
