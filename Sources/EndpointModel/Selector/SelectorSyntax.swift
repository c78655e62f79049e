/// A parsed selector: a flat list of nodes in postfix order (operands before their operator).
///
/// Flat, and not a tree of indirect enums, because the language has no depth limit: a tree a
/// million levels deep would overflow the stack when it is walked, compared or freed (G12).
/// Every pass over it is one loop, from either end.
struct SelectorSyntax: Sendable {
    var nodes: [SelectorNode] = []
    /// Each label name once, in the order of its first use.
    var labels: [LabelName] = []
    /// Where each string lies in `text`; those of one set stand together, sorted by bytes,
    /// without repeats.
    var values: [SelectorValue] = []
    var text: [UInt8] = []

    /// `all()`.
    static let all: SelectorSyntax = {
        var syntax = SelectorSyntax()
        syntax.nodes = [SelectorNode(kind: .all)]
        return syntax
    }()

    /// Removes `!(!x)`, which the canonical form keeps but which would read back as `x`.
    var withoutDoubleNegation: SelectorSyntax {
        var result = self
        result.nodes = []
        for node in nodes {
            if node.kind == .not, result.nodes.last?.kind == .not {
                // Two adjacent nots in postfix order: the second negates exactly the first.
                result.nodes.removeLast()
            } else {
                result.nodes.append(node)
            }
        }
        return result
    }

    func value(_ index: UInt32) -> ArraySlice<UInt8> {
        let value = values[Int(index)]
        return text[Int(value.offset)..<Int(value.offset) + Int(value.count)]
    }
}

/// 16 bytes, so that a hostile selector costs a small multiple of its text.
struct SelectorNode: Sendable {
    enum Kind: UInt8, Sendable {
        case all, global
        case has
        case equals, notEquals, contains, startsWith, endsWith
        case isIn, isNotIn
        /// Negates the one operand before it.
        case not
        /// Joins the `count` operands before it, at least two.
        case and, or
    }

    var kind: Kind
    /// Index into `labels`, for the kinds that look at a label.
    var label: UInt32 = 0
    /// Index of the first string in `values`.
    var first: UInt32 = 0
    /// How many strings, or for `and` and `or` how many operands.
    var count: UInt32 = 0
}

@usableFromInline
struct SelectorValue: Sendable {
    @usableFromInline var offset: UInt32
    @usableFromInline var count: UInt32
}
