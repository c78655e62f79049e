/// The bytes around every message.
package enum FrameFormat {
    /// What both ends send before anything else: `CATTAIL` and the framing's version.
    package static let preface: [UInt8] = Array("CATTAIL".utf8) + [1]

    /// The length field in front of each frame: the header byte and the body.
    package static let lengthBytes = 4
    package static let headerBytes = 1
    /// The inflated size at the beginning of a compressed body.
    package static let inflatedSizeBytes = 4

    /// How a body is coded: the header's low four bits. The high four are the dictionary, 0 for
    /// none; this version has no dictionaries.
    package enum Codec: UInt8, Hashable, Sendable {
        case plain = 0
        case zlib = 1
    }

    static func codec(ofHeader header: UInt8) throws(FrameError) -> Codec {
        guard let codec = Codec(rawValue: header & 0x0F) else {
            throw .codecUnknown(header & 0x0F)
        }
        guard header >> 4 == 0 else { throw .dictionaryUnknown(header >> 4) }
        return codec
    }
}
