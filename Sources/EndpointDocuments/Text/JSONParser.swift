internal import EndpointModel

/// One pass over the bytes of one JSON document, by recursive descent with a bounded depth.
///
/// Paths are not kept while all is well: an error collects its path while it unwinds, and a
/// warning gets each outer step when the value around it is complete.
struct JSONParser {
    let bytes: [UInt8]
    let depthLimit: Int
    var index = 0
    var depth = 0
    var warnings: [DocumentWarning] = []

    init(bytes: [UInt8], depthLimit: Int) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    mutating func document() throws(DocumentSyntaxError) -> DocumentValue {
        skipSpace()
        let value = try value()
        skipSpace()
        guard index == bytes.count else {
            throw fault("there is \(shown) after the end of the value")
        }
        return value
    }

    private mutating func value() throws(DocumentSyntaxError) -> DocumentValue {
        guard index < bytes.count else { throw truncated("a value is missing") }
        switch bytes[index] {
        case .openBrace: return try object()
        case .openBracket: return try array()
        case .quote: return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .dash, UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw fault("\(shown) begins no value")
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: DocumentValue
    ) throws(DocumentSyntaxError) -> DocumentValue {
        let start = index
        let matches = word.withUTF8Buffer { word in
            bytes[index...].starts(with: word)
        }
        guard matches else { throw fault("a word that is not true, false or null", at: start) }
        index += word.utf8CodeUnitCount
        return value
    }

    // MARK: Containers

    private mutating func object() throws(DocumentSyntaxError) -> DocumentValue {
        try enter()
        var members = MemberCollector()
        if !takeEnd(.closeBrace) {
            repeat {
                try member(into: &members)
            } while try takeComma(before: .closeBrace)
        }
        depth -= 1
        return .object(members.members)
    }

    private mutating func member(
        into members: inout MemberCollector
    ) throws(DocumentSyntaxError) {
        skipSpace()
        let start = index
        guard start < bytes.count else { throw truncated("a key is missing") }
        guard bytes[start] == .quote else {
            throw fault("\(shown) stands where a key in double quotes belongs")
        }
        let key = try string()
        skipSpace()
        guard take(.colon) else { throw missing(":", after: "the key \(key)") }
        skipSpace()
        let known = warnings.count
        let value: DocumentValue
        do {
            value = try self.value()
        } catch {
            throw error.under(.member(key))
        }
        if warnings.count > known { extendPaths(from: known, with: .member(key)) }
        switch members.add(key, value) {
        case .added: break
        case .repeated where warnings.count >= DocumentWarning.most: break
        case .repeated: warnings.append(.repeatedKey(key, at: place(start)))
        case .contradicted: throw .contradictedKey(key, at: place(start))
        }
    }

    private mutating func array() throws(DocumentSyntaxError) -> DocumentValue {
        try enter()
        var elements: [DocumentValue] = []
        if !takeEnd(.closeBracket) {
            repeat {
                skipSpace()
                let known = warnings.count
                do {
                    elements.append(try value())
                } catch {
                    throw error.under(.element(elements.count))
                }
                if warnings.count > known {
                    extendPaths(from: known, with: .element(elements.count - 1))
                }
            } while try takeComma(before: .closeBracket)
        }
        depth -= 1
        return .array(elements)
    }

    /// Steps over an opening bracket, one level down.
    private mutating func enter() throws(DocumentSyntaxError) {
        guard depth < depthLimit else {
            throw .tooDeep(limit: depthLimit, at: place(index))
        }
        depth += 1
        index += 1
    }

    private mutating func takeEnd(_ end: UInt8) -> Bool {
        skipSpace()
        return take(end)
    }

    /// True after a comma, false after the end of the container.
    private mutating func takeComma(before end: UInt8) throws(DocumentSyntaxError) -> Bool {
        skipSpace()
        if take(.comma) { return true }
        if take(end) { return false }
        throw missing("a comma or \(Character(Unicode.Scalar(end)))", after: "a value")
    }

    private mutating func extendPaths(from first: Int, with step: PathStep) {
        for index in first..<warnings.count {
            warnings[index].path = PathStep.prefix(warnings[index].path, with: step)
        }
    }

    // MARK: Bytes

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    mutating func skipSpace() {
        while index < bytes.count, bytes[index].isJSONSpace { index += 1 }
    }

    // MARK: Faults

    func place(_ offset: Int) -> TextPlace { TextPlace(byteOffset: offset, in: bytes) }

    /// The byte at the index, for people.
    private var shown: String {
        guard index < bytes.count else { return "the end" }
        let byte = bytes[index]
        if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        return "byte 0x" + String(byte, radix: 16)
    }

    func fault(_ message: String, at offset: Int? = nil) -> DocumentSyntaxError {
        DocumentSyntaxError(
            .syntax, message, remedy: "correct the JSON there", at: place(offset ?? index))
    }

    func truncated(_ message: String) -> DocumentSyntaxError {
        DocumentSyntaxError(
            .truncated, "the text ends too early: \(message)",
            remedy: "check that the input is complete", at: place(bytes.count))
    }

    private func missing(_ what: String, after: String) -> DocumentSyntaxError {
        index < bytes.count
            ? fault("\(shown) stands where \(what) belongs after \(after)")
            : truncated("\(what) is missing after \(after)")
    }
}

extension DocumentSyntaxError {
    /// This error, seen from one level further out.
    func under(_ step: PathStep) -> DocumentSyntaxError {
        var outer = self
        outer.path = PathStep.prefix(path, with: step)
        return outer
    }

    static func tooDeep(limit: Int, at place: TextPlace) -> DocumentSyntaxError {
        DocumentSyntaxError(
            .tooDeep, "objects and arrays are nested more than \(limit) deep",
            remedy: "flatten the document", at: place)
    }

    static func contradictedKey(_ key: String, at place: TextPlace) -> DocumentSyntaxError {
        DocumentSyntaxError(
            .duplicateKey, "the key is given twice, with different values",
            remedy: "remove one of the two", path: PathStep.prefix("", with: .member(key)),
            at: place)
    }
}

extension DocumentWarning {
    static func repeatedKey(_ key: String, at place: TextPlace) -> DocumentWarning {
        DocumentWarning(
            "the key is given twice, with the same value",
            path: PathStep.prefix("", with: .member(key)), at: place)
    }
}
