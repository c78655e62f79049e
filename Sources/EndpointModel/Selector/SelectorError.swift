/// Why a text is no selector: what was wrong, at which byte, and what stands there.
public struct SelectorError: Error, Hashable, Sendable {
    public var gist: Gist
    /// Offset in bytes of UTF-8, from 0; the text's length when it ended too early.
    public var position: Int
    /// The text from `position` on, cut after at most 40 bytes; empty at the end of the text.
    public var offending: String

    public init(gist: Gist, position: Int, offending: String) {
        self.gist = gist
        self.position = position
        self.offending = offending
    }

    /// The kinds of fault, as the reference tells them apart.
    public enum Gist: Hashable, Sendable {
        case unterminatedString
        case expectedEquals
        case expectedAnd
        case expectedOr
        case expectedIdentifier
        case labelTooLong
        /// `has(`, `all(` or `global(` without its `)`.
        case unclosedCall(String)
        case expectedOperator(label: String)
        case unexpectedEnd(label: String)
        case expectedString
        case expectedSet
        case expectedClosingBrace
        case expectedClosingParenthesis
        case unexpectedToken
        case trailingContent
        /// Positions are held in 32 bits.
        case longerThan4GiB
    }
}

extension SelectorError: CustomStringConvertible {
    /// One line: the fault, where it is, and what to do.
    public var description: String {
        let place = offending.isEmpty ? "at the end" : "at byte \(position), near `\(visible)`"
        return "\(gist) \(place); \(remedy)"
    }

    /// A message is one line and moves no cursor, whatever the text held.
    private var visible: String {
        offending.unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.properties.generalCategory == .control {
                text += scalar.escaped(asASCII: true)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }

    /// What to write instead.
    public var remedy: String {
        switch gist {
        case .unterminatedString: "close the string with the quote that opened it"
        case .expectedEquals: "write == or != for comparisons"
        case .expectedAnd: "write && between conditions"
        case .expectedOr: "write || between alternatives"
        case .expectedIdentifier:
            "begin with a label name of letters, digits and _ . / -; "
                + "only space and tab may stand between words"
        case .labelTooLong: "shorten the label name to \(SelectorParser.longestLabel) bytes"
        case .unclosedCall(let name) where name == "has": "write has(LABEL), the label unquoted"
        case .unclosedCall(let name): "write \(name)() with nothing inside"
        case .expectedOperator, .unexpectedEnd:
            "after a label write ==, !=, in, not in, contains, starts with or ends with; "
                + "for its presence write has(LABEL)"
        case .expectedString: "write the value in \" or ' quotes"
        case .expectedSet: "write the values as {\"a\", \"b\"}"
        case .expectedClosingBrace: "separate quoted values by commas and close the set with }"
        case .expectedClosingParenthesis: "close every ( with a )"
        case .unexpectedToken: "write a condition here, such as LABEL == \"value\" or has(LABEL)"
        case .trailingContent: "join conditions with && or ||, or remove the rest"
        case .longerThan4GiB: "shorten the selector"
        }
    }
}

extension SelectorError.Gist: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unterminatedString: "unterminated string"
        case .expectedEquals: "expected =="
        case .expectedAnd: "expected &&"
        case .expectedOr: "expected ||"
        case .expectedIdentifier: "expected identifier"
        case .labelTooLong: "label too long"
        case .unclosedCall(let name): "no closing ')' after \(name)("
        case .expectedOperator(let label): "expected operator after label \"\(label)\""
        case .unexpectedEnd(let label):
            "unexpected end looking for op after label \"\(label)\""
        case .expectedString: "expected string"
        case .expectedSet: "expected set literal"
        case .expectedClosingBrace: "expected }"
        case .expectedClosingParenthesis: "expected )"
        case .unexpectedToken: "unexpected token"
        case .trailingContent: "unexpected content at end of selector"
        case .longerThan4GiB: "selector longer than 4 GiB"
        }
    }
}
