/// What a subscriber is given: the endpoints that its selector matches, on one node or on all,
/// in one namespace or in all.
///
/// Both ends of a session and every node of a tree must agree on what a selection means, so it
/// is known by a fingerprint, and held in the one form that reads back as itself.
public struct Selection: Hashable, Sendable {
    /// Without double negations; see `Selector.withoutDoubleNegation`.
    public let selector: Selector
    /// `spec.node`, compared by bytes; nil for every node. Never empty.
    public let node: String?
    /// `metadata.namespace`, compared by bytes; nil for every namespace. Never empty.
    public let namespace: String?
    /// Names this selection: SHA-256 of `canonicalBytes`.
    public let fingerprint: Hash256

    /// Grows when the same selector, node and namespace come to select something else.
    public static let semanticsVersion: UInt32 = 1

    /// Every endpoint.
    public static let everything = Selection()

    /// An empty node or namespace is none, as in the protocol's messages.
    public init(selector: Selector = .all, node: String? = nil, namespace: String? = nil) {
        self.selector = selector.withoutDoubleNegation
        self.node = node.flatMap { $0.isEmpty ? nil : $0 }
        self.namespace = namespace.flatMap { $0.isEmpty ? nil : $0 }
        fingerprint = Hash256.of(
            Self.canonicalBytes(self.selector, self.node, self.namespace))
    }

    /// What the fingerprint is the hash of, all integers big-endian:
    ///
    /// | bytes | what |
    /// |---|---|
    /// | 17 | the ASCII text `cattail/selection` |
    /// | 4 | the semantics version, 1 |
    /// | 4, n | byte count of the canonical selector, the selector in UTF-8 |
    /// | 4, n | byte count of the node, the node in UTF-8; count 0 for every node |
    /// | 4, n | byte count of the namespace, the namespace in UTF-8; count 0 for every namespace |
    ///
    /// The canonical selector is Calico's, with `!(!x)` written as `x`; `all()` when there is
    /// none. An item, and so a text in it, is at most 1 MiB, far below what 4 bytes count.
    public var canonicalBytes: [UInt8] {
        Self.canonicalBytes(selector, node, namespace)
    }

    private static func canonicalBytes(
        _ selector: Selector, _ node: String?, _ namespace: String?
    ) -> [UInt8] {
        var bytes = Array("cattail/selection".utf8)
        append(semanticsVersion, to: &bytes)
        for part in [
            selector.canonicalBytes, Array((node ?? "").utf8), Array((namespace ?? "").utf8),
        ] {
            append(UInt32(truncatingIfNeeded: part.count), to: &bytes)
            bytes += part
        }
        return bytes
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

extension Selection {
    /// Equal by fingerprint: strings that merely look alike are different selections.
    public static func == (left: Selection, right: Selection) -> Bool {
        left.fingerprint == right.fingerprint
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

extension Selection {
    /// Whether the endpoint with this namespace and node (UTF-8, as they stand in its item) and
    /// these labels is selected. The cheap conditions are asked first.
    @inlinable
    public func matches(
        namespace: UnsafeRawBufferPointer, node: UnsafeRawBufferPointer,
        labels: some LabelSource
    ) -> Bool {
        matches(namespace: namespace, node: node) && selector.matches(labels)
    }

    /// Whether the endpoint is selected.
    public func matches(_ endpoint: WorkloadEndpoint) -> Bool {
        Self.admits(self.node, endpoint.spec.node)
            && Self.admits(namespace, endpoint.metadata.namespace)
            && selector.matches(endpoint.metadata.labels)
    }

    /// Whether node and namespace are selected, whatever the labels.
    public func matches(namespace: UnsafeRawBufferPointer, node: UnsafeRawBufferPointer) -> Bool {
        Self.admits(self.node, node) && Self.admits(self.namespace, namespace)
    }

    private static func admits(_ wanted: String?, _ found: UnsafeRawBufferPointer) -> Bool {
        guard var wanted else { return true }
        return wanted.withUTF8 { ByteOrder.equal(UnsafeRawBufferPointer($0), found) }
    }

    private static func admits(_ wanted: String?, _ found: String) -> Bool {
        var found = found
        return wanted == nil || found.withUTF8 { admits(wanted, UnsafeRawBufferPointer($0)) }
    }
}

extension Selection: CustomStringConvertible {
    /// `all()`, `app == "x" node=node-1 namespace=default`.
    public var description: String {
        var text = selector.canonical
        if let node { text += " node=\(node)" }
        if let namespace { text += " namespace=\(namespace)" }
        return text
    }
}
