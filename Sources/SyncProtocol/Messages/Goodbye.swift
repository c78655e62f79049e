package import EndpointModel

/// Why a connection ends, as the other end is told.
// error-codes
package struct GoodbyeCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ rawValue: String) { self.rawValue = rawValue }

    /// The client is done.
    package static let done = GoodbyeCode("done")
    /// The server goes away in good order; the addresses say where to go.
    package static let draining = GoodbyeCode("draining")
    package static let versionUnsupported = GoodbyeCode("version-unsupported")
    package static let helloLate = GoodbyeCode("hello-late")
    /// A message that is not legal here.
    package static let messageUnexpected = GoodbyeCode("message-unexpected")
    /// Bytes that are no message.
    package static let messageMalformed = GoodbyeCode("message-malformed")
    /// Bytes that are no frame.
    package static let frameMalformed = GoodbyeCode("frame-malformed")
    /// A field of the hello is beyond its limit.
    package static let limitExceeded = GoodbyeCode("limit-exceeded")
    package static let selectorInvalid = GoodbyeCode("selector-invalid")
    package static let notAllowed = GoodbyeCode("not-allowed")
    /// The client's certificate is revoked.
    package static let certificateRevoked = GoodbyeCode("certificate-revoked")
    /// The client's certificate says of nobody whose it is.
    package static let certificateNameless = GoodbyeCode("certificate-nameless")
    /// The pinned log is not the one served here.
    package static let logOther = GoodbyeCode("log-other")
    /// Nothing moved for too long.
    package static let silent = GoodbyeCode("silent")
    /// Too many connections; come back later.
    package static let overloaded = GoodbyeCode("overloaded")
    /// The server cannot serve now; come back later or elsewhere.
    package static let unavailable = GoodbyeCode("unavailable")
    /// This node's log holds a critical event of a type that it does not know: it gives nobody a
    /// state. Others may.
    package static let eventUnknown = GoodbyeCode("event-unknown")
    /// A follower's log is ahead of or beside this node's.
    package static let historyOther = GoodbyeCode("history-other")

    package var description: String { rawValue }
}

/// The last message of a connection, from either end: why, for how long, and where to go.
///
/// Code, text and addresses are bounded however they came about: what one end says goes on to the
/// log and to the users of another.
package struct Goodbye: WireMessage {
    package var code: GoodbyeCode
    package var message: String
    /// Not before this many milliseconds.
    package var retryAfterMilliseconds: UInt32
    /// Where to go instead, best first.
    package var addresses: [String]

    package init(
        code: GoodbyeCode, message: String = "", retryAfterMilliseconds: UInt32 = 0,
        addresses: [String] = []
    ) {
        self.code = code
        self.message = message.cut(toBytes: Limits.messageBytes)
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.addresses = []
        for address in addresses { name(address) }
    }

    private mutating func name(_ address: String) {
        guard addresses.count < Limits.addresses, address.utf8.count <= Limits.addressBytes
        else { return }
        addresses.append(address)
    }

    package func write(to writer: inout ProtoWriter) {
        writer.text(1, code.rawValue)
        writer.text(2, message)
        writer.number(3, UInt64(retryAfterMilliseconds))
        for address in addresses { writer.explicitText(4, address) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(code: GoodbyeCode(""))
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: code = GoodbyeCode(try reader.text(field).cut(toBytes: Limits.nameBytes))
            case 2: message = try reader.text(field).cut(toBytes: Limits.messageBytes)
            case 3: retryAfterMilliseconds = try reader.number32(field)
            case 4: name(try reader.element(field))
            default: try reader.skip(field)
            }
        }
    }
}

/// "I do not take what you sent": a subscriber says why, and goes on or leaves. Code and text are
/// bounded as a goodbye's are.
package struct Refusal: WireMessage {
    package var code: String
    package var message: String
    /// Where it stands.
    package var seq: Seq

    package init(code: String, message: String = "", seq: Seq = .zero) {
        self.code = code
        self.message = message.cut(toBytes: Limits.messageBytes)
        self.seq = seq
    }

    package func write(to writer: inout ProtoWriter) {
        writer.text(1, code)
        writer.text(2, message)
        writer.number(3, seq.rawValue)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(code: "")
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: code = try reader.text(field).cut(toBytes: Limits.nameBytes)
            case 2: message = try reader.text(field).cut(toBytes: Limits.messageBytes)
            case 3: seq = try reader.seq(field)
            default: try reader.skip(field)
            }
        }
    }
}
