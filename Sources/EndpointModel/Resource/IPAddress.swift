/// An IPv4 or IPv6 address as a 128-bit number. An IPv4 address is held as its IPv4-mapped IPv6
/// form, so that `10.0.0.1` and `::ffff:10.0.0.1` are one address, which is IPv4.
public struct IPAddress: Hashable, Sendable {
    public enum Family: Hashable, Sendable { case ipv4, ipv6 }

    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public init(ipv4: UInt32) {
        self.init(high: 0, low: Self.mappedPrefix | UInt64(ipv4))
    }

    static let mappedPrefix: UInt64 = 0xffff_0000_0000

    public var family: Family { high == 0 && low >> 32 == 0xffff ? .ipv4 : .ipv6 }

    /// Reads one address in the forms of RFC 4291 and dotted IPv4, strictly: no leading zeros in
    /// an octet, no missing octets, no zone, no prefix length, nothing around it.
    public init?(_ text: String) {
        guard let address = Self.parse(text.utf8.span) else { return nil }
        self = address
    }

    static func parse(_ bytes: Span<UInt8>) -> IPAddress? {
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: ".") {
                return ipv4(bytes, from: 0).map { IPAddress(ipv4: $0) }
            }
            if bytes[index] == UInt8(ascii: ":") { return ipv6(bytes) }
        }
        return nil
    }

    /// Whether the text has the form of IPv6, whatever family the address is of.
    static func isColonForm(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] == UInt8(ascii: ":") { return true }
        return false
    }

    /// Four decimal octets without leading zeros, from `start` to the end.
    private static func ipv4(_ bytes: Span<UInt8>, from start: Int) -> UInt32? {
        var address: UInt32 = 0
        var octet: UInt32 = 0
        var digits = 0
        var dots = 0
        for index in start..<bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ".") {
                guard digits > 0, dots < 3 else { return nil }
                address = address << 8 | octet
                (octet, digits) = (0, 0)
                dots += 1
            } else {
                guard let digit = decimalDigit(byte), digits == 0 || octet != 0 else { return nil }
                octet = octet * 10 + UInt32(digit)
                digits += 1
                guard octet <= 255 else { return nil }
            }
        }
        guard dots == 3, digits > 0 else { return nil }
        return address << 8 | octet
    }

    /// Groups of one to four hexadecimal digits, one `::` for at least one group, and perhaps a
    /// dotted IPv4 address in place of the last two.
    private static func ipv6(_ bytes: Span<UInt8>) -> IPAddress? {
        var groups = Groups()
        var index = 0
        if bytes.count >= 2, bytes[0] == UInt8(ascii: ":"), bytes[1] == UInt8(ascii: ":") {
            groups.markGap()
            index = 2
        }
        while index < bytes.count {
            guard groups.count < 8 else { return nil }
            let start = index
            var group: UInt64 = 0
            while index < bytes.count, let digit = hexadecimalDigit(bytes[index]) {
                guard index - start < 4 else { return nil }
                group = group << 4 | UInt64(digit)
                index += 1
            }
            guard index > start else { return nil }
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
                guard groups.hasRoomForIPv4, let tail = ipv4(bytes, from: start) else {
                    return nil
                }
                groups.append(UInt64(tail >> 16))
                groups.append(UInt64(tail & 0xffff))
                break
            }
            groups.append(group)
            if index == bytes.count { break }
            guard bytes[index] == UInt8(ascii: ":"), index + 1 < bytes.count else { return nil }
            index += 1
            if bytes[index] == UInt8(ascii: ":") {
                guard groups.markGap() else { return nil }
                index += 1
            }
        }
        return groups.address
    }

    /// Up to eight groups: those before the gap and those after it, each run as one number.
    private struct Groups {
        private(set) var count = 0
        private var gap: Int?
        private var high: UInt64 = 0
        private var low: UInt64 = 0

        /// Notes that `::` stands here; false when there was one already.
        @discardableResult
        mutating func markGap() -> Bool {
            if gap != nil { return false }
            gap = count
            return true
        }

        /// Without a gap the dotted tail must be the last two groups exactly.
        var hasRoomForIPv4: Bool { gap == nil ? count == 6 : count <= 6 }

        mutating func append(_ group: UInt64) {
            high = high << 16 | low >> 48
            low = low << 16 | group
            count += 1
        }

        /// Nil when groups are missing, or when `::` would stand for none.
        var address: IPAddress? {
            guard let gap else { return count == 8 ? IPAddress(high: high, low: low) : nil }
            guard count < 8 else { return nil }
            let after = (count - gap) * 16
            let tail = IPAddress(high: high, low: low).suffix(bitCount: after)
            let head = IPAddress(high: high, low: low)
                .shiftedRight(by: after).shiftedLeft(by: 128 - gap * 16)
            return IPAddress(high: head.high | tail.high, low: head.low | tail.low)
        }
    }

    static func decimalDigit(_ byte: UInt8) -> UInt8? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? byte - UInt8(ascii: "0") : nil
    }

    static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension IPAddress {
    /// Swift's smart shifts give zero for 64 and more, and shift the other way for less than 0.
    func shiftedLeft(by count: Int) -> IPAddress {
        IPAddress(high: high << count | low << (count - 64), low: low << count)
    }

    func shiftedRight(by count: Int) -> IPAddress {
        IPAddress(high: high >> count, low: low >> count | high >> (count - 64))
    }

    /// The address with all but its last `bitCount` bits zero.
    func suffix(bitCount: Int) -> IPAddress {
        shiftedLeft(by: 128 - bitCount).shiftedRight(by: 128 - bitCount)
    }

    /// The address with all but its first `bitCount` bits zero.
    func prefix(bitCount: Int) -> IPAddress {
        shiftedRight(by: 128 - bitCount).shiftedLeft(by: 128 - bitCount)
    }
}
