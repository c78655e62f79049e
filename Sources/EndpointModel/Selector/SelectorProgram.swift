/// A selector compiled for evaluation: tests with two ways out of each. There is no stack and
/// nothing to allocate; `and`, `or` and `not` are only where the ways lead. Ways lead forward
/// only, so a run ends after at most one visit to each test.
@usableFromInline
struct SelectorProgram: Sendable {
    @usableFromInline let tests: [SelectorTest]
    @usableFromInline let labels: [LabelName]
    private let values: [SelectorValue]
    private let text: [UInt8]

    init(_ syntax: SelectorSyntax) {
        tests = Self.compile(syntax)
        labels = syntax.labels
        values = syntax.values
        text = syntax.text
    }

    @inlinable
    func run(_ source: some LabelSource) -> Bool {
        var next: UInt32 = 0
        while next < tests.count {
            let test = tests[Int(next)]
            let holds =
                test.kind == .always
                || source.withValue(of: labels[Int(test.label)]) { self.holds(test, $0) }
            next = holds ? test.onTrue : test.onFalse
        }
        return next == SelectorTest.accept
    }

    /// Nothing holds of a missing label. `!=` and `not in` are `==` and `in` with their ways
    /// exchanged, which makes them true of it.
    @usableFromInline
    func holds(_ test: SelectorTest, _ value: UnsafeRawBufferPointer?) -> Bool {
        guard let value else { return false }
        if test.kind == .has { return true }
        return text.withUnsafeBytes { text in
            switch test.kind {
            case .always, .has: true
            case .equals: ByteOrder.equal(value, operand(test.first, in: text))
            case .contains: ByteOrder.contains(value, operand(test.first, in: text))
            case .startsWith: starts(value, with: operand(test.first, in: text))
            case .endsWith: ends(value, with: operand(test.first, in: text))
            case .isIn: isMember(value, of: test, in: text)
            }
        }
    }

    private func operand(
        _ index: UInt32, in text: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let value = values[Int(index)]
        return text[rebasing: Int(value.offset)..<Int(value.offset) + Int(value.count)]
    }

    private func starts(
        _ value: UnsafeRawBufferPointer, with prefix: UnsafeRawBufferPointer
    ) -> Bool {
        value.count >= prefix.count
            && ByteOrder.equal(value[rebasing: 0..<prefix.count], prefix)
    }

    private func ends(
        _ value: UnsafeRawBufferPointer, with suffix: UnsafeRawBufferPointer
    ) -> Bool {
        value.count >= suffix.count
            && ByteOrder.equal(value[rebasing: value.count - suffix.count..<value.count], suffix)
    }

    /// Binary search: sets may have hundreds of thousands of members.
    private func isMember(
        _ value: UnsafeRawBufferPointer, of test: SelectorTest, in text: UnsafeRawBufferPointer
    ) -> Bool {
        var low = test.first
        var high = test.first + test.count
        while low < high {
            let middle = low + (high - low) / 2
            let order = ByteOrder.compare(operand(middle, in: text), value)
            if order == 0 { return true }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return false
    }
}

/// One test of one label, and where to go on.
@usableFromInline
struct SelectorTest: Sendable {
    @usableFromInline
    enum Kind: UInt8, Sendable {
        case always, has, equals, contains, startsWith, endsWith, isIn
    }

    @usableFromInline static var accept: UInt32 { .max }
    @usableFromInline static var reject: UInt32 { .max - 1 }

    @usableFromInline var kind: Kind
    @usableFromInline var label: UInt32
    @usableFromInline var first: UInt32
    @usableFromInline var count: UInt32
    @usableFromInline var onTrue: UInt32
    @usableFromInline var onFalse: UInt32

    init(_ kind: Kind, _ node: SelectorNode, _ ways: Ways) {
        self.kind = kind
        label = node.label
        first = node.first
        count = node.count
        onTrue = ways.onTrue
        onFalse = ways.onFalse
    }

    /// Where to go when something holds and when it does not.
    struct Ways {
        var onTrue = SelectorTest.accept
        var onFalse = SelectorTest.reject

        var exchanged: Ways { Ways(onTrue: onFalse, onFalse: onTrue) }
    }
}

extension SelectorProgram {
    /// Goes through the nodes from the end, because a test needs to know where the operand
    /// after it begins.
    private static func compile(_ syntax: SelectorSyntax) -> [SelectorTest] {
        var open: [OpenOperator] = []
        var backward: [SelectorTest] = []
        for node in syntax.nodes.reversed() {
            let ways = open.last?.ways ?? SelectorTest.Ways()
            switch node.kind {
            case .and, .or:
                open.append(OpenOperator(kind: node.kind, remaining: node.count, ways: ways))
                continue
            case .not:
                open.append(OpenOperator(kind: .not, remaining: 1, ways: ways.exchanged))
                continue
            case .all, .global: backward.append(SelectorTest(.always, node, ways))
            case .has: backward.append(SelectorTest(.has, node, ways))
            case .equals: backward.append(SelectorTest(.equals, node, ways))
            case .notEquals: backward.append(SelectorTest(.equals, node, ways.exchanged))
            case .contains: backward.append(SelectorTest(.contains, node, ways))
            case .startsWith: backward.append(SelectorTest(.startsWith, node, ways))
            case .endsWith: backward.append(SelectorTest(.endsWith, node, ways))
            case .isIn: backward.append(SelectorTest(.isIn, node, ways))
            case .isNotIn: backward.append(SelectorTest(.isIn, node, ways.exchanged))
            }
            closeOperand(&open, beginningAt: UInt32(backward.count - 1))
        }
        return forward(backward)
    }

    private struct OpenOperator {
        var kind: SelectorNode.Kind
        var remaining: UInt32
        /// The ways out of the next operand, counted from the end.
        var ways: SelectorTest.Ways
    }

    /// The operand before the one that is complete now leads to it where it does not decide.
    private static func closeOperand(_ open: inout [OpenOperator], beginningAt start: UInt32) {
        while let last = open.indices.last {
            open[last].remaining -= 1
            if open[last].remaining > 0 {
                if open[last].kind == .and {
                    open[last].ways.onTrue = start
                } else {
                    open[last].ways.onFalse = start
                }
                return
            }
            open.removeLast()
        }
    }

    /// Turns tests that are numbered from the end into tests numbered from the beginning.
    private static func forward(_ backward: [SelectorTest]) -> [SelectorTest] {
        let last = UInt32(backward.count - 1)
        return backward.reversed().map { test in
            var test = test
            if test.onTrue <= last { test.onTrue = last - test.onTrue }
            if test.onFalse <= last { test.onFalse = last - test.onFalse }
            return test
        }
    }
}
