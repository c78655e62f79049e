package import Foundation

/// Where the reference implementation's own test data lies, outside this repository.
///
/// It is another project's data and is therefore read in place: from the folder that
/// `CATTAIL_REFERENCE_VECTORS` names, else from `../shared/calico` beside the checkout. Where
/// neither is there, a test says so and passes without it.
package enum ReferenceVectors {
    package static let environmentVariable = "CATTAIL_REFERENCE_VECTORS"

    /// The file at `relativePath` (`vectors/reference/wep-names.json`), or nil, after printing
    /// `reference vectors: not present`, when there is no such file.
    package static func url(_ relativePath: String) -> URL? {
        for root in roots() {
            let candidate = root.appendingPathComponent(relativePath)
            if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
        }
        print("reference vectors: not present")
        return nil
    }

    /// A folder that the environment names is the only one looked at: a typing error there must
    /// not be hidden by the default.
    private static func roots() -> [URL] {
        if let named = ProcessInfo.processInfo.environment[environmentVariable], !named.isEmpty {
            return [URL(fileURLWithPath: named)]
        }
        let working = FileManager.default.currentDirectoryPath
        return [packageRoot, URL(fileURLWithPath: working)].map {
            $0.deletingLastPathComponent().appendingPathComponent("shared/calico")
        }
    }

    private static var packageRoot: URL {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent()
    }
}
