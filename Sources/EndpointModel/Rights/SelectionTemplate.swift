/// A selection with places for who it is given to: `${cn}` is the certificate's common name, `${*}`
/// what the one `*` of the rule's pattern stands for.
public struct SelectionTemplate: Hashable, Sendable {
    /// Empty stands for `all()`.
    public var selector: String
    /// Empty: every node.
    public var node: String
    /// Empty: every namespace.
    public var namespace: String

    public init(selector: String = "", node: String = "", namespace: String = "") {
        self.selector = selector
        self.node = node
        self.namespace = namespace
    }

    public static let everything = SelectionTemplate()

    /// The values of the places; nil where there is none for this identity.
    struct Places {
        var commonName: String?
        var star: String?
    }

    /// Nil when a place has no value, or one that does not belong into a selector, or when what
    /// comes of it is no selector: then nothing is selected, and nobody is let in by it.
    func filled(_ places: Places) -> Selection? {
        guard let node = Self.fill(node, places, inSelector: false),
            let namespace = Self.fill(namespace, places, inSelector: false),
            let text = Self.fill(selector, places, inSelector: true),
            let selector = try? Selector(parsing: text)
        else { return nil }
        // What was to be held to one node must not come to mean all of them.
        if node.isEmpty != self.node.isEmpty || namespace.isEmpty != self.namespace.isEmpty {
            return nil
        }
        return Selection(selector: selector, node: node, namespace: namespace)
    }

    private static func fill(_ text: String, _ places: Places, inSelector: Bool) -> String? {
        guard text.contains("${") else { return text }
        var result = text
        for (place, value) in [(commonNamePlace, places.commonName), (starPlace, places.star)]
        where text.contains(place) {
            guard let value, !inSelector || isPlain(value) else { return nil }
            result = result.replacing(place, with: value)
            // A name may itself have the looks of a place.
            guard !value.contains("${") else { return nil }
        }
        return result.contains("${") ? nil : result
    }

    /// Characters of which no selector's operator or quotation is made.
    private static func isPlain(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                    true
                default: false
                }
            }
    }

    static let commonNamePlace = "${cn}"
    static let starPlace = "${*}"

    /// What is wrong with it whoever it is given to.
    func faults(in field: String, of pattern: NamePattern) -> [FieldFault] {
        var faults: [FieldFault] = []
        let texts = [("selector", selector), ("node", node), ("namespace", namespace)]
        for (name, text) in texts {
            let rest = text.replacing(Self.commonNamePlace, with: "")
                .replacing(Self.starPlace, with: "")
            if rest.contains("${") {
                faults.append(
                    FieldFault(
                        field: "\(field).\(name)",
                        reason: "has a place that is neither ${cn} nor ${*}"))
            }
            if text.contains(Self.starPlace), !pattern.hasOneStar {
                faults.append(
                    FieldFault(
                        field: "\(field).\(name)",
                        reason: "has ${*}, and the identity has not exactly one *"))
            }
        }
        let sample = selector.replacing(Self.commonNamePlace, with: "x")
            .replacing(Self.starPlace, with: "x")
        do { _ = try Selector(parsing: sample) } catch {
            faults.append(FieldFault(field: "\(field).selector", reason: "\(error)"))
        }
        return faults
    }
}
