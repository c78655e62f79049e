import EndpointModel
import Foundation
import NIOCore
import SwiftProtobuf
import SyncProtocol

extension Vectors {
    static func patches() throws -> Vector {
        let story = try story()
        let (old, new) = (story[1].item, story[3].item)
        guard let patch = Patch(from: old, to: new) else { throw PatchError.spanOutside(at: 0) }
        var two = patch
        two.spans = [
            .init(at: 0, remove: 0, insert: []),
            .init(at: patch.spans[0].at, remove: 1, insert: [0x32]),
        ]
        func entry(_ name: String, _ patch: Patch) throws -> Vector {
            var entry: Vector = [
                "name": name, "old": hex(old.bytes), "patch": hex(patch.encoded()),
            ]
            do {
                entry["new"] = hex(try patch.applied(to: old).bytes)
            } catch { entry["code"] = error.code }
            return entry
        }
        func changed(_ change: (inout Patch) -> Void) -> Patch {
            var result = patch
            change(&result)
            return result
        }
        return [
            "valid": [try entry("one span", patch), try entry("two spans, one of nothing", two)],
            "invalid": [
                try entry("another base", changed { $0.previousSeq = Seq(1) }),
                try entry("a span behind the end", changed { $0.spans[0].at = 10_000 }),
                try entry("more removed than there is", changed { $0.spans[0].remove = 10_000 }),
                try entry(
                    "spans that overlap",
                    changed {
                        $0.spans = [
                            .init(at: 5, remove: 5, insert: []),
                            .init(at: 9, remove: 1, insert: []),
                        ]
                    }),
                try entry(
                    "a result that is not canonical",
                    changed { $0.spans = [.init(at: 0, remove: 1, insert: [0x00])] }),
            ],
        ]
    }

