internal import EndpointModel

/// A time that reads lies in the years 1 to 9999, and is written as a text that reads as itself;
/// every number that a peer may send as a time can be written.
enum TimeClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        if let time = Timestamp(rfc3339: input.text()) { try back(time) }
        let time = Timestamp(microseconds: Int64(truncatingIfNeeded: input.number(bytes: 8)))
        try claim(time.description.utf8.count <= 40, "a long time: \(time)")
        if (first...last).contains(time) { try back(time) }
    }

    private static let first = Timestamp(seconds: -62_135_596_800)
    private static let last = Timestamp(microseconds: 253_402_300_799_999_999)

    private static func back(_ time: Timestamp) throws {
        try claim((first...last).contains(time), "\(time) is beyond the years 1 to 9999")
        try claim(Timestamp(rfc3339: time.description) == time, "\(time) reads otherwise")
    }
}
