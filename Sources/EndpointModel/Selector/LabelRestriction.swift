/// What a selector demands of one label, whatever the rest of it says: a hint for indexes.
///
/// A selector matches nothing that breaks one of its restrictions; what keeps them all may still
/// not match.
public struct LabelRestriction: Hashable, Sendable {
    public var mustBePresent: Bool
    public var mustBeAbsent: Bool
    /// The values that it may have, in UTF-8, sorted by bytes; none at all when nothing can
    /// match, nil when any will do.
    public var oneOf: [[UInt8]]?

    public init(mustBePresent: Bool, mustBeAbsent: Bool, oneOf: [[UInt8]]?) {
        self.mustBePresent = mustBePresent
        self.mustBeAbsent = mustBeAbsent
        self.oneOf = oneOf
    }
}

extension Selector {
    /// The restrictions by label, as the reference infers them. Labels without one do not occur.
    ///
    /// Worked out anew on each call, in about the time of a parse: keep the result.
    public var restrictions: [String: LabelRestriction] {
        let syntax = storage.syntax
        var result: [String: LabelRestriction] = [:]
        for (label, demand) in syntax.demands {
            result[syntax.labels[Int(label)].text] = demand.restriction
        }
        return result
    }
}

/// A restriction while it is worked out.
private struct Demand {
    var mustBePresent = false
    var mustBeAbsent = false
    var values: Set<[UInt8]>?

    static let present = Demand(mustBePresent: true)
    static let absent = Demand(mustBeAbsent: true)

    static func value(_ values: Set<[UInt8]>) -> Demand {
        Demand(mustBePresent: true, values: values)
    }

    var restriction: LabelRestriction {
        LabelRestriction(
            mustBePresent: mustBePresent, mustBeAbsent: mustBeAbsent,
            oneOf: values?.sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// Both demands hold.
    mutating func narrow(by other: consuming Demand) {
        mustBePresent = mustBePresent || other.mustBePresent
        mustBeAbsent = mustBeAbsent || other.mustBeAbsent
        guard var theirs = other.values.take() else { return }
        guard var ours = values.take() else {
            values = theirs
            return
        }
        if ours.count > theirs.count { swap(&ours, &theirs) }
        values = ours.filter { theirs.contains($0) }
    }

    /// At least one of the demands holds.
    mutating func widen(by other: consuming Demand) {
        mustBePresent = mustBePresent && other.mustBePresent
        mustBeAbsent = mustBeAbsent && other.mustBeAbsent
        guard var ours = values.take(), var theirs = other.values.take() else { return }
        if ours.count < theirs.count { swap(&ours, &theirs) }
        ours.formUnion(theirs)
        values = ours
    }

    /// Leaves the values behind empty: they are then held once and can be changed in place.
    mutating func takeOut() -> Demand {
        Demand(mustBePresent: mustBePresent, mustBeAbsent: mustBeAbsent, values: values.take())
    }

    var isEmpty: Bool { !mustBePresent && !mustBeAbsent && values == nil }
}

extension SelectorSyntax {
    /// Smaller is always merged into larger, so that no nesting makes this more than
    /// O(n log n).
    fileprivate var demands: [UInt32: Demand] {
        var stack: [[UInt32: Demand]] = []
        for (index, node) in nodes.enumerated() {
            switch node.kind {
            case .all, .global, .notEquals, .isNotIn: stack.append([:])
            case .has, .contains, .startsWith, .endsWith: stack.append([node.label: .present])
            case .equals, .isIn: stack.append([node.label: .value(valueSet(of: node))])
            case .not:
                // Only the absence of a label is a demand; other negations say nothing.
                let operand = nodes[index - 1]
                stack.removeLast()
                stack.append(operand.kind == .has ? [operand.label: .absent] : [:])
            case .and: Self.fold(&stack, node.count, Self.both)
            case .or: Self.fold(&stack, node.count, Self.either)
            }
        }
        return stack.last ?? [:]
    }

    private func valueSet(of node: SelectorNode) -> Set<[UInt8]> {
        Set((node.first..<node.first + node.count).map { Array(value($0)) })
    }

    private typealias Demands = [UInt32: Demand]

    private static func fold(
        _ stack: inout [Demands], _ count: UInt32,
        _ merge: (consuming Demands, consuming Demands) -> Demands
    ) {
        var result = stack.removeLast()
        for _ in 1..<count { result = merge(result, stack.removeLast()) }
        stack.append(result)
    }

    private static func both(_ left: consuming Demands, _ right: consuming Demands) -> Demands {
        if left.count < right.count { swap(&left, &right) }
        var index = right.startIndex
        while index != right.endIndex {
            let label = right.keys[index]
            left[label, default: Demand()].narrow(by: right.values[index].takeOut())
            right.formIndex(after: &index)
        }
        return left
    }

    private static func either(_ left: consuming Demands, _ right: consuming Demands) -> Demands {
        if left.count < right.count { swap(&left, &right) }
        var result: Demands = [:]
        var index = right.startIndex
        while index != right.endIndex {
            let label = right.keys[index]
            if var merged = left.removeValue(forKey: label) {
                merged.widen(by: right.values[index].takeOut())
                if !merged.isEmpty { result[label] = merged }
            }
            right.formIndex(after: &index)
        }
        return result
    }
}
