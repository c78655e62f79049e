import EndpointModel
import SyncProtocol

/// What was added for rights.
extension Samples {
    mutating func rights() -> Rights {
        Rights(rules: (0..<number(4)).map { _ in rule() })
    }

    private mutating func rule() -> Rights.Rule {
        let pattern = NamePattern("*-\(text())")
        return Rights.Rule(
            identity: unwrap { try required(pattern) }, roles: Roles(rawValue: UInt32(number(32))),
            selection: SelectionTemplate(selector: text(), node: text(), namespace: text()))
    }

    private func required<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw WireError.inconsistent("a pattern is not empty") }
        return value
    }

    mutating func rightsItem() -> EncodedItem {
        let (seq, rights) = (seq(), rights())
        return unwrap { try .control(seq: seq, .rights(rights)) }
    }

    mutating func rightsQuery() -> Query {
        let query = RightsQuery(
            wanted: number(3) == 0 ? nil : rights(), expectedSeq: number(2) == 0 ? nil : seq())
        return Query(ticket: wide(), body: .rights(query))
    }
}
