import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

/// A document around the given members of metadata and spec, as JSON text.
func document(metadata: String = "", spec: String = "") throws -> DocumentValue {
    try JSONReader.read(
        """
        {"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint",
         "metadata":{"namespace":"default"\(metadata)},
         "spec":{"node":"n","orchestrator":"k8s","pod":"p","endpoint":"e","interfaceName":"c"\(spec)}}
        """)
}

private func strictFaults(_ document: DocumentValue) -> [String] {
    WorkloadEndpoint.decode(document, mode: .strict).allFaults().map(\.description)
}

@Suite("Strict reading of documents")
struct StrictDecodingTests {
    @Test("every misfit is named by its JSON path, together with the rules' faults")
    func allAtOnce() throws {
        let document = try document(
            metadata: #","labels":{"app":true,"k!":"v"},"selflink":"x""#,
            spec: #"""
                ,"bogus":1,"mac":"zz","ipNetworks":"10.0.0.1","ports":[{"name":"a","protocol":"TCP",
                "port":1},{"name":"b","protocol":256,"port":70000,"hostport":1}],
                "qosControls":{"ingressBandwidth":1.5,"speed":1}
                """#)
        #expect(
            strictFaults(document) == [
                "metadata.labels[app]: is true where text (in quotes, if it is meant so) belongs",
                "metadata.selflink: is not recognized or is in the wrong location",
                "spec.bogus: is not recognized or is in the wrong location",
                "spec.ipNetworks: is the text '10.0.0.1' where a list belongs",
                "spec.ports[1].protocol: 256 is not a whole number in 0-255",
                "spec.ports[1].port: 70000 is not in 1-65535",
                "spec.ports[1].hostport: is not recognized or is in the wrong location",
                "spec.qosControls.ingressBandwidth: 1.5 is not a whole number in "
                    + "-9223372036854775808-9223372036854775807",
                "spec.qosControls.speed: is not recognized or is in the wrong location",
                "metadata.labels[k!]: k! \(labelRule)",
                "spec.mac: zz is not a MAC address of 6, 8 or 20 octets",
            ])
    }

    private let labelRule =
        "is not letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"

    @Test("a field that could not be read is not judged by the rules as well")
    func oneMistakeOnce() throws {
        #expect(
            strictFaults(
                try document(spec: #","ports":[{"name":"a","protocol":"TCP","port":"80"}]"#))
                == [
                    "spec.ports[0].port: is the text '80' where a whole number without quotes belongs"
                ])
        var unnamed = try document(metadata: #","name":"other""#)
        unnamed.set("spec", try JSONReader.read(#"{"node":"n","pod":["p"],"interfaceName":"c"}"#))
        #expect(
            strictFaults(unnamed) == [
                "spec.pod: is a list where text belongs",
                "spec.orchestrator: is required to derive the endpoint's name",
            ])
    }

    @Test("a bare number where a string belongs keeps its digits")
    func digits() throws {
        let document = try document(
            metadata: #","labels":{"version":1.10}"#,
            spec: #","containerID":1337495556942031415926535"#)
        let decoded = WorkloadEndpoint.decode(document, mode: .strict)
        #expect(decoded.faults == [])
        #expect(decoded.value.spec.containerID == "1337495556942031415926535")
        #expect(decoded.value.metadata.labels == ["version": "1.10"])
    }

    @Test(
        "a document of another kind or version, or of none, is refused",
        arguments: [
            (#"{}"#, ["apiVersion", "kind"]),
            (#"{"apiVersion":"v1","kind":"Pod"}"#, ["kind", "apiVersion"]),
            (#"{"apiVersion":"projectcalico.org/v3","kind":null}"#, ["kind"]),
            (#"[1]"#, ["document"]), (#"null"#, ["document"]),
            (
                #"{"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint","spec":1}"#,
                ["spec"]
            ),
        ])
    func foreign(text: String, fields: [String]) throws {
        let decoded = WorkloadEndpoint.decode(try JSONReader.read(text), mode: .strict)
        #expect(decoded.faults.map(\.field) == fields)
    }

    @Test("null is the same as nothing")
    func nulls() throws {
        let nulls = try document(
            metadata: #","labels":null,"uid":null,"creationTimestamp":null,"ownerReferences":null"#,
            spec: #","ports":null,"qosControls":null,"mac":null,"ipNATs":null"#)
        let decoded = WorkloadEndpoint.decode(nulls, mode: .strict)
        #expect(decoded.faults == [])
        #expect(decoded.value == WorkloadEndpoint.decode(try document(), mode: .strict).value)
    }

    @Test(
        "a protocol is a number or a name, and a string of digits is the number",
        arguments: [
            ("6", TransportProtocol.number(6)), (#""6""#, .number(6)), (#""007""#, .number(7)),
            (#""TCP""#, .name("TCP")), (#""256""#, .name("256")), (#""+6""#, .name("+6")),
            (#""""#, .name("")), ("null", .number(0)), (#""000000000000000000006""#, .number(6)),
        ])
    func protocols(text: String, wanted: TransportProtocol) throws {
        let decoded = TransportProtocol.decode(try JSONReader.read(text), at: "protocol")
        #expect(decoded.faults == [])
        #expect(decoded.value == wanted)
    }

