/// A place in a text: line and column as editors count them (from 1, in Unicode scalars), and
/// the offset in bytes (from 0).
package struct TextPlace: Hashable, Sendable, CustomStringConvertible {
    package var line: Int
    package var column: Int
    package var byteOffset: Int

    package init(line: Int, column: Int, byteOffset: Int) {
        self.line = line
        self.column = column
        self.byteOffset = byteOffset
    }

    package static let start = TextPlace(line: 1, column: 1, byteOffset: 0)

    /// Found by counting from the start: places are asked for only when something is wrong.
    package init(byteOffset: Int, in bytes: [UInt8]) {
        self = .start
        for byte in bytes.prefix(max(0, byteOffset)) {
            self.byteOffset += 1
            if byte == .newline {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
    }

    /// This place, of a text that itself begins at `origin` of a longer one.
    package func within(textAt origin: TextPlace) -> TextPlace {
        TextPlace(
            line: line &+ origin.line &- 1,
            column: line == 1 ? column &+ origin.column &- 1 : column,
            byteOffset: byteOffset &+ origin.byteOffset)
    }

    package var description: String { "line \(line), column \(column)" }
}

/// The steps that lead to a value, collected from the leaf to the root while a reader unwinds.
enum PathStep {
    case member(String)
    case element(Int)

    /// `.spec`, `[1]`, `[app.kubernetes.io/name]`: a key that would read as several steps or as
    /// an index stands in brackets.
    var text: String {
        switch self {
        case .element(let index): return "[\(index)]"
        case .member(let key):
            let plain = key.utf8.allSatisfy { $0.isKeyByte }
            return plain && !key.isEmpty ? ".\(key)" : "[\(key)]"
        }
    }

    /// `path` seen from one level further out.
    static func prefix(_ path: String, with step: PathStep) -> String {
        let separator = path.isEmpty || path.hasPrefix("[") ? "" : "."
        let text = step.text
        return (text.hasPrefix(".") ? String(text.dropFirst()) : text) + separator + path
    }
}
