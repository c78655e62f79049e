/// One reader of foreign bytes, with the claims that are held to it whatever it is given (G12).
///
/// `tools/fuzz` runs it under libFuzzer; a test of the ordinary build runs it over the files of
/// `Fuzz/`. Not to trap is the least claim; the others are that a reader is right: canonical
/// bytes come back as they were, what is cut otherwise reads the same, two ways to one answer
/// agree, what is refused changes nothing.
package struct FuzzTarget: Sendable {
    /// As of its folders under `Fuzz/`.
    package let name: String
    /// The greatest input that is worth trying.
    package let mostBytes: Int
    /// The files whose coverage is shown, by how their paths begin under `Sources/`.
    package let sources: [String]
    private let claims: @Sendable (UnsafeRawBufferPointer) throws -> Void

    init(
        _ name: String, mostBytes: Int = 4_096, of sources: [String],
        _ claims: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.name = name
        self.mostBytes = mostBytes
        self.sources = sources
        self.claims = claims
    }

    /// - Throws: `BrokenClaim`; any other error is one as well.
    package func run(_ input: UnsafeRawBufferPointer) throws { try claims(input) }

    package static let all =
        wireTargets + sessionTargets + modelTargets + documentTargets + fileTargets

    package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A reader did what it may not do.
package struct BrokenClaim: Error, CustomStringConvertible {
    package let description: String
}

/// Holds a reader to a claim.
func claim(_ holds: Bool, _ text: @autoclosure () -> String) throws(BrokenClaim) {
    if !holds { throw BrokenClaim(description: text()) }
}

/// What was read before must read again.
func mustRead<Value>(_ what: String, _ read: () throws -> Value) throws(BrokenClaim) -> Value {
    do { return try read() } catch {
        throw BrokenClaim(description: "\(what) does not read: \(error)")
    }
}
