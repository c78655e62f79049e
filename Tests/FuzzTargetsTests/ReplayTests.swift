import Foundation
import FuzzTargets
import Testing

/// What fuzzing found, and what it begins with, in every build (`Fuzz/README.md`).
@Suite("Corpora and crashes")
struct ReplayTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fuzz")

    private static let kinds = ["Corpus", "Crashes"]

    private static func files(_ kind: String, of target: String) throws -> [URL] {
        let folder = root.appendingPathComponent(kind).appendingPathComponent(target)
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil
        ).sorted { $0.path < $1.path }
    }

    @Test(
        "Each reader keeps its claims on every file of its corpus and its crashes (G12)",
        arguments: FuzzTarget.all.map(\.name))
    func replay(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        #expect(try !Self.files("Corpus", of: name).isEmpty, "\(name) has no corpus")
        for kind in Self.kinds {
            for file in try Self.files(kind, of: name) {
                let input = try Data(contentsOf: file)
                #expect(throws: Never.self, "\(kind)/\(name)/\(file.lastPathComponent)") {
                    try input.withUnsafeBytes { try target.run($0) }
                }
            }
        }
    }

    @Test("Each folder of inputs is a target's, and all of them together are small")
    func folders() throws {
        var (count, byteCount) = (0, 0)
        for kind in Self.kinds {
            let folder = Self.root.appendingPathComponent(kind)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                #expect(FuzzTarget.named(name) != nil, "\(kind)/\(name) is of no target")
                for file in try Self.files(kind, of: name) {
                    count += 1
                    byteCount += try Data(contentsOf: file).count
                }
            }
        }
        #expect(count < 400, "\(count) files")
        #expect(byteCount < 1 << 20, "\(byteCount) bytes")
    }
}
