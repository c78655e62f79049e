/// The 16 random bytes that an endpoint is given at its creation; written as a UUID.
public struct UID: Hashable, Sendable, CustomStringConvertible {
    private let value: LogID

    private init(value: LogID) { self.value = value }

    /// 16 raw bytes; nil for any other length.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard let value = LogID(bytes: bytes) else { return nil }
        self.value = value
    }

    /// Reads the 36-character form of a UUID; nil for anything else.
    public init?(_ text: String) {
        guard let value = LogID(text) else { return nil }
        self.value = value
    }

    public static func random(using generator: inout some RandomNumberGenerator) -> UID {
        UID(value: .random(using: &generator))
    }

    public var bytes: [UInt8] { value.bytes }
    public var description: String { value.description }
}