    static func messages() throws -> Vector {
        var samples = Samples(seed: 7)
        var later = Samples(seed: 8)
        var last = Samples(seed: 9)
        let client = try (0..<54).map { index -> Vector in
            let message: ClientMessage =
                switch index {
                case ..<40: samples.clientMessage()
                case ..<52: .query(later.failoverQuery())
                default: .query(last.rightsQuery())
                }
            let bytes = message.encoded()
            return [
                "bytes": hex(bytes),
                "decoded": try decoded(Cattail_V1_ClientMessage(serializedBytes: bytes)),
            ]
        }
        var states = Samples(seed: 10)
        let server = try (0..<46).map { index -> Vector in
            let message: ServerMessage =
                switch index {
                case ..<40: samples.serverMessage()
                case ..<44: .queryAnswer(later.promiseAnswer())
                default: states.pathState()
                }
            let bytes = message.encoded()
            return [
                "bytes": hex(bytes),
                "decoded": try decoded(Cattail_V1_ServerMessage(serializedBytes: bytes)),
            ]
        }
        let hashes = (0..<8).map { _ -> Vector in
            let mutation = samples.mutation()
            return [
                "mutation": hex(mutation.encoded()),
                "requestHash": mutation.requestHash.description,
            ]
        }
        let invalid: [(String, [UInt8])] = [
            ("a mark without position or chain", [0x2A, 2, 0x30, 7]),
            ("a mark with an empty chain", [0x2A, 2, 0x2A, 0]),
            ("a mark with a chain of 3 bytes", [0x2A, 5, 0x2A, 3, 1, 2, 3]),
            ("a change of no kind", [0x1A, 2, 0x0A, 0]),
            ("a resync of an unknown way", [0x12, 2, 0x08, 9]),
            ("a removal without key", [0x1A, 6, 0x0A, 4, 0x12, 2, 0x08, 1]),
            ("a length beyond the end", [0x52, 9, 0x08, 1]),
            ("a server_state with a node_id of 3 bytes", [0x4A, 5, 0x12, 3, 1, 2, 3]),
            (
                "a server_state with a path of 33 nodes",
                [0x4A, 0xD2, 4]
                    + (0..<33).flatMap { _ in [0x12, 16] + [UInt8](repeating: 7, count: 16) }
            ),
            ("a group", [0x53]), ("field number 0", [0x02, 0]),
            ("a number in place of a message", [0x50, 1]),
            ("a varint longer than it need be", [0x52, 0x82, 0x00, 0x08, 1]),
            ("a version of 33 bits", [0x0A, 6, 0x08, 0x80, 0x80, 0x80, 0x80, 0x10]),
            (
                "a patch of an item to its own seq",
                [0x1A, 8, 0x0A, 6, 0x1A, 4, 8, 2, 0x10, 2]
            ),
        ]
        let invalidClient: [(String, [UInt8])] = [
            ("a hello without role", [0x0A, 2, 0x10, 1]),
            ("a hello of role 9", [0x0A, 4, 0x10, 1, 0x18, 9]),
            ("a hello with a node_id of 3 bytes", [0x0A, 9, 0x10, 1, 0x18, 3, 0x52, 3, 1, 2, 3]),
            ("a mutation without request_id", [0x12, 4, 0x0A, 2, 0x18, 1]),
            (
                "a request_id of 129 bytes",
                [0x12, 0x89, 1, 0x0A, 0x86, 1, 0x18, 1, 0x12, 0x81, 1]
                    + [UInt8](repeating: 0x61, count: 129)
            ),
            ("a point of no kind", [0x1A, 6, 0x1A, 4, 0x12, 2, 0x1A, 0]),
            ("a promise without log_id", [0x1A, 4, 0x72, 2, 0x10, 2]),
            ("a promotion of force 2", [0x1A, 4, 0x6A, 2, 0x08, 2]),
        ]
        // What may be read in two ways unless the text says which.
        let readAs: [(String, [UInt8], [UInt8])] = [
            ("a member of a oneof twice", [0x52, 2, 8, 1, 0x52, 2, 8, 2], [0x52, 2, 8, 2]),
            (
                "two members of a oneof, and the first again",
                [0x52, 2, 8, 1, 0x5A, 2, 8, 2, 0x52, 2, 8, 3], [0x52, 2, 8, 3]
            ),
            ("an unknown kind behind a known one", [0x52, 2, 8, 1, 0xFA, 1, 0], [0x52, 2, 8, 1]),
            ("an unknown field", [0x52, 5, 8, 1, 0x98, 6, 1], [0x52, 2, 8, 1]),
            ("a number twice", [0x52, 4, 8, 1, 8, 2], [0x52, 2, 8, 2]),
            ("a number that is its default", [0x52, 2, 8, 0], [0x52, 0]),
        ]
        return [
            "client": client, "server": server, "requestHashes": hashes,
            "invalidClient": invalidClient.map { name, bytes -> Vector in
                ["name": name, "bytes": hex(bytes), "code": clientCode(bytes)]
            },
            "readAs": readAs.map { name, bytes, same -> Vector in
                ["name": name, "bytes": hex(bytes), "as": hex(same)]
            },
            "invalidServer": invalid.map { name, bytes -> Vector in
                ["name": name, "bytes": hex(bytes), "code": serverCode(bytes)]
            },
        ]
    }

    private static func decoded(_ message: some SwiftProtobuf.Message) throws -> Any {
        try JSONSerialization.jsonObject(with: message.jsonUTF8Data())
    }

    static func serverCode(_ bytes: [UInt8]) -> String {
        do {
            _ = try ServerMessage(decoding: bytes)
            return "none"
        } catch { return error.code }
    }

    static func clientCode(_ bytes: [UInt8]) -> String {
        do {
            _ = try ClientMessage(decoding: bytes)
            return "none"
        } catch { return error.code }
    }

    // MARK: - Frames

    /// The bodies of a stream and the code of what ends it, if anything does.
    static func read(_ stream: [UInt8]) -> (bodies: [[UInt8]], code: String?) {
        var decoder = FrameDecoder()
        decoder.push(stream)
        var bodies: [[UInt8]] = []
        do {
            while let frame = try decoder.next() {
                bodies.append(Array(frame.body.readableBytesView))
            }
            return (bodies, nil)
        } catch { return (bodies, error.code) }
    }

