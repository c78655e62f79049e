import EndpointModel
import Foundation
import SwiftProtobuf
import SyncProtocol
import Testing

/// Generated code judges ours: every message, over seeded random values, field by field.
@Suite("Our coding against the schema's generated code")
struct SchemaTests {
    @Test("Client messages encode to generated code's bytes, and decode from them")
    func clientMessages() throws {
        var samples = Samples(seed: 100)
        for round in 0..<3000 {
            let message = samples.clientMessage()
            let bytes: [UInt8] = try generated(message).serializedBytes()
            try #require(message.encoded() == bytes, "round \(round): \(message)")
            #expect(try ClientMessage(decoding: bytes) == message)
        }
    }

    @Test("Server messages encode to generated code's bytes, and decode from them")
    func serverMessages() throws {
        var samples = Samples(seed: 200)
        for round in 0..<3000 {
            let message = samples.serverMessage()
            let bytes: [UInt8] = try generated(message).serializedBytes()
            try #require(message.encoded() == bytes, "round \(round): \(message)")
            #expect(try ServerMessage(decoding: bytes) == message)
        }
    }

    @Test(
        "Promises, wishes of members and membership events encode to generated code's bytes (G10)")
    func failover() throws {
        var samples = Samples(seed: 500)
        for round in 0..<2000 {
            let query = ClientMessage.query(samples.failoverQuery())
            let asked: [UInt8] = try generated(query).serializedBytes()
            try #require(query.encoded() == asked, "round \(round): \(query)")
            #expect(try ClientMessage(decoding: asked) == query)
            let answer = ServerMessage.queryAnswer(samples.promiseAnswer())
            let answered: [UInt8] = try generated(answer).serializedBytes()
            try #require(answer.encoded() == answered, "round \(round): \(answer)")
            #expect(try ServerMessage(decoding: answered) == answer)
            let item = samples.membershipItem()
            let bytes: [UInt8] = try generated(item).serializedBytes()
            try #require(item.bytes == bytes, "round \(round)")
            #expect(try EncodedItem(validating: bytes).control() == item.control())
        }
    }

    @Test("Rights and questions about them encode to generated code's bytes (G13)")
    func rights() throws {
        var samples = Samples(seed: 600)
        for round in 0..<2000 {
            let query = ClientMessage.query(samples.rightsQuery())
            let asked: [UInt8] = try generated(query).serializedBytes()
            try #require(query.encoded() == asked, "round \(round): \(query)")
            #expect(try ClientMessage(decoding: asked) == query)
            let item = samples.rightsItem()
            let bytes: [UInt8] = try generated(item).serializedBytes()
            try #require(item.bytes == bytes, "round \(round)")
            #expect(try EncodedItem(validating: bytes).control() == item.control())
        }
    }

    @Test("How a server stands encodes to generated code's bytes, with where its log comes from")
    func states() throws {
        var samples = Samples(seed: 700)
        for round in 0..<500 {
            let state = samples.pathState()
            let bytes: [UInt8] = try generated(state).serializedBytes()
            try #require(state.encoded() == bytes, "round \(round): \(state)")
            #expect(try ServerMessage(decoding: bytes) == state)
        }
    }

    @Test("Items and records are the bytes that generated code makes of their values")
    func records() throws {
        var samples = Samples(seed: 300)
        for round in 0..<2000 {
            let record = samples.record()
            let bytes: [UInt8] = try generated(record).serializedBytes()
            try #require(record.bytes == bytes, "round \(round)")
            #expect(try EncodedRecord(validating: bytes).hash == record.hash)
        }
    }

    @Test("Fields in any order are read, as proto3 wants")
    func anyOrder() throws {
        let goodbye: [UInt8] = [0x18, 5, 0x12, 1, 0x6D, 0x0A, 1, 0x63]
        let bytes = [0x52, UInt8(goodbye.count)] + goodbye
        #expect(
            try ClientMessage(decoding: bytes)
                == .goodbye(
                    Goodbye(code: GoodbyeCode("c"), message: "m", retryAfterMilliseconds: 5)))
    }

    @Test("Unknown fields and unknown messages are stepped over")
    func unknown() throws {
        var samples = Samples(seed: 400)
        for _ in 0..<500 {
            let message = samples.serverMessage()
            var bytes = message.encoded()
            bytes +=
                [0xF8, 0x07, 1, 0xFA, 0x07, 2, 9, 9, 0xF9, 0x07] + [UInt8](repeating: 1, count: 8)
            bytes += [0xFD, 0x07, 1, 1, 1, 1]
            #expect(try ServerMessage(decoding: bytes) == message)
        }
        #expect(try ServerMessage(decoding: [0xFA, 0x07, 0]) == .unknown(field: 127))
        #expect(try ClientMessage(decoding: [UInt8]()) == .unknown(field: 0))
    }

    @Test("No cut and no flipped bit of a message traps (G12)")
    func hostileBytes() throws {
        var samples = Samples(seed: 500)
        for _ in 0..<60 {
            for bytes in [samples.serverMessage().encoded(), samples.clientMessage().encoded()] {
                for length in 0..<bytes.count {
                    _ = try? ServerMessage(decoding: Array(bytes.prefix(length)))
                    _ = try? ClientMessage(decoding: Array(bytes.prefix(length)))
                }
                for index in bytes.indices {
                    var damaged = bytes
                    damaged[index] ^= UInt8(1 << samples.number(8))
                    _ = try? ServerMessage(decoding: damaged)
                    _ = try? ClientMessage(decoding: damaged)
                }
            }
        }
    }

    @Test("What a message cannot be without is a coded error")
    func missing() {
        #expect(throws: WireError.fieldMissing(field: 1)) {
            try ServerMessage(decoding: [0x2A, 0])
        }
        #expect(throws: WireError.fieldMissing(field: 1)) {
            try ServerMessage(decoding: [0x1A, 2, 0x0A, 0])
        }
        #expect(throws: WireError.fieldMissing(field: 3)) {
            try ClientMessage(decoding: [0x0A, 2, 0x10, 1])
        }
        #expect(throws: WireError.lengthUnexpected(field: 2, bytes: 0)) {
            try ClientMessage(decoding: [0x12, 4, 0x0A, 2, 0x18, 1])
        }
    }

    @Test("A retry has the same request hash, another wish another (G11)")
    func requestHash() {
        var samples = Samples(seed: 600)
        for _ in 0..<200 {
            let mutation = samples.mutation()
            var retry = mutation
            retry.ticket ^= 1
            retry.requestID += "x"
            #expect(retry.requestHash == mutation.requestHash)
            var other = mutation
            other.key.name += "x"
            #expect(other.requestHash != mutation.requestHash)
            other = mutation
            other.dryRun = mutation.dryRun == .yes ? .no : .yes
            #expect(other.requestHash != mutation.requestHash)
        }
    }
}
