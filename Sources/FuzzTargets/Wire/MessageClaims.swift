internal import EndpointModel
internal import NIOCore
internal import SyncProtocol

/// A message that reads is written again in a form that reads as the same message, of bounded
/// length; what one end says on to logs and users is bounded.
enum MessageClaims {
    static func client(_ bytes: UnsafeRawBufferPointer) throws {
        guard let message = try again(ClientMessage.self, bytes) else { return }
        switch message {
        case .goodbye(let goodbye): try bounded(goodbye)
        case .refusal(let refusal):
            try claim(refusal.code.utf8.count <= Limits.nameBytes, "the code of a refusal")
        case .mutations(let mutations):
            for mutation in mutations {
                let mutation = mutation
                try claim(
                    mutation.requestID.utf8.count <= Limits.requestIDBytes, "a long request ID")
                _ = mutation.requestHash
                _ = try? mutation.decodedEndpoint()
            }
        case .hello, .query, .cancel, .applied, .durable, .ping, .pong, .unknown: break
        }
    }

    static func server(_ bytes: UnsafeRawBufferPointer) throws {
        guard let message = try again(ServerMessage.self, bytes) else { return }
        switch message {
        case .goodbye(let goodbye): try bounded(goodbye)
        case .answers(let answers):
            for answer in answers {
                let length = answer.encoded().count
                try claim(answer.byteCountBound >= length, "the bound of an answer")
            }
        case .hello, .resync, .changes, .records, .unreadable, .mark, .behind, .queryAnswer,
            .serverState, .ping, .pong, .unknown:
            break
        }
    }

    private static func again<Message: WireMessage>(
        _: Message.Type, _ bytes: UnsafeRawBufferPointer
    ) throws -> Message? {
        let buffer = ByteBuffer(bytes: bytes)
        guard let message = try? Message(decoding: bytes) else {
            try claim((try? Message(decoding: buffer)) == nil, "a buffer reads what bytes do not")
            return nil
        }
        let written = message.encoded()
        try claim(written.count <= 4 * bytes.count + 64, "\(bytes.count) became \(written.count)")
        let second = try mustRead("what was written") { try Message(decoding: written) }
        try claim(second.encoded() == written, "a message changes as it is written and read")
        let third = try mustRead("the buffer") { try Message(decoding: buffer) }
        try claim(third.encoded() == written, "a buffer reads otherwise than bytes")
        return message
    }

    private static func bounded(_ goodbye: Goodbye) throws {
        try claim(goodbye.code.rawValue.utf8.count <= Limits.nameBytes, "the code of a goodbye")
        try claim(goodbye.message.utf8.count <= Limits.messageBytes, "the text of a goodbye")
        try claim(goodbye.addresses.count <= Limits.addresses, "the addresses of a goodbye")
    }
}