    @Test(
        "the members of metadata that nothing reads are kept in Kubernetes' order, if well formed")
    func otherFields() throws {
        let kept = try document(
            metadata: #","finalizers":["f"],"generation":3,"ownerReferences":[{"name":"o"}]"#)
        let decoded = WorkloadEndpoint.decode(kept, mode: .strict)
        #expect(decoded.faults == [])
        #expect(
            decoded.value.metadata.otherFields
                == #"{"generation":3,"ownerReferences":[{"name":"o"}],"finalizers":["f"]}"#)
        let broken = try document(
            metadata: #","finalizers":[1],"generation":"3","clusterName":"x","ownerReferences":[1]"#
        )
        #expect(
            WorkloadEndpoint.decode(broken, mode: .strict).faults.map(\.field) == [
                "metadata.finalizers", "metadata.generation", "metadata.clusterName",
                "metadata.ownerReferences",
            ])
    }

    @Test("the faults of a hostile document are bounded (G12)", .timeLimit(.minutes(1)))
    func boundedFaults() throws {
        let members = (0..<50_000).map { #","x\#($0)":1"# }.joined()
        let ports = Array(repeating: "{}", count: 50_000).joined(separator: ",")
        let document = try document(spec: members + #","ports":[\#(ports)]"#)
        let faults = WorkloadEndpoint.decode(document, mode: .strict).allFaults()
        #expect(faults.count == FaultList.mostFaults + 1)
    }
}

@Suite("The sample documents")
struct SampleDocumentTests {
    @Test(
        "the documents of the reference's tests are read whole, and judged as its validator does",
        arguments: [
            ("e2e-spec1-1", []), ("e2e-spec1-2", []), ("e2e-spec2-1", []), ("felixfv-status", []),
            ("st-name1", []), ("st-name2", []), ("openstack-issue-1805-etcd-value", []),
            (
                "syncer-full",
                ["spec.profiles[0]", "spec.ipNATs[0]", "spec.ports[0].protocol"]
            ),
        ])
    func documents(name: String, fields: [String]) throws {
        guard let url = ReferenceVectors.url("documents/\(name).json") else { return }
        let document = try JSONReader.read([UInt8](Data(contentsOf: url)))
        let decoded = WorkloadEndpoint.decode(document, mode: .strict)
        #expect(decoded.faults == [])
        #expect(Set(decoded.allFaults().map(\.field)) == Set(fields))
    }

    @Test("the documentation's sample applies as printed, as the document that it means")
    func documentationSample() throws {
        guard let printed = ReferenceVectors.url("documents/docs-sample.yaml"),
            let meant = ReferenceVectors.url("documents/docs-sample-fixed.yaml")
        else { return }
        let sample = try endpoint(printed)
        #expect(sample == (try endpoint(meant)))
        #expect(sample.spec.containerID == "1337495556942031415926535")
        #expect(sample.validate(for: .create) == [])
    }

    private func endpoint(_ url: URL) throws -> WorkloadEndpoint {
        let document = try #require(try YAMLReader.read([UInt8](Data(contentsOf: url))))
        let decoded = WorkloadEndpoint.decode(document.value, mode: .strict)
        #expect(decoded.faults == [])
        return decoded.value
    }
}
