/// The bytes that readers look for.
extension UInt8 {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let dash = UInt8(ascii: "-")
    static let dot = UInt8(ascii: ".")
    static let hash = UInt8(ascii: "#")

    var isDigit: Bool { self &- 0x30 < 10 }
    var isJSONSpace: Bool {
        self == .space || self == .newline || self == .carriageReturn || self == .tab
    }
    /// What a key may be made of to stand bare in a JSON path.
    var isKeyByte: Bool {
        isDigit || (self | 0x20) &- 0x61 < 26 || self == .dash || self == UInt8(ascii: "_")
    }
    /// The value of a hexadecimal digit.
    var hexValue: UInt32? {
        if isDigit { return UInt32(self &- 0x30) }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? UInt32(letter) + 10 : nil
    }
}
