import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

/// Runs the built `cattail` and waits for its end.
func cattail(
    _ arguments: String..., input: String = "", environment: [String: String] = [:]
) async throws -> ProcessOutcome {
    try await ChildProcess.run(arguments, input: input, environment: environment)
}

extension ProcessOutcome {
    /// Standard output as JSON lines.
    func json(_ location: SourceLocation = #_sourceLocation) throws -> [DocumentValue] {
        try lines.map { line in
            let value = try? JSONReader.read(line)
            return try #require(
                value, "not JSON: \(line)", sourceLocation: location)
        }
    }

    /// Standard error as JSON lines.
    func errorJSON() throws -> [DocumentValue] { try errorLines.map { try JSONReader.read($0) } }
}

extension DocumentValue {
    /// The text of a string or number; nil for anything else.
    var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .null, .bool, .array, .object: nil
        }
    }

    var elements: [DocumentValue] { if case .array(let elements) = self { elements } else { [] } }

    var keys: [String] {
        if case .object(let members) = self { members.map(\.key) } else { [] }
    }
}

/// Endpoints for tests.
enum Sample {
    static let name = "node1-k8s-my--nginx--b1337a-eth0"

    /// Calico's own documented sample, as a compact document.
    static func endpoint(
        pod: String = "my-nginx-b1337a", node: String = "node1", namespace: String? = nil,
        labels: [String: String] = ["app": "frontend"], mac: String = "ca:fe:1d:52:bb:e9"
    ) -> String {
        let metadata =
            (namespace.map { #""namespace":"\#($0)","# } ?? "")
            + #""labels":{"#
            + labels.sorted { $0.key < $1.key }.map { #""\#($0)":"\#($1)""# }
            .joined(separator: ",") + "}"
        return #"{"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint","metadata":{"#
            + metadata
            + #"},"spec":{"orchestrator":"k8s","node":"\#(node)","pod":"\#(pod)","#
            + #""endpoint":"eth0","ipNetworks":["192.168.0.0/32"],"interfaceName":"cali0ef24ba","#
            + #""mac":"\#(mac)"}}"#
    }

    static func name(pod: String, node: String = "node1") -> String {
        "\(node)-k8s-\(pod.replacing("-", with: "--"))-eth0"
    }

    /// The vectors that other test targets carry.
    static func vectors(_ path: String) throws -> [DocumentValue] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appendingPathComponent(path))
        let file = try JSONReader.read(
            [UInt8](data), limits: DocumentLimits(documentBytes: data.count))
        return file["vectors"]?.elements ?? []
    }
}
