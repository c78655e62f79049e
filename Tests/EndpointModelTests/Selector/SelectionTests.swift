import EndpointModel
import Testing

@Suite("A selection is known by its fingerprint")
struct SelectionTests {
    private func matches(
        _ selection: Selection, namespace: String, node: String, labels: [String: String] = [:]
    ) -> Bool {
        Array(namespace.utf8).withUnsafeBytes { namespace in
            Array(node.utf8).withUnsafeBytes { node in
                selection.matches(namespace: namespace, node: node, labels: labels)
            }
        }
    }

    @Test("the bytes under the fingerprint are the documented ones")
    func bytes() throws {
        let selection = Selection(
            selector: try Selector(parsing: "has( a )"), node: "n1", namespace: "prod")
        let wanted =
            Array("cattail/selection".utf8) + [0, 0, 0, 1]
            + [0, 0, 0, 6] + Array("has(a)".utf8)
            + [0, 0, 0, 2] + Array("n1".utf8)
            + [0, 0, 0, 4] + Array("prod".utf8)
        #expect(selection.canonicalBytes == wanted)
        #expect(selection.fingerprint == Hash256.of(wanted))
        #expect(
            Selection.everything.canonicalBytes
                == Array("cattail/selection".utf8) + [0, 0, 0, 1, 0, 0, 0, 5]
                + Array("all()".utf8) + [0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("fingerprints are pinned: a change would cost every subscriber a snapshot (G8)")
    func pinned() throws {
        #expect(
            Selection.everything.fingerprint.description
                == "2d83bb2a79574a834d8630f316b16fac3289624e4bf2d08783a72f9c8753803e")
        let selection = Selection(
            selector: try Selector(parsing: "a in {'y', \"x\"}"), node: "node-1", namespace: "é")
        #expect(
            selection.fingerprint.description
                == "9274e709edb3510ddb66b93a49d3b8a9db348f2c136a944ace03933a6b5d4d75")
    }

    @Test("one selection in several spellings has one fingerprint, another has another")
    func spelling() throws {
        let plain = Selection(selector: try Selector(parsing: "has(a)"))
        let nested = Selection(selector: try Selector(parsing: "!(!(has(a)))"))
        #expect(plain.fingerprint == nested.fingerprint)
        #expect(plain == nested)
        #expect(plain.hashValue == nested.hashValue)
        #expect(try Selection(selector: Selector(parsing: nested.selector.canonical)) == nested)
        #expect(Selection(node: "", namespace: "") == .everything)
        let different = [
            plain, .everything, Selection(node: "a"), Selection(namespace: "a"),
            Selection(node: "ab"), Selection(node: "a", namespace: "b"),
            Selection(node: "b", namespace: "a"), Selection(node: "\u{e9}"),
            Selection(node: "e\u{301}"),
        ]
        #expect(Set(different.map(\.fingerprint)).count == different.count)
        #expect(Set(different).count == different.count)
    }

    @Test("node, namespace and selector must all agree (G6)")
    func narrowing() throws {
        let selection = Selection(
            selector: try Selector(parsing: "tier == 'web'"), node: "n1", namespace: "prod")
        let web = ["tier": "web"]
        #expect(matches(selection, namespace: "prod", node: "n1", labels: web))
        #expect(!matches(selection, namespace: "prod", node: "n1"))
        #expect(!matches(selection, namespace: "prod", node: "n11", labels: web))
        #expect(!matches(selection, namespace: "prod2", node: "n1", labels: web))
        #expect(!matches(selection, namespace: "", node: "", labels: web))
        #expect(matches(.everything, namespace: "", node: ""))
        #expect(matches(Selection(node: "n1"), namespace: "any", node: "n1"))
        #expect(matches(Selection(namespace: "any"), namespace: "any", node: "n1"))
    }

    @Test("a decoded endpoint is judged as its bytes are (G6)")
    func endpoint() throws {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = "prod"
        endpoint.metadata.labels = ["tier": "web"]
        endpoint.spec.node = "n1"
        let web = try Selector(parsing: "tier == 'web'")
        for selector in [web, try Selector(parsing: "!has(tier)")] {
            for node in [nil, "n1", "n2"] {
                for namespace in [nil, "prod", "pro"] {
                    let selection = Selection(
                        selector: selector, node: node, namespace: namespace)
                    #expect(
                        selection.matches(endpoint)
                            == matches(
                                selection, namespace: "prod", node: "n1",
                                labels: endpoint.metadata.labels))
                }
            }
        }
    }
}
