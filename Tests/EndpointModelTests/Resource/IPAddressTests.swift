import EndpointModel
import Foundation
import Glibc
import Testing

@Suite("IP addresses and networks")
struct IPAddressTests {
    @Test(
        "an address is read as Go's net package reads it",
        arguments: [
            ("0.0.0.0", true), ("255.255.255.255", true), ("1.2.3", false), ("1.2.3.4.5", false),
            ("01.2.3.4", false), ("1.2.3.00", false), ("1.2.3.256", false), ("1..3.4", false),
            (".1.2.3.4", false), ("1.2.3.4.", false), ("1.2.3.4 ", false), ("", false),
            ("1.2.3.1000000000000000000000", false), ("+1.2.3.4", false), ("::", true),
            ("::1", true), ("1::", true), ("1:2:3:4:5:6:7:8", true), ("1:2:3:4:5:6:7::", true),
            ("::2:3:4:5:6:7:8", true), ("1:2:3:4::5:6:7:8", false), ("1:2:3:4:5:6:7", false),
            ("1:2:3:4:5:6:7:8:9", false), ("1::2::3", false), (":::", false), (":1", false),
            ("1:", false), (":", false), ("12345::", false), ("g::", false),
            ("fe80::1%eth0", false),
            ("::ffff:1.2.3.4", true), ("::1.2.3.4", true), ("1:2:3:4:5:6:1.2.3.4", true),
            ("1:2:3:4:5:6:7:1.2.3.4", false), ("1:2:3:4:5:1.2.3.4", false), ("::1.2.3.04", false),
            ("::1.2.3.4:5", false), ("1.2.3.4::", false), ("::1:2:3:4:5:6:1.2.3.4", false),
        ])
    func addresses(text: String, isAddress: Bool) {
        #expect((IPAddress(text) != nil) == isAddress)
    }

    @Test("an IPv4-mapped address is the IPv4 address")
    func mapped() throws {
        let mapped = try #require(IPAddress("::ffff:10.0.0.1"))
        #expect(mapped == IPAddress("10.0.0.1"))
        #expect(mapped == IPAddress("::ffff:a00:1"))
        #expect(mapped.family == .ipv4)
        #expect(IPAddress("::10.0.0.1")?.family == .ipv6)
        #expect(IPAddress("::fffe:10.0.0.1")?.family == .ipv6)
    }

    /// The C library's `inet_pton` is as strict as Go's parser in every form that it has.
    @Test(
        "random texts are addresses exactly when inet_pton says so",
        arguments: 1...10 as ClosedRange<UInt64>)
    func againstTheCLibrary(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var accepted = 0
        for _ in 0..<20_000 {
            let text = Self.nearlyAddress(&random)
            let wanted = Self.judgement(text)
            #expect(IPAddress(text) == wanted, "seed \(seed): \(text)")
            if wanted != nil { accepted += 1 }
        }
        #expect(accepted > 1_000, "too few valid samples to prove anything")
    }

    @Test(
        "a network's length counts in the form it was typed in",
        arguments: [
            ("10.0.0.1", true, false), ("10.0.0.1/32", true, false), ("10.0.0.1/032", true, false),
            ("10.0.0.1/24", false, true), ("10.0.0.0/24", false, false),
            ("0.0.0.0/0", false, false), ("::/0", false, false), ("fd00::1/128", true, false),
            ("fd00::1/64", false, true), ("::ffff:10.0.0.1/128", true, false),
            ("::ffff:10.0.0.1/32", false, true),
        ])
    func networks(text: String, isSingle: Bool, hasHostBits: Bool) throws {
        let network = try #require(IPNetwork(text))
        #expect(network.isSingleAddress == isSingle)
        #expect(network.hasHostBits == hasHostBits)
    }

    @Test(
        "what is no network is refused",
        arguments: [
            "", "/", "10.0.0.1/", "/32", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+1",
            "10.0.0.1/ 1", "10.0.0.1/1/1", "::1/129", "10.0.0.1/9999999999999999999999",
            "fe80::1%eth0/64", "10.0.0.1/32 ", "10.0.0/24",
        ])
    func noNetworks(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    private static func judgement(_ text: String) -> IPAddress? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if text.utf8.contains(0) { return nil }
        if text.contains(":") {
            guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
            return IPAddress(high: number(bytes[..<8]), low: number(bytes[8...]))
        }
        guard inet_pton(AF_INET, text, &bytes) == 1 else { return nil }
        return IPAddress(ipv4: UInt32(truncatingIfNeeded: number(bytes[..<4])))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Addresses with now and then a byte changed, doubled or lost.
    private static func nearlyAddress(_ random: inout SplitMix) -> String {
        var bytes = Array(address(&random).utf8)
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let byte = Array("0123456789abcdefF:./%x".utf8).randomElement(using: &random) ?? 0
            let index = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0: bytes.insert(byte, at: index)
            case 1: if index < bytes.count { bytes[index] = byte }
            default: if index < bytes.count { bytes.remove(at: index) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func address(_ random: inout SplitMix) -> String {
        let dotted = (0..<4).map { _ in String(UInt8.random(in: 0...255, using: &random)) }
            .joined(separator: ".")
        if Bool.random(using: &random) { return dotted }
        var groups = (0..<Int.random(in: 5...8, using: &random)).map { _ in
            String(UInt16.random(in: 0...0xffff, using: &random), radix: 16)
        }
        if Bool.random(using: &random) { groups[groups.count - 1] = dotted }
        if Bool.random(using: &random) {
            groups[Int.random(in: 1..<(groups.count - 1), using: &random)] = ""
        }
        return groups.joined(separator: ":")
    }
}
