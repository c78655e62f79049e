internal import EndpointModel
internal import Glibc

/// When a mutation was asked for, on the endpoint itself: the label `bench-sent`, nanoseconds of
/// the machine's monotonic clock, which all its processes share.
enum SentLabel {
    private static let name = LabelName("bench-sent")

    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    static func write(to endpoint: inout WorkloadEndpoint) {
        endpoint.metadata.labels[name.text] = String(now)
    }

    /// Nil for an endpoint that no bench has written.
    static func read(_ item: EncodedItem) -> UInt64? {
        item.labels.withValue(of: name) { bytes in bytes.flatMap(number) }
    }

    private static func number(_ digits: UnsafeRawBufferPointer) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value &* 10 &+ UInt64(digit - UInt8(ascii: "0"))
        }
        return digits.isEmpty ? nil : value
    }
}
