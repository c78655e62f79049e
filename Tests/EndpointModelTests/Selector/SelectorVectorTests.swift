import CattailTestKit
import EndpointModel
import Foundation
import Testing

@Suite("Selectors answer as the reference does")
struct SelectorVectorTests {
    struct File: Decodable {
        var count: Int
        var vectors: [Vector]
    }

    struct Vector: Decodable {
        struct Case: Decodable {
            var labels: [String: String]
            var match: Bool
        }
        struct Prefixed: Decodable {
            var prefix: String
            var canonical: String
        }
        struct Restriction: Decodable, Equatable {
            var mustBePresent: Bool?
            var mustBeAbsent: Bool?
            var oneOf: [String]?
        }

        var id: String
        var selector: String
        var valid: Bool
        var canonical: String?
        var uid: String?
        var cases: [Case]?
        var prefixed: Prefixed?
        var restrictions: [String: Restriction]?
    }

    @Test("our 88 vectors pass")
    func ours() throws {
        let url = try #require(
            Bundle.module.url(
                forResource: "selectors", withExtension: "json", subdirectory: "Vectors"))
        try check(url, count: 88)
    }

    @Test("the reference's own 189 vectors pass, where they are present")
    func reference() throws {
        guard let url = ReferenceVectors.url("vectors/reference/selectors.json") else { return }
        try check(url, count: 189)
    }

    private func check(_ url: URL, count: Int) throws {
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
        #expect(file.count == count)
        #expect(file.vectors.count == count)
        for vector in file.vectors { try check(vector) }
    }

    private func check(_ vector: Vector) throws {
        let comment = Comment(rawValue: "\(vector.id): \(vector.selector.prefix(200))")
        guard vector.valid else {
            #expect(throws: SelectorError.self, comment) {
                try Selector(parsing: vector.selector)
            }
            if vector.selector.allSatisfy({ !$0.isWhitespace }) {
                #expect(Selector.normalise(" \(vector.selector)\n") == vector.selector, comment)
            }
            return
        }
        let selector = try Selector(parsing: vector.selector)
        let canonical = try #require(vector.canonical)
        #expect(Array(selector.canonical.utf8) == Array(canonical.utf8), comment)
        #expect(selector.uid == vector.uid, comment)
        #expect(try Selector(parsing: canonical) == selector, comment)
        #expect(Selector.normalise("\r\n" + vector.selector) == canonical, comment)
        for labels in vector.cases ?? [] {
            #expect(selector.matches(labels.labels) == labels.match, comment)
        }
        if let prefixed = vector.prefixed {
            let visited = try selector.prefixingLabels(with: prefixed.prefix)
            #expect(visited.canonical == prefixed.canonical, comment)
            #expect(try Selector(parsing: visited.canonical) == visited, comment)
        }
        if let wanted = vector.restrictions {
            #expect(selector.restrictions.mapValues(Vector.Restriction.init) == wanted, comment)
        }
    }
}

extension SelectorVectorTests.Vector.Restriction {
    init(_ restriction: LabelRestriction) {
        mustBePresent = restriction.mustBePresent ? true : nil
        mustBeAbsent = restriction.mustBeAbsent ? true : nil
        oneOf = restriction.oneOf?.map { String(decoding: $0, as: UTF8.self) }
    }
}
