extension SelectorSyntax {
    /// The canonical text: single spaces around operators, `and` and `or` in parentheses,
    /// nothing else in any, sets sorted.
    ///
    /// Written from the end to the beginning and then reversed: in postfix order an operator
    /// stands after its operands, so only from the end is it known when a parenthesis opens.
    var canonicalBytes: [UInt8] {
        var writer = BackwardWriter()
        var open: [OpenOperator] = []
        for node in nodes.reversed() {
            switch node.kind {
            case .and, .or:
                writer.write(")")
                open.append(OpenOperator(kind: node.kind, remaining: node.count))
                continue
            case .not:
                open.append(OpenOperator(kind: .not, remaining: 1))
                continue
            case .all, .global, .has, .equals, .notEquals, .contains, .startsWith, .endsWith,
                .isIn, .isNotIn:
                write(node, to: &writer)
            }
            closeOperand(&open, &writer)
        }
        return writer.finish()
    }

    private struct OpenOperator {
        var kind: SelectorNode.Kind
        var remaining: UInt32
    }

    /// An operand is complete: writes the separator before it, or ends the operators whose
    /// first operand it was.
    private func closeOperand(_ open: inout [OpenOperator], _ writer: inout BackwardWriter) {
        while let last = open.indices.last {
            open[last].remaining -= 1
            if open[last].remaining > 0 {
                writer.write(open[last].kind == .and ? " && " : " || ")
                return
            }
            writer.write(open[last].kind == .not ? "!" : "(")
            open.removeLast()
        }
    }

    private func write(_ node: SelectorNode, to writer: inout BackwardWriter) {
        switch node.kind {
        case .all: writer.write("all()")
        case .global: writer.write("global()")
        case .has:
            writer.write(")")
            writer.write(labels[Int(node.label)].bytes)
            writer.write("has(")
        case .equals: writeComparison(node, " == ", to: &writer)
        case .notEquals: writeComparison(node, " != ", to: &writer)
        case .contains: writeComparison(node, " contains ", to: &writer)
        case .startsWith: writeComparison(node, " starts with ", to: &writer)
        case .endsWith: writeComparison(node, " ends with ", to: &writer)
        case .isIn: writeSet(node, " in {", to: &writer)
        case .isNotIn: writeSet(node, " not in {", to: &writer)
        case .not, .and, .or: preconditionFailure("\(node.kind) is written by its operands")
        }
    }

    private func writeComparison(
        _ node: SelectorNode, _ word: StaticString, to writer: inout BackwardWriter
    ) {
        writer.writeQuoted(value(node.first))
        writer.write(word)
        writer.write(labels[Int(node.label)].bytes)
    }

    private func writeSet(
        _ node: SelectorNode, _ word: StaticString, to writer: inout BackwardWriter
    ) {
        writer.write("}")
        for index in (node.first..<node.first + node.count).reversed() {
            writer.writeQuoted(value(index))
            if index > node.first { writer.write(", ") }
        }
        writer.write(word)
        writer.write(labels[Int(node.label)].bytes)
    }
}

/// Collects text from its end to its beginning.
private struct BackwardWriter {
    private var reversed: [UInt8] = []

    mutating func write(_ bytes: some BidirectionalCollection<UInt8>) {
        reversed.append(contentsOf: bytes.reversed())
    }

    mutating func write(_ word: StaticString) {
        word.withUTF8Buffer { reversed.append(contentsOf: $0.reversed()) }
    }

    /// In `"`, or in `'` when it contains a `"`; it cannot contain both.
    mutating func writeQuoted(_ value: ArraySlice<UInt8>) {
        let quote = value.contains(UInt8(ascii: "\"")) ? UInt8(ascii: "'") : UInt8(ascii: "\"")
        reversed.append(quote)
        write(value)
        reversed.append(quote)
    }

    mutating func finish() -> [UInt8] {
        reversed.reverse()
        return reversed
    }
}
