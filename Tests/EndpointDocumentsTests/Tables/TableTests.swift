import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

struct TableTests {
    @Test("endpoints are laid out exactly as calicoctl lays them out")
    func reference() throws {
        guard let url = ReferenceVectors.url("vectors/reference/calicoctl-table.json") else {
            return
        }
        let vectors = try JSONReader.read(Array(try Data(contentsOf: url)))
        guard case .array(let items)? = vectors["items"],
            case .object(let rendered)? = vectors["rendered"]
        else {
            Issue.record("the vector file has another shape")
            return
        }
        let endpoints = items.map { WorkloadEndpoint.decode($0, mode: .lenient).value }
        #expect(endpoints.count == 2 && endpoints[0].spec.node == "node1")
        let expected: [String: (EndpointTable, [WorkloadEndpoint])] = [
            "-o custom-columns=NAME,ORCHESTRATOR,NATS":
                (try .custom("NAME,ORCHESTRATOR,NATS"), endpoints),
            "get wep (empty list)": (.ps(), []),
            "get wep (list)": (.ps(), endpoints),
            "get wep -n/-A (list)": (.ps(namespace: .shown), endpoints),
            "get wep -o wide (list)": (.wide(), endpoints),
            "get wep -o wide -A (list)": (.wide(namespace: .shown), endpoints),
            "get wep NAME (single item 0)": (.ps(), [endpoints[0]]),
        ]
        #expect(rendered.count == expected.count)
        for member in rendered {
            let (table, endpoints) = try #require(expected[member.key])
            #expect(.string(table.text(endpoints)) == member.value, "\(member.key)")
        }
        #expect(
            vectors["customColumnsAllowed"]
                == .array(EndpointColumn.allCases.map { .string($0.rawValue) }))
    }

    @Test("an unknown heading is named together with those there are")
    func unknownHeading() {
        for heading in ["AGE", "name", ""] {
            let error = #expect(throws: UnknownHeading.self) {
                _ = try EndpointTable.custom("NAME,\(heading)")
            }
            #expect(
                error?.description
                    == "unknown heading \(heading), valid values are: NAME, NAMESPACE, NODE, "
                    + "ORCHESTRATOR, WORKLOAD, NETWORKS, NATS, PROFILES, INTERFACE")
        }
    }

    @Test("names are printed with the kind, and the namespace where there are several")
    func names() {
        let key = EndpointKey(namespace: "ns", name: "n")
        #expect(EndpointNames.line(key, namespace: .hidden) == "workloadendpoint/n\n")
        #expect(EndpointNames.line(key, namespace: .shown) == "workloadendpoint/ns/n\n")
    }

    @Test("control characters in a cell are shown, not sent to the terminal")
    func controlCharacters() {
        var table = TextTable(headings: ["A", "B"])
        table.append(["x\u{1B}[2J\n\u{202E}", "é"])
        let first = "A".padding(toLength: 21, withPad: " ", startingAt: 0) + "B    "
        #expect(table.text == first + "\nx\\x1b[2J\\n\\u{202e}   é    \n")
    }

    @Test("a row with too few or too many cells keeps the columns")
    func cellCounts() {
        var table = TextTable(headings: ["ONE", "TWO"], ending: .none)
        table.append(["1"])
        table.append(["1", "2", "3"])
        #expect(table.text == "ONE   TWO   \n1           \n1     2     \n")
    }

    @Test("a running table keeps its widths and lets a wide cell move its row")
    func running() {
        let table = RunningTable(columns: [(heading: "SEQ", width: 5), (heading: "KEY", width: 0)])
        #expect(table.headingLine == "SEQ     KEY   \n")
        #expect(table.line(["42", "a"]) == "42      a     \n")
        #expect(table.line(["123456789", "a\n"]) == "123456789   a\\n   \n")
    }
}
