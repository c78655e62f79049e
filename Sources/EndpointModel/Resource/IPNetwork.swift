/// A range of addresses as CIDR writes it, or a single address.
package struct IPNetwork: Hashable, Sendable {
    /// As typed: bits beyond the prefix may be set.
    package var address: IPAddress
    /// 0–128, IPv4's counted from the start of its mapped form: `/24` is 120.
    package var prefixBitCount: Int

    /// Reads an address, or an address, `/` and a decimal prefix length that its form allows
    /// (32 for dotted, 128 with colons). Zeros before the length are accepted (`/032`).
    package init?(_ text: String) { self.init(utf8: text.utf8.span) }

    init?(utf8 bytes: Span<UInt8>) {
        guard let slash = Self.slash(in: bytes) else {
            guard let address = IPAddress.parse(bytes) else { return nil }
            (self.address, prefixBitCount) = (address, 128)
            return
        }
        let typed = bytes.extracting(0..<slash)
        guard let address = IPAddress.parse(typed) else { return nil }
        let most = IPAddress.isColonForm(typed) ? 128 : 32
        guard let length = Self.number(bytes, from: slash + 1, most: most) else { return nil }
        (self.address, prefixBitCount) = (address, 128 - most + length)
    }

    package var isSingleAddress: Bool { prefixBitCount == 128 }
    package var hasHostBits: Bool { address != masked.address }

    /// The same range with all bits beyond the prefix zero.
    package var masked: IPNetwork {
        var network = self
        network.address = address.prefix(bitCount: prefixBitCount)
        return network
    }

    private static func slash(in bytes: Span<UInt8>) -> Int? {
        for index in bytes.indices where bytes[index] == UInt8(ascii: "/") { return index }
        return nil
    }

    private static func number(_ bytes: Span<UInt8>, from start: Int, most: Int) -> Int? {
        guard start < bytes.count else { return nil }
        var number = 0
        for index in start..<bytes.count {
            guard let digit = IPAddress.decimalDigit(bytes[index]) else { return nil }
            number = number * 10 + Int(digit)
            guard number <= most else { return nil }
        }
        return number
    }
}

/// Which addresses an endpoint's networks cover. Built in one pass and asked in a bounded number
/// of steps, so that many NATs over many networks stay linear.
struct NetworkCover {
    private var networks: Set<IPNetwork> = []
    private var prefixLengths: Set<Int> = []

    mutating func insert(_ network: IPNetwork) {
        networks.insert(network.masked)
        prefixLengths.insert(network.prefixBitCount)
    }

    func contains(_ address: IPAddress) -> Bool {
        prefixLengths.contains { length in
            networks.contains(
                IPNetwork(
                    address: address.prefix(bitCount: length), prefixBitCount: length))
        }
    }
}

extension IPNetwork {
    init(address: IPAddress, prefixBitCount: Int) {
        self.address = address
        self.prefixBitCount = prefixBitCount
    }
}
