import CattailTestKit
import EndpointModel
import Foundation
import Testing

/// `vectors/…/wep-names.json`, whose schema line explains the fields.
private struct NameVectors: Decodable {
    var count: Int
    var vectors: [Vector]

    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var op: String
        var ids: Identifiers?
        var name: String?
        var namespace: String?
        var ok: Bool
        var wantName: String?
        var wantIds: Identifiers?
        var wantKey: Key?
        var match: Bool?
        var errorField: String?

        var testDescription: String { "\(id) \(op)" }
    }

    struct Identifiers: Decodable, Sendable {
        var node: String?
        var orchestrator: String?
        var endpoint: String?
        var workload: String?
        var pod: String?
        var containerID: String?

        var identifiers: EndpointIdentifiers {
            EndpointIdentifiers(
                node: node ?? "", orchestrator: orchestrator ?? "", endpoint: endpoint ?? "",
                workload: workload ?? "", pod: pod ?? "", containerID: containerID ?? "")
        }
    }

    struct Key: Decodable, Sendable {
        var hostname: String
        var orchestratorID: String
        var workloadID: String
        var endpointID: String
    }

    static func load(_ url: URL) throws -> NameVectors {
        try JSONDecoder().decode(NameVectors.self, from: Data(contentsOf: url))
    }
}

@Suite("The vectors of endpoint names")
struct EndpointNameVectorTests {
    @Test("our vectors of names pass, all 55")
    func ourVectors() throws {
        let url = try #require(
            Bundle.module.url(
                forResource: "wep-names", withExtension: "json", subdirectory: "Vectors"))
        try run(url, count: 55)
    }

    @Test("the reference's vectors of names pass, all 41")
    func referenceVectors() throws {
        guard let url = ReferenceVectors.url("vectors/reference/wep-names.json") else { return }
        try run(url, count: 41)
    }

    private func run(_ url: URL, count: Int) throws {
        let file = try NameVectors.load(url)
        #expect(file.count == count)
        #expect(file.vectors.count == count)
        for vector in file.vectors { check(vector) }
    }

    private func check(_ vector: NameVectors.Vector) {
        let identifiers = vector.ids?.identifiers ?? EndpointIdentifiers()
        let name = vector.name ?? ""
        var fault: FieldFault?
        do {
            switch vector.op {
            case "calculate":
                let derived = try EndpointName.derive(from: identifiers)
                #expect(derived == vector.wantName, "\(vector.id)")
            case "prefix":
                let prefix = try EndpointName.prefix(of: identifiers)
                #expect(prefix == vector.wantName, "\(vector.id)")
            case "match":
                let match = try EndpointName.matches(identifiers, name)
                #expect(match == vector.match, "\(vector.id)")
            case "parse":
                let parsed = try EndpointName.parse(name)
                #expect(parsed == vector.wantIds?.identifiers, "\(vector.id)")
            case "key":
                let key = EndpointName.v1Key(namespace: vector.namespace ?? "", name: name)
                checkKey(key, vector)
                return
            default:
                Issue.record("\(vector.id): no test for \(vector.op)")
            }
        } catch {
            fault = error
        }
        #expect((fault == nil) == vector.ok, "\(vector.id)")
        if let field = vector.errorField {
            #expect(fault?.field == "spec.\(field)", "\(vector.id)")
        }
    }

    private func checkKey(_ key: V1EndpointKey?, _ vector: NameVectors.Vector) {
        #expect((key != nil) == vector.ok, "\(vector.id)")
        #expect(key?.hostname == vector.wantKey?.hostname, "\(vector.id)")
        #expect(key?.orchestratorID == vector.wantKey?.orchestratorID, "\(vector.id)")
        #expect(key?.workloadID == vector.wantKey?.workloadID, "\(vector.id)")
        #expect(key?.endpointID == vector.wantKey?.endpointID, "\(vector.id)")
    }
}
