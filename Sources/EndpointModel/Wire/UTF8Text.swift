/// Foreign bytes as text: the fast way in (see the figures for `UTF8Span` against
/// `String(validating:)`: 2.5–5 times).
package enum UTF8Text {
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        isASCII(bytes) || string(bytes) != nil
    }

    /// Nil when the bytes are not UTF-8.
    package static func string(_ bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.isEmpty { return "" }
        let span = bytes.bindMemory(to: UInt8.self).span
        guard let text = try? UTF8Span(validating: span) else { return nil }
        return String(copying: text)
    }

    /// Eight bytes a step: nearly all texts of this product are ASCII.
    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        var seen: UInt64 = 0
        while offset + 8 <= bytes.count {
            seen |= bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < bytes.count {
            seen |= UInt64(bytes[offset])
            offset += 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }
}
