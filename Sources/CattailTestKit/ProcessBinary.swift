internal import Foundation
internal import Glibc

/// The program under test.
package enum CattailBinary {
    /// The `cattail` that was built with the tests, or the one that `CATTAIL_BINARY` names.
    package static let path: String = {
        if let named = ProcessInfo.processInfo.environment["CATTAIL_BINARY"], !named.isEmpty {
            return named
        }
        return path(of: "cattail")
    }()

    /// Another program that was built with the tests.
    package static func path(of program: String) -> String { folder + "/" + program }

    /// Where the test runner itself lies: products of one build lie together.
    private static var folder: String {
        let link = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return ((link ?? CommandLine.arguments[0]) as NSString).deletingLastPathComponent
    }
}
