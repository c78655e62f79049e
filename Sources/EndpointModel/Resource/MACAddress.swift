/// Hardware addresses, in the forms that Go's `net.ParseMAC` reads: 6, 8 or 20 octets as pairs
/// of hexadecimal digits joined by one `:` or `-` each, as groups of four digits joined by `.`,
/// or as bare digits.
enum MACAddress {
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= 12 else { return false }
        switch bytes[2] {
        case UInt8(ascii: ":"), UInt8(ascii: "-"):
            return isGrouped(bytes, digits: 2, separator: bytes[2])
        default:
            if bytes[4] == UInt8(ascii: ".") {
                return isGrouped(bytes, digits: 4, separator: bytes[4])
            }
            return isDigitCount(bytes.count) && isHexadecimal(bytes)
        }
    }

    /// Whether groups of `digits` hexadecimal digits with `separator` between them make up the
    /// text, and an allowed number of octets.
    private static func isGrouped(_ bytes: Span<UInt8>, digits: Int, separator: UInt8) -> Bool {
        let stride = digits + 1
        let groups = (bytes.count + 1) / stride
        guard (bytes.count + 1).isMultiple(of: stride),
            isDigitCount(groups * digits)
        else { return false }
        for index in bytes.indices {
            let isSeparator = index % stride == digits
            let fits =
                isSeparator
                ? bytes[index] == separator : IPAddress.hexadecimalDigit(bytes[index]) != nil
            if !fits { return false }
        }
        return true
    }

    /// EUI-48, EUI-64 and the 20 octets of IP over InfiniBand.
    private static func isDigitCount(_ count: Int) -> Bool {
        count == 12 || count == 16 || count == 40
    }

    private static func isHexadecimal(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where IPAddress.hexadecimalDigit(bytes[index]) == nil {
            return false
        }
        return true
    }
}
