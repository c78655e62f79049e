import EndpointDocuments
import EndpointModel
import Testing

@Suite("Lenient reading, for imports")
struct LenientDecodingTests {
    @Test("what fits no field is kept in place, noted, and back in the document")
    func kept() throws {
        let given = try document(
            metadata: #","clusterName":"x","labels":{"app":{"a":1},"b":"c"},"finalizers":[1]"#,
            spec: #"""
                ,"newField":{"deep":[1,null]},"containerID":false,"ipNetworks":["10.0.0.1",[2]],
                "ports":[{"name":"a","protocol":"TCP","port":1},
                {"name":"b","protocol":256,"port":70000,"range":"1-2"}],"qosControls":{"speed":1}
                """#)
        let decoded = WorkloadEndpoint.decode(given, mode: .lenient)
        #expect(decoded.faults == [])
        #expect(
            decoded.notes.map(\.field) == [
                "metadata.clusterName", "metadata.labels[app]", "metadata.finalizers",
                "spec.newField", "spec.containerID", "spec.ipNetworks[1]",
                "spec.ports[1].protocol", "spec.ports[1].port", "spec.ports[1].range",
                "spec.qosControls.speed",
            ])
        #expect(
            decoded.value.unknownFields
                == #"{"metadata":{"clusterName":"x","finalizers":[1],"labels":{"app":{"a":1}}},"#
                + #""spec":{"containerID":false,"ipNetworks":[null,[2]],"#
                + #""newField":{"deep":[1,null]},"ports":[null,{"port":70000,"protocol":256,"#
                + #""range":"1-2"}],"qosControls":{"speed":1}}}"#)
        let back = DocumentValue(decoded.value)
        #expect(back["spec"]?["newField"] == given["spec"]?["newField"])
        #expect(back["spec"]?["containerID"] == .bool(false))
        #expect(back["spec"]?["ipNetworks"] == given["spec"]?["ipNetworks"])
        #expect(back["metadata"]?["labels"] == given["metadata"]?["labels"])
        #expect(back["metadata"]?["finalizers"] == given["metadata"]?["finalizers"])
        #expect(back["spec"]?["qosControls"]?["speed"] == .number("1"))
        #expect(
            back["spec"]?["ports"]?.compactJSON
                == #"[{"name":"a","protocol":"TCP","port":1,"hostPort":0,"hostIP":""},"#
                + #"{"name":"b","protocol":256,"port":70000,"hostPort":0,"hostIP":"","#
                + #""range":"1-2"}]"#)
    }

    @Test("reading back what was written changes nothing, in whatever order members come")
    func stable() throws {
        let given = try document(
            metadata: #","ownerReferences":[{"name":"o","kind":"k"}],"y":{"b":1,"a":2}"#,
            spec: #","x":1,"ipNetworks":[true,"10.0.0.1"],"ports":"none""#)
        let once = WorkloadEndpoint.decode(given, mode: .lenient).value
        #expect(WorkloadEndpoint.decode(DocumentValue(once), mode: .lenient).value == once)
        #expect(WorkloadEndpoint.decode(given.reversed, mode: .lenient).value == once)
    }

    @Test("a document that fits leaves nothing aside")
    func nothingUnknown() throws {
        let decoded = WorkloadEndpoint.decode(try document(), mode: .lenient)
        #expect(decoded.value.unknownFields.isEmpty)
        #expect(decoded.notes.isEmpty)
        #expect(decoded.value == WorkloadEndpoint.decode(try document(), mode: .strict).value)
    }

    @Test("breaking a rule refuses nothing, having no key does")
    func refusals() throws {
        let broken = try document(spec: #","mac":"zz","ipNetworks":["x"]"#)
        #expect(WorkloadEndpoint.decode(broken, mode: .lenient).faults.isEmpty)
        for text in [#""text""#, #"{"kind":"Pod","apiVersion":"v1"}"#, "[]"] {
            let decoded = WorkloadEndpoint.decode(try JSONReader.read(text), mode: .lenient)
            #expect(!decoded.faults.isEmpty)
        }
    }

    @Test("an older apiVersion is kept as it stands")
    func apiVersion() throws {
        var given = try document()
        given.set("apiVersion", .string("projectcalico.org/v4"))
        let decoded = WorkloadEndpoint.decode(given, mode: .lenient)
        #expect(decoded.faults == [])
        #expect(decoded.value.unknownFields == #"{"apiVersion":"projectcalico.org/v4"}"#)
        #expect(DocumentValue(decoded.value)["apiVersion"] == .string("projectcalico.org/v4"))
    }

    @Test(
        "fifty thousand unknown fields and elements are kept in one pass (G12)",
        .timeLimit(.minutes(1)))
    func many() throws {
        let members = (0..<50_000).map { #","x\#($0)":1"# }.joined()
        let networks = (0..<50_000).map { $0.isMultiple(of: 2) ? "[]" : "\"1.2.3.4\"" }
        let given = try document(
            spec: members + #","ipNetworks":[\#(networks.joined(separator: ","))]"#)
        let decoded = WorkloadEndpoint.decode(given, mode: .lenient)
        let back = DocumentValue(decoded.value)
        #expect(back["spec"]?["ipNetworks"] == given["spec"]?["ipNetworks"])
        #expect(back["spec"]?["x49999"] == .number("1"))
    }
}
