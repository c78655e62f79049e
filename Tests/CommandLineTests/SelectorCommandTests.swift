import CattailTestKit
import EndpointDocuments
import EndpointModel
import Testing

@Suite("selector")
struct SelectorCommandTests {
    @Test("prints the canonical form and UID, and with labels whether it matches")
    func canonical() async throws {
        let outcome = try await cattail(
            "selector", #"a=="b"&&!has(c)"#, "-l", "a=b", "-o", "json")
        #expect(outcome.code == 0)
        #expect(
            outcome.output == #"{"canonical":"(a == \"b\" && !has(c))","#
                + #""uid":"s:ZOuJtOCU9oTk3kyNxhm9jasTNqcsBGoyP66FHQ","match":true}"# + "\n")
        let plain = try await cattail("selector", "")
        #expect(
            plain.output
                == "canonical: all()\nuid: s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug\n")
    }

    @Test("an expression stands as it is: not trimmed, and with a leading dash behind --")
    func asItStands() async throws {
        let newline = try await cattail("selector", "a == 'b'\n")
        #expect(newline.code == 1)
        let dash = try await cattail("selector", "-o", "json", "-l", "-a=x", "--", "-a == 'x'")
        #expect(try dash.json().first?["match"] == .bool(true))
    }

    @Test("labels are split at commas and at the first =, and an empty text is none")
    func labels() async throws {
        let empty = try await cattail("selector", "-o", "json", "-l", "", "!has(a)")
        #expect(try empty.json().first?["match"] == .bool(true))
        let emptyValue = try await cattail(
            "selector", "-o", "json", "-l", "a=,b=c=d",
            #"a == "" && b == "c=d""#)
        #expect(try emptyValue.json().first?["match"] == .bool(true))
        let without = try await cattail("selector", "-o", "json", "has(a)")
        #expect(try without.json().first?.keys == ["canonical", "uid"])
    }

    @Test("a bad expression is one line that names the place, and exit 1")
    func badExpression() async throws {
        let outcome = try await cattail("selector", "a =")
        #expect(outcome.code == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.errors.hasPrefix("error: selector-invalid: expected =="))
        let json = try await cattail("selector", "-o", "json", "a =")
        #expect(try json.errorJSON().first?["code"]?.text == "selector-invalid")
    }

    @Test("our vectors get their verdict, canonical form, UID and match")
    func vectors() async throws {
        for vector in try Sample.vectors("EndpointModelTests/Vectors/selectors.json") {
            guard let text = vector["selector"]?.text, text.utf8.count < 100_000,
                !text.utf8.contains(0)
            else { continue }
            let comment = Comment(rawValue: vector["id"]?.text ?? "")
            let test = Self.firstCase(vector)
            let labels = test.map { ["-l", $0.labels] } ?? []
            let outcome = try await ChildProcess.run(
                ["selector", "-o", "json"] + labels + ["--", text])
            #expect(outcome.code == (vector["valid"] == .bool(true) ? 0 : 1), comment)
            guard outcome.code == 0, let line = try outcome.json().first else { continue }
            if let canonical = vector["canonical"] {
                #expect(line["canonical"] == canonical, comment)
            }
            if let uid = vector["uid"] { #expect(line["uid"] == uid, comment) }
            if let test { #expect(line["match"] == .bool(test.match), comment) }
        }
    }

    /// The first case whose labels can be written as k=v,k=v.
    private static func firstCase(_ vector: DocumentValue) -> (labels: String, match: Bool)? {
        for test in vector["cases"]?.elements ?? [] {
            guard case .object(let members)? = test["labels"],
                case .bool(let match)? = test["match"]
            else { continue }
            let values = members.map { $0.value.text ?? "" }
            if values.contains(where: { $0.contains(",") }) { continue }
            let labels = members.map { "\($0.key)=\($0.value.text ?? "")" }
            return (labels.joined(separator: ","), match)
        }
        return nil
    }
}
