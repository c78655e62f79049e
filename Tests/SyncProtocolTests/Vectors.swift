import EndpointModel
import Foundation
import NIOCore
import SwiftProtobuf
import SyncProtocol

/// A JSON object, as the vectors' files hold it.
typealias Vector = [String: Any]

/// Makes the golden vectors of `proto/vectors`. What is decoded in them is said by generated code.
enum Vectors {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "proto/vectors", directoryHint: .isDirectory)

    static func files() throws -> [String: Vector] {
        [
            "frames.json": try frames(), "items.json": try items(), "records.json": try records(),
            "digests.json": try digests(), "selections.json": selections(),
            "patches.json": try patches(), "messages.json": try messages(),
        ]
    }

    static func text(_ vector: Vector) throws -> String {
        let data = try JSONSerialization.data(
            withJSONObject: vector, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    static func hex(_ bytes: [UInt8]) -> String { Hexadecimal.text(bytes) }

    private static func json(_ message: some SwiftProtobuf.Message) throws -> Any {
        try JSONSerialization.jsonObject(with: message.jsonUTF8Data())
    }

    // MARK: - A little story

    static let logID = LogID(high: 0x6f1c_2c80_5b1e_4d3a, low: 0x9c55_0f2e_7a61_b3d4)
    private static let web = EndpointKey(namespace: "shop", name: "node1-k8s-web-eth0")
    private static let cart = EndpointKey(namespace: "shop", name: "node2-k8s-cart-eth0")
    private static let webUID = UID("11111111-2222-4333-8444-555555555555")
    private static let cartUID = UID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")

    private static func endpoint(node: String, pod: String, version: String) -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.labels = ["app": pod, "version": version]
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.node = node
        endpoint.spec.pod = pod
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.interfaceName = "cali0ef24ba"
        endpoint.spec.ipNetworks = ["10.0.0.1/32", "fd00::1/128"]
        endpoint.spec.profiles = ["kns.shop"]
        endpoint.spec.mac = "ca:fe:1d:52:bb:e9"
        endpoint.spec.ports = [
            EndpointPort(name: "http", transport: .name("TCP"), port: 8080)
        ]
        return endpoint
    }

    private static func put(
        _ seq: UInt64, _ previous: UInt64, _ key: EndpointKey, _ uid: UID?, _ body: WorkloadEndpoint
    ) throws -> EncodedItem {
        guard let uid else { throw WireError.fieldMissing(field: 6) }
        return try body.encodedEndpoint().withUnsafeBytes {
            try .put(
                seq: Seq(seq), previousSeq: Seq(previous), key: key, uid: uid,
                creationTime: Timestamp(microseconds: 1_763_894_520_000_000), endpoint: $0)
        }
    }

    /// Epoch, two endpoints, a change, an import with everything, a deletion.
    static func story() throws -> [EncodedRecord] {
        guard let webUID, let cartUID else { throw WireError.fieldMissing(field: 6) }
        var samples = Samples(seed: 42)
        let rich = samples.endpoint()
        let items = [
            try EncodedItem.control(
                seq: Seq(1), .epoch(Epoch(number: 1, leaderID: 0x0102_0304_0506_0708))),
            try put(2, 0, web, webUID, endpoint(node: "node1", pod: "web", version: "v1")),
            try put(3, 0, cart, cartUID, endpoint(node: "node2", pod: "cart", version: "v1")),
            try put(4, 2, web, webUID, endpoint(node: "node1", pod: "web", version: "v2")),
            try put(5, 3, cart, cartUID, rich),
            try EncodedItem.delete(seq: Seq(6), previousSeq: Seq(5), key: cart, uid: cartUID),
        ]
        return items.enumerated().map { index, item in
            let time = Timestamp(microseconds: 1_763_894_520_000_000 + Int64(index))
            let isControl = item.kind == .control
            return EncodedRecord(
                item: item,
                audit: AuditPart(
                    epochNumber: 1, time: time,
                    wallTime: index == 3 ? Timestamp(microseconds: 1_763_894_519_999_999) : time,
                    actor: isControl ? "" : "alice@host", requestID: isControl ? "" : "r-\(index)",
                    requestHash: isControl ? nil : .of([UInt8(index)]),
                    address: isControl ? "" : "127.0.0.1:40112",
                    origin: index == 4 ? samples.origin() : nil))
        }
    }

    static func rights() -> Rights {
        let held = SelectionTemplate(selector: "!has(hidden)", node: "${cn}")
        let rules: [(String, Roles, SelectionTemplate)] = [
            ("node-*", [.agent], held), ("root", [.admin], .everything),
        ]
        return Rights(
            rules: rules.compactMap { name, roles, held in
                NamePattern(name).map { .init(identity: $0, roles: roles, selection: held) }
            })
    }

    // MARK: - Files

    static func items() throws -> Vector {
        let members = Membership(voters: ["node-b:5474", "node-a:5474"], minAcks: 1)
        let later = [
            try EncodedItem.control(seq: Seq(7), .membership(members)),
            try EncodedItem.control(seq: Seq(8), .rights(rights())),
        ]
        let valid = try (story().map(\.item) + later).map { item -> Vector in
            [
                "bytes": hex(item.bytes), "itemHash": item.hash.description,
                "decoded": try json(Cattail_V1_Item(serializedBytes: item.bytes)),
            ]
        }
        let good = try story()[1].item.bytes
        var unsorted = Cattail_V1_Item()
        try unsorted.merge(serializedBytes: good)
        unsorted.endpoint.labels.reverse()
        var invalid: [(String, [UInt8])] = [
            ("cut in the endpoint", Array(good.dropLast(3))),
            ("prev_seq before seq", [0x10, 1, 0x08, 2, 0x18, 3]),
            ("seq twice", [0x08, 1] + good),
            ("seq 0 written out", [0x08, 0] + good.dropFirst(2)),
            ("a varint longer than it need be", [0x08, 0x82, 0x00] + good.dropFirst(2)),
            ("no seq", Array(good.dropFirst(2))),
            ("seq as text", [0x0A, 1, 0x32] + good.dropFirst(2)),
            ("field number 0", good + [0x02, 0]),
            ("labels not ascending", try unsorted.serializedBytes()),
            ("prev_seq not less than seq", [0x08, 2, 0x10, 2] + good.dropFirst(2)),
            ("nothing", []),
        ]
        let decoded = try Cattail_V1_Item(serializedBytes: good)
        let changes: [(String, (inout Cattail_V1_Item) -> Void)] = [
            ("a put without uid", { $0.uid = Data() }),
            ("a uid of 15 bytes", { $0.uid = Data(repeating: 1, count: 15) }),
            ("a put without endpoint", { $0.clearEndpoint() }),
            ("a put with a control", { $0.control.type = 1 }),
            ("a delete with an endpoint", { $0.kind = .delete }),
            ("a kind of no name", { $0.kind = .UNRECOGNIZED(4) }),
            (
                "a label twice",
                { $0.endpoint.labels = [.with { $0.key = "a" }, .with { $0.key = "a" }] }
            ),
            ("a label without key", { $0.endpoint.labels = [.with { $0.value = "a" }] }),
            ("a port of 65536", { $0.endpoint.ports[0].port = 65_536 }),
            ("a port's protocol twice", { $0.endpoint.ports[0].protocolNumber = 6 }),
        ]
        for (name, change) in changes {
            var item = decoded
            change(&item)
            invalid.append((name, try item.serializedBytes()))
        }
        invalid.append(
            (
                "text that is not UTF-8",
                [0x08, 2, 0x18, 2, 0x22, 1, 0xFF, 0x2A, 1, 0x61, 0x32, 16]
                    + [UInt8](repeating: 1, count: 16)
            ))
        return [
            "valid": valid,
            "invalid": invalid.map { name, bytes -> Vector in
                ["name": name, "bytes": hex(bytes), "code": itemCode(bytes)]
            },
        ]
    }

    static func itemCode(_ bytes: [UInt8]) -> String {
        do {
            _ = try EncodedItem(validating: bytes)
            return "none"
        } catch { return error.code }
    }

    static func recordCode(_ bytes: [UInt8]) -> String {
        do {
            _ = try EncodedRecord(validating: bytes)
            return "none"
        } catch { return error.code }
    }

    static func records() throws -> Vector {
        var chain = logID.chainOrigin
        let rows = try story().map { record -> Vector in
            chain = chain.followed(by: record.hash)
            return [
                "seq": record.seq.rawValue, "record": hex(record.bytes),
                "itemHash": record.item.hash.description,
                "auditHash": Hash256.of(record.auditBytes).description,
                "recordHash": record.hash.description, "chain": chain.description,
                "audit": try json(Cattail_V1_Audit(serializedBytes: record.auditBytes)),
            ]
        }
        let good = try story()[1].bytes
        let decoded = try Cattail_V1_Record(serializedBytes: good)
        var noAudit = decoded
        noAudit.audit = Data()
        var noEpoch = try Cattail_V1_Audit(serializedBytes: decoded.audit)
        noEpoch.epoch = 0
        var noEpochRecord = decoded
        noEpochRecord.audit = try noEpoch.serializedData()
        var sameWall = try Cattail_V1_Audit(serializedBytes: decoded.audit)
        sameWall.wallTime = sameWall.time
        var sameWallRecord = decoded
        sameWallRecord.audit = try sameWall.serializedData()
        let invalid: [(String, [UInt8])] = [
            ("no audit part", try noAudit.serializedBytes()),
            ("an audit part without epoch", try noEpochRecord.serializedBytes()),
            ("a wall time that repeats the time", try sameWallRecord.serializedBytes()),
            ("a third part", good + [0x1A, 0]), ("cut", Array(good.dropLast())),
        ]
        return [
            "logID": logID.description, "chainOrigin": logID.chainOrigin.description,
            "events": rows,
            "invalid": invalid.map { name, bytes -> Vector in
                ["name": name, "bytes": hex(bytes), "code": recordCode(bytes)]
            },
        ]
    }

    static func digests() throws -> Vector {
        var digest = StateDigest.empty
        var held: [EndpointKey: EncodedItem] = [:]
        let steps = try story().map(\.item).map { item -> Vector in
            if item.kind != .control, let old = held.removeValue(forKey: item.key) {
                digest.subtract(old.hash)
            }
            if item.kind == .put {
                held[item.key] = item
                digest.add(item.hash)
            }
            return [
                "item": hex(item.bytes), "count": held.count, "digest": digest.description,
            ]
        }
        return ["empty": StateDigest.empty.description, "steps": steps]
    }

    /// The layout of R-selection, written down a second time on purpose.
    static func selectionBytes(selector: String, node: String, namespace: String) -> [UInt8] {
        var bytes = Array("cattail/selection".utf8) + [0, 0, 0, 1]
        for text in [selector, node, namespace] {
            let count = UInt32(text.utf8.count)
            bytes += withUnsafeBytes(of: count.bigEndian) { Array($0) } + Array(text.utf8)
        }
        return bytes
    }

    static func selections() -> Vector {
        let cases = [
            ("all()", "", ""), ("app == \"web\"", "", ""), ("all()", "node1", ""),
            ("all()", "", "shop"), ("has(tier)", "node1", "shop"),
            ("name == \"caf\u{e9}\"", "", ""),
        ]
        // As people write them, and the canonical form, written down by hand.
        let asked = [
            ("", "all()"), ("a=='b'", "a == \"b\""), ("!(!has( x ))", "has(x)"),
            ("!!has(x)", "has(x)"),
            ("a == 'b' && has(c) || !global()", "((a == \"b\" && has(c)) || !global())"),
            ("a in {'z', \"y\",'z'}", "a in {\"y\", \"z\"}"),
        ]
        func vector(_ selector: String, _ node: String, _ namespace: String) -> Vector {
            let bytes = selectionBytes(selector: selector, node: node, namespace: namespace)
            return [
                "selector": selector, "node": node, "namespace": namespace, "bytes": hex(bytes),
                "fingerprint": Hash256.of(bytes).description,
            ]
        }
        return [
            "valid": cases.map { vector($0, $1, $2) },
            "asked": asked.map { asked, selector in
                vector(selector, "", "").merging(["asked": asked]) { old, _ in old }
            },
        ]
    }
}
