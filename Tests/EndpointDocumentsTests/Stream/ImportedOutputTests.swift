import EndpointDocuments
import EndpointModel
import Testing

struct ImportedOutputTests {
    @Test("what the writers print as lists comes back item by item, in YAML and JSON")
    func lists() throws {
        for seed in UInt64(0)..<300 {
            var random = RandomTree(seed: seed)
            let items = (0..<5).map { index in
                DocumentValue.object([
                    .init("index", .number("\(index)")), .init("value", random.value()),
                ])
            }
            let list = DocumentValue.object([
                .init("kind", .string("WorkloadEndpointList")), .init("items", .array(items)),
                .init("metadata", .object([.init("resourceVersion", .string("42"))])),
            ])
            var tight = DocumentLimits.standard
            tight.documentBytes = 1000
            for text in [list.yaml, list.prettyJSON, list.compactJSON] {
                for limits in [DocumentLimits.standard, tight] {
                    let longest = items.map { $0.prettyJSON(level: 2).utf8.count }.max() ?? 0
                    if limits == tight, longest > 900 { continue }
                    let results = readStream(text, feeding: 100, limits: limits)
                    let values = try results.map { try $0.get().value.sorted }
                    #expect(values == items.map(\.sorted), "seed \(seed)")
                }
            }
        }
    }
}
