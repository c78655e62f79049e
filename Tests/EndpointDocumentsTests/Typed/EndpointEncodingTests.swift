import EndpointDocuments
import EndpointModel
import Testing

@Suite("Endpoints as documents")
struct EndpointEncodingTests {
    @Test("members stand in the reference's order, whatever order they were read in")
    func order() throws {
        let text = #"""
            {"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":"n",\#
            "generateName":"g","namespace":"ns","selfLink":"/s","uid":"u","resourceVersion":"7",\#
            "generation":1,"creationTimestamp":"2026-11-23T10:42:00Z",\#
            "deletionTimestamp":"2026-11-23T10:42:00Z","deletionGracePeriodSeconds":30,\#
            "labels":{"B":"2","a":"1"},"annotations":{"k":"v"},"ownerReferences":[{"name":"o"}],\#
            "finalizers":["f"],"managedFields":[{"manager":"m"}]},"spec":{"orchestrator":"k8s",\#
            "workload":"w","node":"n","containerID":"c","pod":"p","endpoint":"e",\#
            "serviceAccountName":"s","ipNetworks":["1.2.3.4"],"ipNATs":[{"internalIP":"1.2.3.4",\#
            "externalIP":""}],"ipv4Gateway":"1.1.1.1","ipv6Gateway":"::1","profiles":["p"],\#
            "interfaceName":"i","mac":"cafe1d52bbe9","ports":[{"name":"","protocol":6,"port":0,\#
            "hostPort":0,"hostIP":""}],"allowSpoofedSourcePrefixes":["1.0.0.0/8"],\#
            "qosControls":{"ingressBandwidth":1,"ingressBurst":2,"ingressPeakrate":3,\#
            "ingressMinburst":4,"egressBandwidth":5,"egressBurst":6,"egressPeakrate":7,\#
            "egressMinburst":8,"ingressPacketRate":9,"ingressPacketBurst":10,\#
            "egressPacketRate":11,"egressPacketBurst":12,"ingressMaxConnections":13,\#
            "egressMaxConnections":14,"dscp":"EF"}}}
            """#
        let document = try JSONReader.read(text)
        let decoded = WorkloadEndpoint.decode(document.reversed, mode: .strict)
        #expect(decoded.faults == [])
        #expect(DocumentValue(decoded.value).compactJSON == text)
    }

    @Test("what is empty is left out, but metadata, spec and present limits stand")
    func empty() {
        var endpoint = WorkloadEndpoint()
        #expect(
            DocumentValue(endpoint).compactJSON
                == #"{"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","#
                + #""metadata":{},"spec":{}}"#)
        endpoint.spec.qosControls = QoSControls()
        #expect(DocumentValue(endpoint.spec).compactJSON == #"{"qosControls":{}}"#)
    }

    @Test(
        "a DSCP is a number or a name",
        arguments: [("46", "46"), (#""46""#, "46"), (#""EF""#, #""EF""#), ("0", "0")])
    func dscp(given: String, printed: String) throws {
        let decoded = WorkloadEndpointSpec.decode(
            try JSONReader.read(#"{"qosControls":{"dscp":\#(given)}}"#))
        #expect(decoded.faults == [])
        #expect(
            DocumentValue(decoded.value).compactJSON == #"{"qosControls":{"dscp":\#(printed)}}"#)
    }

    @Test("kept text that is no JSON object is shown, not lost and not trusted (G12)")
    func damagedText() {
        var endpoint = WorkloadEndpoint()
        endpoint.unknownFields = "{broken"
        endpoint.metadata.otherFields = "[1]"
        let document = DocumentValue(endpoint)
        #expect(document["unknownFields"] == .string("{broken"))
        #expect(document["metadata"]?["otherFields"] == .string("[1]"))
    }

    @Test(
        "compact JSON escapes what JSON demands, and makes strings of numbers that it has not",
        arguments: [
            (DocumentValue.string("a\"b\\c\n\r\t\u{1}é"), #""a\"b\\c\n\r\t\u0001é""#),
            (
                .array([.null, .bool(true), .number("1e5"), .number("-0.5")]),
                "[null,true,1e5,-0.5]"
            ),
            (
                .array([.number("0x1F"), .number("010"), .number(".5"), .number("1.")]),
                #"["0x1F","010",".5","1."]"#
            ),
            (.object([]), "{}"),
        ])
    func compact(value: DocumentValue, text: String) {
        #expect(value.compactJSON == text)
    }

    @Test(
        "a random endpoint written and read again is the same",
        arguments: 1...20 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = EndpointDice(seed: seed)
        for _ in 0..<100 {
            let endpoint = random.endpoint()
            let text = DocumentValue(endpoint).compactJSON
            let decoded = WorkloadEndpoint.decode(try JSONReader.read(text), mode: .strict)
            #expect(decoded.faults == [], "seed \(seed): \(text)")
            #expect(decoded.value == endpoint, "seed \(seed): \(text)")
        }
    }
}

extension DocumentValue {
    /// The same with the members of every object in reverse.
    var reversed: DocumentValue {
        switch self {
        case .object(let members):
            .object(members.reversed().map { Member($0.key, $0.value.reversed) })
        case .array(let elements): .array(elements.map(\.reversed))
        case .null, .bool, .number, .string: self
        }
    }
}

/// Endpoints of any content, valid or not.
private struct EndpointDice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func roll(_ sides: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % sides
    }

    private mutating func text() -> String {
        let scalars: [Unicode.Scalar] = ["a", "-", "1", "\"", "\\", "\n", "é", "😀", "\u{0}", "/"]
        var text = String.UnicodeScalarView()
        for _ in 0..<roll(12) { text.append(scalars[Int(roll(10))]) }
        return String(text)
    }

    private mutating func texts() -> [String] { (0..<roll(3)).map { _ in text() } }

    private mutating func map() -> [String: String] {
        Dictionary((0..<roll(4)).map { _ in (text(), text()) }) { first, _ in first }
    }

    private mutating func port() -> EndpointPort {
        // A name of digits alone would come back as the number that it is.
        let transport: TransportProtocol =
            roll(2) == 0 ? .number(UInt8(roll(256))) : .name("x" + text())
        return EndpointPort(
            name: text(), transport: transport, port: UInt16(roll(65_536)),
            hostPort: UInt16(roll(65_536)), hostIP: text())
    }

    mutating func endpoint() -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.name = text()
        endpoint.metadata.generateName = text()
        endpoint.metadata.namespace = text()
        endpoint.metadata.uid = text()
        endpoint.metadata.resourceVersion = text()
        if roll(2) == 0 {
            endpoint.metadata.creationTimestamp = Timestamp(
                microseconds: Int64(roll(1 << 31)) * Int64(roll(1 << 31)) % 250_000_000_000_000_000)
        }
        endpoint.metadata.labels = map()
        endpoint.metadata.annotations = map()
        if roll(2) == 0 { endpoint.metadata.otherFields = #"{"generation":-1,"finalizers":["a"]}"# }
        endpoint.spec.orchestrator = text()
        endpoint.spec.workload = text()
        endpoint.spec.node = text()
        endpoint.spec.containerID = text()
        endpoint.spec.pod = text()
        endpoint.spec.endpoint = text()
        endpoint.spec.serviceAccountName = text()
        endpoint.spec.ipNetworks = texts()
        endpoint.spec.ipNATs = (0..<roll(3)).map { _ in
            IPNAT(internalIP: text(), externalIP: text())
        }
        endpoint.spec.ipv4Gateway = text()
        endpoint.spec.ipv6Gateway = text()
        endpoint.spec.profiles = texts()
        endpoint.spec.interfaceName = text()
        endpoint.spec.mac = text()
        endpoint.spec.ports = (0..<roll(3)).map { _ in port() }
        endpoint.spec.allowSpoofedSourcePrefixes = texts()
        if roll(2) == 0 {
            var controls = QoSControls()
            controls.egressBurst = Int64(bitPattern: roll(1 << 31) &* 0x1_0000_0001)
            controls.ingressMaxConnections = -1
            controls.dscp = roll(2) == 0 ? "46" : "EF"
            endpoint.spec.qosControls = controls
        }
        return endpoint
    }
}
