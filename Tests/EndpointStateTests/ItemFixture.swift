import EndpointModel

/// SplitMix64: the same numbers from the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Items of endpoints that need be nothing but different.
enum Fixture {
    static let created = Timestamp(seconds: 1_700_000_000)

    static func key(_ number: Int) -> EndpointKey {
        EndpointKey(
            namespace: "ns-\(number % 7)", name: "node-\(number % 13)-k8s-pod--\(number)-eth0")
    }

    static func uid(_ number: UInt64) -> UID {
        var generator = SeededGenerator(state: number)
        return .random(using: &generator)
    }

    static func put(
        _ seq: UInt64, _ key: EndpointKey, previous: UInt64 = 0, uid: UID = uid(1),
        created: Timestamp = created, content: UInt64 = 0
    ) throws -> EncodedItem {
        var endpoint = WorkloadEndpoint()
        endpoint.spec.node = "node-\(content % 13)"
        endpoint.spec.containerID = "\(content)"
        endpoint.metadata.labels = ["app": "frontend", "version": "v\(content % 9)"]
        endpoint.spec.ipNetworks = ["10.0.\(content % 256).\(seq % 256)/32"]
        return try endpoint.encodedEndpoint().withUnsafeBytes {
            try EncodedItem.put(
                seq: Seq(seq), previousSeq: Seq(previous), key: key, uid: uid,
                creationTime: created, endpoint: $0)
        }
    }

    static func delete(_ seq: UInt64, _ key: EndpointKey, previous: UInt64, uid: UID = uid(1))
        throws -> EncodedItem
    {
        try EncodedItem.delete(seq: Seq(seq), previousSeq: Seq(previous), key: key, uid: uid)
    }

    static func control(_ seq: UInt64) throws -> EncodedItem {
        try EncodedItem.control(seq: Seq(seq), .epoch(Epoch(number: seq, leaderID: 1)))
    }

    static func unknown(_ seq: UInt64, _ criticality: ControlEvent.Criticality) throws
        -> EncodedItem
    {
        try EncodedItem.control(seq: Seq(seq), .unknown(type: 900, criticality: criticality))
    }
}
