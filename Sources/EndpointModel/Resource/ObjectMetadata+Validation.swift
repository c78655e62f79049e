/// The rules of metadata alone.
extension ObjectMetadata {
    /// Kubernetes' bound on the sum of all annotation keys and values.
    package static let mostAnnotationBytes = 262_144
    package static let mostNameBytes = 253
    private static let mostLabelBytes = 63

    package func addFaults(to faults: inout FaultList) {
        Self.addNameFaults(name, to: &faults)
        addMapFaults(to: &faults)
    }

    /// The rules of labels and annotations.
    func addMapFaults(to faults: inout FaultList) {
        addLabelFaults(to: &faults)
        addAnnotationFaults(to: &faults)
    }

    static func addNameFaults(_ name: String, to faults: inout FaultList) {
        let excess = name.utf8.count - mostNameBytes
        if excess > 0 {
            faults.add(
                "metadata.name", name, "is \(excess) bytes too long: at most 253 are allowed")
        } else if !FieldSyntax.matches(name.utf8, .identity) {
            let reason = name.isEmpty ? "is required" : NameRule.identity
            faults.add("metadata.name", name, reason)
        }
    }

    /// A namespace becomes part of datastore keys: a slash in it would corrupt them.
    package func addNamespaceFaults(to faults: inout FaultList) {
        if namespace.isEmpty {
            faults.add("metadata.namespace", "", "is required")
        } else if !Self.isNamespace(namespace.utf8) {
            faults.add(
                "metadata.namespace", namespace,
                "is not 1 to 63 lower-case letters, digits and inner dashes")
        }
    }

    static func isNamespace(_ text: some Collection<UInt8>) -> Bool {
        text.count <= mostLabelBytes && FieldSyntax.matches(text, .dnsLabel)
    }

    private func addLabelFaults(to faults: inout FaultList) {
        var broken: [(key: String, value: String, reason: String)] = []
        for (key, value) in labels {
            if let reason = QualifiedName.brokenRule(key.utf8, prefix: .subdomain) {
                broken.append((key, key, reason))
            }
            if let reason = Self.brokenValueRule(value.utf8) { broken.append((key, value, reason)) }
        }
        // A dictionary has no order; the faults of a document have one.
        for fault in broken.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            faults.add("metadata.labels[\(FieldFault.shown(fault.key))]", fault.value, fault.reason)
        }
    }

    static func brokenValueRule(_ value: some Collection<UInt8>) -> String? {
        if value.isEmpty { return nil }
        if value.count > mostLabelBytes { return "is longer than 63 bytes" }
        return FieldSyntax.matches(value, .labelText) ? nil : QualifiedName.textRule
    }

    /// Keys are judged without regard to case; values are free, but all together are bounded.
    private func addAnnotationFaults(to faults: inout FaultList) {
        var byteCount = 0
        var broken: [(key: String, reason: String)] = []
        for (key, value) in annotations {
            byteCount += key.utf8.count + value.utf8.count
            if let reason = QualifiedName.brokenRule(key.utf8, prefix: .subdomainAnyCase) {
                broken.append((key, reason))
            }
        }
        for fault in broken.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            faults.add(
                "metadata.annotations[\(FieldFault.shown(fault.key))]", fault.key, fault.reason)
        }
        if byteCount > Self.mostAnnotationBytes {
            faults.add(
                "metadata.annotations", "",
                "are \(byteCount) bytes: at most \(Self.mostAnnotationBytes) are allowed")
        }
    }
}

/// Keys of labels and annotations: a name of at most 63 bytes, perhaps after a DNS subdomain of
/// at most 253 and a slash.
enum QualifiedName {
    static let textRule =
        "is not letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"

    static func brokenRule(
        _ key: some Collection<UInt8>, prefix alphabet: FieldSyntax.Alphabet
    ) -> String? {
        guard let slash = key.firstIndex(of: UInt8(ascii: "/")) else {
            return brokenNameRule(key)
        }
        let prefix = key[..<slash]
        let name = key[key.index(after: slash)...]
        if name.contains(UInt8(ascii: "/")) { return "has more than one '/'" }
        if prefix.isEmpty { return "has nothing before the '/'" }
        if prefix.count > ObjectMetadata.mostNameBytes {
            return "has more than 253 bytes before the '/'"
        }
        if !FieldSyntax.matches(prefix, alphabet) { return "has no DNS name before the '/'" }
        return brokenNameRule(name)
    }

    private static func brokenNameRule(_ name: some Collection<UInt8>) -> String? {
        if name.isEmpty { return "has an empty name" }
        if name.count > 63 { return "has a name longer than 63 bytes" }
        return FieldSyntax.matches(name, .labelText) ? nil : textRule
    }
}
