package import Foundation

/// A throw-away folder, gone with this value. On the disk that `TMPDIR` names, so that tests
/// can be sent to tmpfs or to a slow disk.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        let parent = FileManager.default.temporaryDirectory
        let folder = parent.appendingPathComponent("cattail-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in the folder.
    package func path(_ name: String) -> String { path + "/" + name }

    package func url(_ name: String) -> URL { URL(fileURLWithPath: path(name)) }

    /// Copies a folder or file from elsewhere into this one; gives back its new path.
    @discardableResult
    package func copy(_ source: String, as name: String) throws -> String {
        try FileManager.default.copyItem(atPath: source, toPath: path(name))
        return path(name)
    }

    /// Writes a file and the folders above it.
    package func write(_ text: String, to name: String) throws {
        let url = url(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}
