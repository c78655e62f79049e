import EndpointModel
import Testing

@Suite("Encoded items and records")
struct EncodedItemTests {
    static let key = EndpointKey(namespace: "default", name: "node1-k8s-pod-eth0")

    static func endpoint() -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.labels = ["tier": "web", "app": "frontend", "empty": ""]
        endpoint.metadata.annotations = ["b": "2", "a": "1"]
        endpoint.spec.node = "node1"
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.pod = "pod"
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.interfaceName = "cali0123456789a"
        endpoint.spec.ipNetworks = ["10.0.0.1/32", "", "fd00::1/128"]
        endpoint.spec.ports = [
            EndpointPort(name: "http", transport: .name("TCP"), port: 8080),
            EndpointPort(
                name: "", transport: .number(17), port: 53, hostPort: 53, hostIP: "1.2.3.4"),
        ]
        endpoint.spec.ipNATs = [IPNAT(internalIP: "10.0.0.1", externalIP: "1.1.1.1")]
        var qos = QoSControls()
        qos.ingressBandwidth = -1
        qos.dscp = "EF"
        endpoint.spec.qosControls = qos
        endpoint.unknownFields = #"{"spec":{"new":1}}"#
        return endpoint
    }

    static func item(seq: UInt64 = 7, previous: UInt64 = 3) throws -> EncodedItem {
        var generator = SystemRandomNumberGenerator()
        return try endpoint().encodedEndpoint().withUnsafeBytes {
            try EncodedItem.put(
                seq: Seq(seq), previousSeq: Seq(previous), key: key,
                uid: .random(using: &generator), creationTime: Timestamp(seconds: 1_700_000_000),
                endpoint: $0)
        }
    }

    @Test("An item decodes to the endpoint that it was made of")
    func roundTrip() throws {
        let item = try Self.item()
        let read = try EncodedItem(validating: item.bytes)
        var expected = Self.endpoint()
        expected.metadata.namespace = Self.key.namespace
        expected.metadata.name = Self.key.name
        expected.metadata.uid = try #require(item.uid).description
        expected.metadata.resourceVersion = "7"
        expected.metadata.creationTimestamp = Timestamp(seconds: 1_700_000_000)
        #expect(try read.endpoint() == expected)
        #expect(read.hash == item.hash)
        #expect(read.node == "node1")
        #expect(read.previousSeq == Seq(3))
    }

    @Test("An item made around a known endpoint is the one that is read from its bytes")
    func madeAroundEndpoint() throws {
        let made = try EncodedItem.put(
            seq: Seq(7), previousSeq: Seq(3), key: Self.key, uid: #require(Self.item().uid),
            creationTime: Timestamp(seconds: 1_700_000_000),
            endpoint: EncodedEndpoint(validating: Self.endpoint().encodedEndpoint()))
        let read = try EncodedItem(validating: made.bytes)
        #expect(made.hash == read.hash)
        #expect(made.seq == read.seq && made.previousSeq == read.previousSeq)
        #expect(made.kind == read.kind && made.creationTime == read.creationTime)
        #expect(made.key == read.key && made.uid == read.uid && made.node == read.node)
        #expect(made.endpointRange == read.endpointRange)
        #expect(made.keepsMetadata == read.keepsMetadata)
        #expect(made.withLabelBytes { Array($0) } == read.withLabelBytes { Array($0) })
        #expect(try made.endpoint() == read.endpoint())
        #expect(throws: WireError.self) {
            try EncodedItem.put(
                seq: Seq(3), previousSeq: Seq(3), key: Self.key, uid: #require(made.uid),
                creationTime: Timestamp(seconds: 1),
                endpoint: EncodedEndpoint(validating: Self.endpoint().encodedEndpoint()))
        }
    }

    @Test(
        "No truncation and no flipped bit of an item traps, and what is accepted re-encodes (G12)")
    func hostileBytes() throws {
        let bytes = try Self.item().bytes
        for length in 0..<bytes.count {
            #expect(throws: WireError.self) {
                try EncodedItem(validating: Array(bytes.prefix(length)))
            }
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                guard let item = try? EncodedItem(validating: damaged) else { continue }
                #expect(item.hash != (try Self.item().hash))
                _ = try item.endpoint()
            }
        }
    }

    @Test("A record keeps item and audit, and its hash follows from both")
    func record() throws {
        let audit = AuditPart(
            epochNumber: 1, time: Timestamp(microseconds: 5), wallTime: Timestamp(microseconds: 4),
            actor: "me", requestID: "r-1", requestHash: .of([1]), address: "127.0.0.1:1",
            origin: Origin(resourceVersion: "9", uid: "u", faults: ["", "x"]))
        let record = EncodedRecord(item: try Self.item(), audit: audit)
        let read = try EncodedRecord(validating: record.bytes)
        #expect(read.hash == record.hash)
        #expect(try read.audit() == audit)
        #expect(record.bytes.count == record.byteCount)
        #expect(
            record.hash == Hash256.of(record.item.hash.bytes + Hash256.of(audit.encoded()).bytes))
    }

    @Test("Bytes that are not canonical are refused: order, repeats, long varints, zeros")
    func nonCanonical() throws {
        #expect(throws: WireError.fieldOutOfOrder(field: 1)) {
            try EncodedItem(validating: [0x18, 3, 0x08, 1])
        }
        #expect(throws: WireError.fieldOutOfOrder(field: 1)) {
            try EncodedItem(validating: [0x08, 1, 0x08, 2])
        }
        #expect(throws: WireError.varintMalformed(offset: 1)) {
            try EncodedItem(validating: [0x08, 0x81, 0x00])
        }
        #expect(throws: WireError.fieldEmpty(field: 1)) {
            try EncodedItem(validating: [0x08, 0])
        }
    }

    @Test("A control event keeps its epoch")
    func control() throws {
        let item = try EncodedItem.control(seq: Seq(1), .epoch(Epoch(number: 1, leaderID: 99)))
        #expect(
            try EncodedItem(validating: item.bytes).control()
                == .epoch(Epoch(number: 1, leaderID: 99)))
    }

    @Test("Timestamps read what they print")
    func timestamps() {
        for micros: Int64 in [0, 1, 1_700_000_000_250_000, -1, 253_402_300_799_000_000] {
            let time = Timestamp(microseconds: micros)
            #expect(Timestamp(rfc3339: time.description) == time)
        }
        #expect(
            Timestamp(microseconds: 1_763_894_520_000_000).description == "2025-11-23T10:42:00Z")
        #expect(
            Timestamp(rfc3339: "2025-11-23T12:42:00+02:00")
                == Timestamp(microseconds: 1_763_894_520_000_000))
        #expect(Timestamp(rfc3339: "2025-02-29T00:00:00Z") == nil)
        // Written in a year that is one, and a moment in a year that is none.
        #expect(Timestamp(rfc3339: "0001-01-01T00:00:00+00:01") == nil)
        #expect(Timestamp(rfc3339: "9999-12-31T23:59:60-01:30") == nil)
    }
}
