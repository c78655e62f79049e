import EndpointModel
import SyncProtocol

/// SplitMix64: the same sequence for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// Random, legal values of everything that travels.
struct Samples {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(state: seed) }

    mutating func number(_ bound: UInt64) -> UInt64 { generator.next() % bound }
    mutating func maybe<Value>(_ value: (inout Samples) -> Value) -> Value? {
        number(2) == 0 ? nil : value(&self)
    }

    /// Numbers of every varint length.
    mutating func wide() -> UInt64 { generator.next() >> number(64) }
    mutating func seq() -> Seq { Seq(max(1, min(wide(), Seq.last.rawValue))) }
    mutating func hash() -> Hash256 {
        Hash256(
            lane0: generator.next(), lane1: generator.next(), lane2: generator.next(),
            lane3: generator.next())
    }
    mutating func text() -> String {
        let alphabet = Array("abcxyz-./09é√🐈")
        return String((0..<number(12)).map { _ in alphabet[Int(number(UInt64(alphabet.count)))] })
    }
    mutating func word() -> String { "w" + text() }
    mutating func key() -> EndpointKey { EndpointKey(namespace: word(), name: word()) }
    mutating func uid() -> UID { .random(using: &generator) }
    mutating func epoch() -> Epoch { Epoch(number: wide(), leaderID: wide()) }
    mutating func position() -> Position {
        Position(
            logID: .random(using: &generator), epoch: epoch(), seq: seq(), chain: hash())
    }
    mutating func endpoint() -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        for _ in 0..<number(6) { endpoint.metadata.labels[word()] = text() }
        for _ in 0..<number(2) { endpoint.metadata.annotations[word()] = text() }
        endpoint.metadata.generateName = text()
        endpoint.spec.node = text()
        endpoint.spec.orchestrator = text()
        endpoint.spec.workload = text()
        endpoint.spec.containerID = text()
        endpoint.spec.pod = text()
        endpoint.spec.endpoint = text()
        endpoint.spec.serviceAccountName = text()
        endpoint.spec.ipNetworks = (0..<number(3)).map { _ in text() }
        endpoint.spec.profiles = (0..<number(3)).map { _ in text() }
        endpoint.spec.interfaceName = text()
        endpoint.spec.mac = text()
        endpoint.spec.ports = (0..<number(3)).map { _ in
            EndpointPort(
                name: text(),
                transport: number(2) == 0
                    ? .number(UInt8(number(256))) : .name(word()),
                port: UInt16(number(65_536)), hostPort: UInt16(number(65_536)), hostIP: text())
        }
        endpoint.spec.ipNATs = (0..<number(2)).map { _ in
            IPNAT(internalIP: text(), externalIP: text())
        }
        endpoint.spec.ipv4Gateway = text()
        endpoint.spec.ipv6Gateway = text()
        endpoint.spec.allowSpoofedSourcePrefixes = (0..<number(2)).map { _ in text() }
        endpoint.spec.qosControls = maybe { samples in
            var qos = QoSControls()
            qos.ingressBandwidth = Int64(bitPattern: samples.wide())
            qos.egressMaxConnections = Int64(bitPattern: samples.wide())
            qos.dscp = samples.text()
            return qos
        }
        endpoint.unknownFields = text()
        return endpoint
    }
    mutating func put(key: EndpointKey? = nil, seq: Seq? = nil) -> EncodedItem {
        let seq = seq ?? self.seq()
        let key = key ?? self.key()
        let uid = self.uid()
        let time = Timestamp(microseconds: Int64(bitPattern: wide()))
        return unwrap {
            try endpoint().encodedEndpoint().withUnsafeBytes { bytes in
                try EncodedItem.put(
                    seq: seq, previousSeq: Seq(seq.rawValue / 2), key: key, uid: uid,
                    creationTime: time, endpoint: bytes)
            }
        }
    }
    mutating func item() -> EncodedItem {
        let seq = self.seq()
        switch number(3) {
        case 0:
            return unwrap {
                try .delete(seq: seq, previousSeq: Seq(seq.rawValue / 2), key: key(), uid: uid())
            }
        case 1:
            let epoch = Epoch(number: wide() | 1, leaderID: wide())
            return unwrap { try .control(seq: seq, .epoch(epoch)) }
        default: return put()
        }
    }
    mutating func origin() -> Origin {
        Origin(
            resourceVersion: text(), uid: text(), creationTimestamp: text(),
            faults: (0..<number(3)).map { _ in text() })
    }
    mutating func record() -> EncodedRecord {
        let time = Timestamp(microseconds: Int64(number(1 << 50)))
        let audit = AuditPart(
            epochNumber: wide() | 1, time: time,
            wallTime: maybe { Timestamp(microseconds: Int64($0.number(1 << 50)) + 1) } ?? time,
            actor: text(), actorProof: number(2) == 0 ? .unverified : .certificate,
            requestID: text(), requestHash: maybe { $0.hash() }, address: text(),
            origin: maybe { $0.origin() })
        return EncodedRecord(item: item(), audit: audit)
    }
    mutating func mark() -> Mark {
        Mark(
            place: number(2) == 0 ? .position(position()) : .step(seq(), chain: hash()),
            digest: maybe { StateDigest(sum: $0.hash()) }, count: maybe { $0.wide() },
            sync: number(2) == 0 ? .more : .inSync)
    }
    mutating func patch() -> Patch {
        let seq = Seq(max(2, self.seq().rawValue))
        return Patch(
            seq: seq, previousSeq: Seq(1 + number(seq.rawValue - 1)),
            spans: (0..<number(3)).map { index in
                Patch.Span(
                    at: UInt32(index * 100), remove: UInt32(number(100)),
                    insert: Array(text().utf8))
            })
    }
    mutating func change() -> Change {
        switch number(4) {
        case 0: .removal(Removal(seq: seq(), key: key()))
        case 1: .patch(patch())
        default: .put(put())
        }
    }

    func unwrap<Value>(_ make: () throws -> Value) -> Value {
        do { return try make() } catch { preconditionFailure("a sample is not legal: \(error)") }
    }
}
