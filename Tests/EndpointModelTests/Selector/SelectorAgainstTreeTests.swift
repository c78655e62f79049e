import EndpointModel
import Testing

/// The compiled, flat evaluation against the obvious one: a tree walked by recursion.
@Suite("The compiled program decides as a walk of the tree does")
struct SelectorAgainstTreeTests {
    indirect enum Tree {
        case all, global
        case has(String)
        case compare(String, Comparison, String)
        case member(String, [String], isNegated: Bool)
        case not(Tree)
        case and([Tree])
        case or([Tree])
    }

    enum Comparison: String, CaseIterable {
        case equals = "=="
        case notEquals = "!="
        case contains
        case starts = "starts with"
        case ends = "ends with"
    }

    @Test("G6: on 20,000 random selectors, each with eight sets of labels", arguments: [1, 2])
    func random(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        for _ in 0..<10_000 {
            let tree = Self.tree(depth: 4, &generator)
            let text = Self.text(tree, &generator)
            let selector = try Selector(parsing: text)
            let canonical = selector.withoutDoubleNegation
            #expect(try Selector(parsing: canonical.canonical) == canonical, "\(text)")
            let hints = selector.restrictions
            for _ in 0..<8 {
                let labels = Self.labels(&generator)
                let wanted = Self.holds(tree, labels)
                #expect(selector.matches(labels) == wanted, "\(text) on \(labels)")
                #expect(canonical.matches(labels) == wanted, "\(text) on \(labels)")
                if wanted {
                    #expect(Self.keeps(labels, hints), "\(text) on \(labels)")
                }
            }
        }
    }

    static func holds(_ tree: Tree, _ labels: [String: String]) -> Bool {
        switch tree {
        case .all, .global: true
        case .has(let label): labels[label] != nil
        case .compare(let label, .notEquals, let value): labels[label] != value
        case .compare(let label, let comparison, let value):
            labels[label].map { compare($0, comparison, value) } ?? false
        case .member(let label, let values, let isNegated):
            labels[label].map { values.contains($0) != isNegated } ?? isNegated
        case .not(let operand): !holds(operand, labels)
        case .and(let operands): operands.allSatisfy { holds($0, labels) }
        case .or(let operands): operands.contains { holds($0, labels) }
        }
    }

    static func compare(_ found: String, _ comparison: Comparison, _ value: String) -> Bool {
        switch comparison {
        case .equals: found == value
        case .notEquals: found != value
        case .contains: value.isEmpty || found.contains(value)
        case .starts: found.hasPrefix(value)
        case .ends: found.hasSuffix(value)
        }
    }

    static func keeps(_ labels: [String: String], _ hints: [String: LabelRestriction]) -> Bool {
        hints.allSatisfy { label, hint in
            let value = labels[label]
            if hint.mustBePresent, value == nil { return false }
            if hint.mustBeAbsent, value != nil { return false }
            guard let oneOf = hint.oneOf else { return true }
            return value.map { oneOf.contains(Array($0.utf8)) } ?? false
        }
    }

    // MARK: Random trees, as texts in random spelling

    static let names = ["a", "b", "has", "in"]
    static let words = ["", "x", "xy", "yx", "xyx", "a-long-value-of-some-bytes", "it's"]

    static func labels(_ generator: inout SplitMix) -> [String: String] {
        var labels: [String: String] = [:]
        for name in names where Bool.random(using: &generator) {
            labels[name] = words.randomElement(using: &generator)
        }
        return labels
    }

    static func tree(depth: Int, _ generator: inout SplitMix) -> Tree {
        let name = names.randomElement(using: &generator) ?? "a"
        let word = words.randomElement(using: &generator) ?? ""
        switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &generator) {
        case 0: return Bool.random(using: &generator) ? .all : .global
        case 1: return .has(name)
        case 2, 3:
            let comparison = Comparison.allCases.randomElement(using: &generator) ?? .equals
            return .compare(name, comparison, word)
        case 4:
            let count = Int.random(in: 0...4, using: &generator)
            let values = (0..<count).map { _ in words.randomElement(using: &generator) ?? "" }
            return .member(name, values, isNegated: Bool.random(using: &generator))
        case 5: return .not(tree(depth: depth - 1, &generator))
        case let kind:
            let count = Int.random(in: 2...4, using: &generator)
            let operands = (0..<count).map { _ in tree(depth: depth - 1, &generator) }
            return kind == 6 ? .and(operands) : .or(operands)
        }
    }

    static func text(_ tree: Tree, _ generator: inout SplitMix) -> String {
        let gap = ["", " ", "\t ", " "].randomElement(using: &generator) ?? " "
        func quoted(_ word: String) -> String { word.contains("'") ? "\"\(word)\"" : "'\(word)'" }
        func joined(_ operands: [Tree], _ word: String) -> String {
            "(" + operands.map { text($0, &generator) }.joined(separator: gap + word + gap) + ")"
        }
        switch tree {
        case .all: return "all(\(gap))"
        case .global: return "global(\(gap))"
        case .has(let label): return "has(\(gap)\(label)\(gap))"
        case .compare(let label, let comparison, let value):
            let word =
                gap.isEmpty ? comparison.rawValue.replacing(" ", with: "") : comparison.rawValue
            return "\(label) \(word)\(gap)\(quoted(value))"
        case .member(let label, let values, let isNegated):
            let set = values.map(quoted).joined(separator: gap + "," + gap)
            return "\(label) \(isNegated ? "not\(gap)in" : "in")\(gap){\(gap)\(set)\(gap)}"
        case .not(let operand): return "!\(gap)(\(text(operand, &generator)))"
        case .and(let operands): return joined(operands, "&&")
        case .or(let operands): return joined(operands, "||")
        }
    }

    struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
