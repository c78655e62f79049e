import EndpointModel
import Foundation
import SwiftProtobuf
import SyncProtocol
import Testing

/// Replays `proto/vectors` as a stranger would. `CATTAIL_WRITE_VECTORS=1` writes the files anew: a
/// change of theirs is a change of the protocol and needs a note in `protocol.md`.
@Suite("Golden vectors", .serialized)
struct VectorTests {
    static func load(_ name: String) throws -> Vector {
        let data = try Data(contentsOf: Vectors.folder.appending(path: name))
        return try #require(try JSONSerialization.jsonObject(with: data) as? Vector)
    }

    static func list(_ vector: Vector, _ key: String) throws -> [Vector] {
        let list = try #require(vector[key] as? [Vector])
        try #require(!list.isEmpty, "\(key) has no entries")
        return list
    }

    static func bytes(_ vector: Vector, _ key: String = "bytes") throws -> [UInt8] {
        try #require(Hexadecimal.bytes(try text(vector, key)))
    }

    static func text(_ vector: Vector, _ key: String) throws -> String {
        try #require(vector[key] as? String, "\(key) in \(vector)")
    }

    static func canonical(_ json: Any?) throws -> Data {
        try JSONSerialization.data(withJSONObject: try #require(json), options: .sortedKeys)
    }

    @Test("The files are what today's code makes: no encoding drifts unseen")
    func upToDate() throws {
        let isWriting = ProcessInfo.processInfo.environment["CATTAIL_WRITE_VECTORS"] == "1"
        for (name, vector) in try Vectors.files() {
            let file = Vectors.folder.appending(path: name)
            let text = try Vectors.text(vector)
            if isWriting {
                try FileManager.default.createDirectory(
                    at: Vectors.folder, withIntermediateDirectories: true)
                try text.write(to: file, atomically: true, encoding: .utf8)
            }
            let isSame = try String(contentsOf: file, encoding: .utf8) == text
            #expect(isSame, "\(name) differs")
        }
    }

    @Test("Items: hashes, values and faults")
    func items() throws {
        let file = try Self.load("items.json")
        for vector in try Self.list(file, "valid") {
            let item = try EncodedItem(validating: Self.bytes(vector))
            #expect(item.hash.description == (try Self.text(vector, "itemHash")))
            let json = try JSONSerialization.jsonObject(with: generated(item).jsonUTF8Data())
            #expect(try Self.canonical(json) == Self.canonical(vector["decoded"]))
        }
        for vector in try Self.list(file, "invalid") {
            let code = try Self.text(vector, "code")
            #expect(code != "none", "\(vector)")
            #expect(Vectors.itemCode(try Self.bytes(vector)) == code)
        }
    }

    @Test("Records: both hashes and the chain from its origin")
    func records() throws {
        let file = try Self.load("records.json")
        let logID = try #require(LogID(Self.text(file, "logID")))
        var chain = logID.chainOrigin
        #expect(chain.description == (try Self.text(file, "chainOrigin")))
        for vector in try Self.list(file, "events") {
            let record = try EncodedRecord(validating: Self.bytes(vector, "record"))
            chain = chain.followed(by: record.hash)
            #expect(record.hash.description == (try Self.text(vector, "recordHash")))
            #expect(chain.description == (try Self.text(vector, "chain")))
            let json = try JSONSerialization.jsonObject(
                with: generated(record.audit()).jsonUTF8Data())
            #expect(try Self.canonical(json) == Self.canonical(vector["audit"]))
        }
        for vector in try Self.list(file, "invalid") {
            let code = try Self.text(vector, "code")
            #expect(code != "none", "\(vector)")
            #expect(Vectors.recordCode(try Self.bytes(vector)) == code)
        }
    }

    @Test("Digests: the sum over what is held, after each event")
    func digests() throws {
        var held: [EndpointKey: EncodedItem] = [:]
        for vector in try Self.list(Self.load("digests.json"), "steps") {
            let item = try EncodedItem(validating: Self.bytes(vector, "item"))
            if item.kind == .put { held[item.key] = item }
            if item.kind == .delete { held[item.key] = nil }
            var digest = StateDigest.empty
            for item in held.values { digest.add(item.hash) }
            #expect(digest.description == (try Self.text(vector, "digest")))
            #expect(held.count == vector["count"] as? Int)
        }
    }

    @Test("Selections: fingerprints of the stated bytes")
    func selections() throws {
        for vector in try Self.list(Self.load("selections.json"), "valid") {
            let bytes = try Self.bytes(vector)
            #expect(Hash256.of(bytes).description == (try Self.text(vector, "fingerprint")))
        }
    }

    @Test("Selections: the model's own bytes, canonical text and fingerprint are the vectors'")
    func selectionsOfTheModel() throws {
        let file = try Self.load("selections.json")
        for vector in try Self.list(file, "valid") + Self.list(file, "asked") {
            let asked = try vector["asked"] as? String ?? Self.text(vector, "selector")
            let selection = Selection(
                selector: try Selector(parsing: asked), node: try Self.text(vector, "node"),
                namespace: try Self.text(vector, "namespace"))
            #expect(selection.canonicalBytes == (try Self.bytes(vector)))
            #expect(selection.selector.description == (try Self.text(vector, "selector")))
            #expect(selection.fingerprint.description == (try Self.text(vector, "fingerprint")))
        }
    }

    @Test("Patches: the new item to the byte, or the code")
    func patches() throws {
        let file = try Self.load("patches.json")
        for vector in try Self.list(file, "valid") + Self.list(file, "invalid") {
            let old = try EncodedItem(validating: Self.bytes(vector, "old"))
            let patch = try Patch(decoding: Self.bytes(vector, "patch"))
            do {
                #expect(try patch.applied(to: old).bytes == Self.bytes(vector, "new"))
            } catch let error as PatchError {
                #expect(error.code == (try Self.text(vector, "code")))
            }
        }
    }

    @Test(
        "Messages: generated code's JSON of the bytes, ours of the values, request hashes, faults")
    func messages() throws {
        let file = try Self.load("messages.json")
        for vector in try Self.list(file, "client") {
            let message = try ClientMessage(decoding: Self.bytes(vector))
            let json = try JSONSerialization.jsonObject(with: generated(message).jsonUTF8Data())
            #expect(try Self.canonical(json) == Self.canonical(vector["decoded"]))
        }
        for vector in try Self.list(file, "server") {
            let message = try ServerMessage(decoding: Self.bytes(vector))
            let json = try JSONSerialization.jsonObject(with: generated(message).jsonUTF8Data())
            #expect(try Self.canonical(json) == Self.canonical(vector["decoded"]))
        }
        for vector in try Self.list(file, "requestHashes") {
            let mutation = try Mutation(decoding: Self.bytes(vector, "mutation"))
            #expect(mutation.requestHash.description == (try Self.text(vector, "requestHash")))
        }
        for vector in try Self.list(file, "invalidServer") {
            let code = try Self.text(vector, "code")
            #expect(code != "none", "\(vector)")
            #expect(Vectors.serverCode(try Self.bytes(vector)) == code)
        }
        for vector in try Self.list(file, "invalidClient") {
            let code = try Self.text(vector, "code")
            #expect(code != "none", "\(vector)")
            #expect(Vectors.clientCode(try Self.bytes(vector)) == code)
        }
        for vector in try Self.list(file, "readAs") {
            let message = try ServerMessage(decoding: Self.bytes(vector))
            #expect(message == (try ServerMessage(decoding: Self.bytes(vector, "as"))))
            #expect(message.encoded() == (try Self.bytes(vector, "as")), "\(vector)")
        }
    }

    @Test("Frames: the bodies before the fault, and the fault's code")
    func frames() throws {
        let file = try Self.load("frames.json")
        #expect(try Self.bytes(file, "preface") == FrameFormat.preface)
        for vector in try Self.list(file, "streams") {
            let (bodies, code) = Vectors.read(try Self.bytes(vector))
            #expect(bodies.map { Hexadecimal.text($0) } == vector["bodies"] as? [String])
            #expect(code == vector["code"] as? String, "\(vector["name"] ?? "")")
        }
    }
}