    /// A stored (not deflated) zlib stream: the same bytes on every version of zlib.
    static func stored(_ body: [UInt8]) -> [UInt8] {
        let count = UInt16(body.count)
        let (low, high) = (UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8))
        var (first, second) = (1 as UInt32, 0 as UInt32)
        for byte in body {
            first = (first + UInt32(byte)) % 65_521
            second = (second + first) % 65_521
        }
        let sum = second << 16 | first
        let checksum = withUnsafeBytes(of: sum.bigEndian) { Array($0) }
        return [0x78, 0x01, 0x01, low, high, ~low, ~high] + body + checksum
    }

    static func frame(_ header: UInt8, _ body: some Collection<UInt8>) -> [UInt8] {
        withUnsafeBytes(of: UInt32(body.count + 1).bigEndian) { Array($0) } + [header] + body
    }

    static func compressed(_ body: [UInt8], stated: Int? = nil, tail: [UInt8] = []) -> [UInt8] {
        let size = withUnsafeBytes(of: UInt32(stated ?? body.count).bigEndian) { Array($0) }
        return frame(1, size + stored(body) + tail)
    }

    static func frames() throws -> Vector {
        let hello = ServerMessage.hello(
            ServerHello(version: 1, role: .leader, head: .origin(of: logID))
        ).encoded()
        let ping = ServerMessage.ping(1).encoded()
        let body = ServerMessage.changes(Changes(changes: [.put(try story()[1].item)])).encoded()
        let start = FrameFormat.preface + frame(0, hello)
        var damaged = compressed(body)
        damaged[30] ^= 1
        let streams: [(String, [UInt8])] = [
            ("nothing", []), ("half a preface", Array(FrameFormat.preface.prefix(4))),
            ("hello", start), ("hello, ping", start + frame(0, ping)),
            ("an empty body", start + frame(0, [])),
            ("a compressed frame", start + compressed(body) + frame(0, ping)),
            ("a frame that is not all there", start + frame(0, body).dropLast()),
            ("another protocol", Array("GET / HTTP/1.1\r\n".utf8)),
            ("a later framing", Array("CATTAIL".utf8) + [2]),
            ("length 0", start + [0, 0, 0, 0]),
            ("a hello of 16 KiB and a byte", FrameFormat.preface + [0, 0, 0x40, 1]),
            ("a frame of 2 MiB and a byte", start + [0, 0x20, 0, 1]),
            ("a compressed hello", FrameFormat.preface + compressed(hello)),
            ("codec 2", start + frame(2, ping)), ("dictionary 1", start + frame(0x11, ping)),
            ("no room for the size", start + frame(1, [0, 0, 0])),
            ("a size of 2 MiB and a byte", start + compressed(body, stated: (2 << 20) + 1)),
            ("a size too small", start + compressed(body, stated: body.count - 1)),
            ("a size too large", start + compressed(body, stated: body.count + 1)),
            ("a damaged stream", start + damaged),
            ("no stream", start + frame(1, [0, 0, 0, 4, 1, 2, 3, 4])),
            ("bytes behind the stream", start + compressed(body, tail: [0])),
            ("a stream that is cut", start + frame(1, compressed(body).dropFirst(5).dropLast(2))),
            (
                "a size too small, and bytes behind",
                start + compressed(body, stated: body.count - 1, tail: [0])
            ),
            (
                "a size too large, and bytes behind",
                start + compressed(body, stated: body.count + 1, tail: [0])
            ),
            (
                "a preset dictionary",
                start + frame(1, [0, 0, 0, 4, 0x78, 0x20, 0, 0, 0, 1, 1, 2, 3, 4])
            ),
            ("codec 2 and dictionary 1", start + frame(0x12, ping)),
            ("a hello of codec 2", FrameFormat.preface + frame(2, hello)),
            ("a hello with dictionary 1", FrameFormat.preface + frame(0x10, hello)),
            ("a first frame without body", FrameFormat.preface + frame(0, [])),
        ]
        return [
            "preface": hex(FrameFormat.preface),
            "streams": streams.map { name, stream -> Vector in
                let (bodies, code) = read(stream)
                var vector: Vector = [
                    "name": name, "bytes": hex(stream), "bodies": bodies.map { hex($0) },
                ]
                if let code { vector["code"] = code }
                return vector
            },
        ]
    }
}
