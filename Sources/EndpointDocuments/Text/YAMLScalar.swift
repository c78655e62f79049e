internal import EndpointModel

/// What a plain scalar means, and which strings must not be written plain.
enum YAMLScalar {
    /// The value of a plain scalar.
    static func resolved(_ text: String) -> DocumentValue {
        switch text.utf8.first {
        case nil: return .null
        case .dash?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?:
            return JSONNumber.isValid(text) ? .number(text) : .string(text)
        default: break
        }
        guard text.utf8.count <= 5 else { return .string(text) }
        if nulls.contains(text) { return .null }
        if trues.contains(text) { return .bool(true) }
        return falses.contains(text) ? .bool(false) : .string(text)
    }

    /// Whether another reader of YAML could take the plain text for something else than a string:
    /// a null, boolean, number in any of YAML's notations, date or merge key.
    static func readsAsOtherThanString(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return true }
        if text.utf8.count <= 5 {
            if nulls.contains(text) || trues.contains(text) || falses.contains(text) { return true }
            if text == "<<" || text == "=" { return true }
        }
        guard first.isDigit || first == .dash || first == .dot || first == UInt8(ascii: "+")
        else { return false }
        return isNumberOfAnyNotation(text) || isDate(text)
    }

    private static let nulls: Set<String> = ["", "~", "null", "Null", "NULL"]
    private static let trues: Set<String> = [
        "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
    ]
    private static let falses: Set<String> = [
        "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
    ]
    private static let infinities: Set<String> = [
        ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN",
    ]

    // MARK: Numbers

    /// YAML 1.1's integers and floats with their signs, bases, underscores and sexagesimals.
    private static func isNumberOfAnyNotation(_ text: String) -> Bool {
        var unsigned = ByteScan(text.filter { $0 != "_" })
        if !unsigned.take("-") { _ = unsigned.take("+") }
        if infinities.contains(unsigned.rest) { return true }
        return isBased(unsigned) || isFloat(unsigned) || isSexagesimal(unsigned)
    }

    private static func isBased(_ start: ByteScan) -> Bool {
        var scan = start
        guard scan.take("0") else { return false }
        if scan.take("x") || scan.take("X") { return scan.all { $0.hexValue != nil } }
        if scan.take("o") || scan.take("O") || scan.take("b") || scan.take("B") {
            return scan.all { $0.isDigit }
        }
        return false
    }

    private static func isFloat(_ start: ByteScan) -> Bool {
        var scan = start
        var digits = scan.digits()
        if scan.take(".") { digits += scan.digits() }
        return digits > 0 && scan.exponent() && scan.isAtEnd
    }

    /// `12:34:56`, which YAML 1.1 takes for a number to the base of 60: some MAC addresses are.
    private static func isSexagesimal(_ start: ByteScan) -> Bool {
        var scan = start
        guard scan.digits() > 0 else { return false }
        var groups = 0
        while scan.take(":") {
            guard (1...2).contains(scan.digits()) else { return false }
            groups += 1
        }
        if scan.take(".") { _ = scan.digits() }
        return groups > 0 && scan.isAtEnd
    }

    // MARK: Dates

    /// `2026-11-23`, `2026-11-23T10:42:00Z` and their kin, judged by their shape alone.
    private static func isDate(_ text: String) -> Bool {
        var scan = ByteScan(text)
        guard scan.digits() == 4, scan.take("-"), (1...2).contains(scan.digits()),
            scan.take("-"), (1...2).contains(scan.digits())
        else { return false }
        if scan.isAtEnd { return true }
        guard scan.take("T") || scan.take("t") || scan.take(" ") else { return false }
        return scan.digits() > 0 && scan.take(":")
    }
}

/// A walk over the bytes of a short text.
private struct ByteScan {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { index == bytes.count }
    var rest: String { String(decoding: bytes[index...], as: UTF8.self) }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, UInt32(bytes[index]) == character.value else { return false }
        index += 1
        return true
    }

    /// How many decimal digits were passed over.
    mutating func digits() -> Int {
        let start = index
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        return index - start
    }

    /// Passes over an exponent, if there is one; false when it lacks its digits.
    mutating func exponent() -> Bool {
        guard take("e") || take("E") else { return true }
        if !take("+") { _ = take("-") }
        return digits() > 0
    }

    /// Whether something is left and all of it fits.
    func all(_ fits: (UInt8) -> Bool) -> Bool {
        index < bytes.count && bytes[index...].allSatisfy(fits)
    }
}
