internal import EndpointModel

/// Walks a document and puts its parts into fields. Each `take` returns what did not fit (nil
/// when all did), so that the leftovers of a tree form a tree of the same shape, built in one
/// pass: members that fit are left out, elements that fit are null.
///
/// A class, because its closures call it while it walks.
final class TypedDecoder {
    typealias Leftover = DocumentValue?

    private enum Step {
        case member(String)
        case entry(String)
        case element(Int)
    }

    private var path: [Step]
    private(set) var misfits = FaultList()
    /// What makes the document no document of ours, in either mode.
    private(set) var refusals = FaultList()

    init(at path: String = "") {
        self.path = path.isEmpty ? [] : [.member(path)]
    }

    // MARK: Shapes

    /// An object's members, each given to `take` under its key. Null is an absent object.
    func object(
        _ value: DocumentValue, _ take: (String, DocumentValue) -> Leftover
    ) -> Leftover {
        members(value, step: Step.member, take)
    }

    /// An object whose keys are the user's, such as labels.
    func map(_ value: DocumentValue, _ take: (String, DocumentValue) -> Leftover) -> Leftover {
        members(value, step: Step.entry, take)
    }

    private func members(
        _ value: DocumentValue, step: (String) -> Step,
        _ take: (String, DocumentValue) -> Leftover
    ) -> Leftover {
        switch value {
        case .null: return nil
        case .object(let members):
            var rest: [DocumentValue.Member] = []
            for member in members {
                path.append(step(member.key))
                if let leftover = take(member.key, member.value) {
                    rest.append(.init(member.key, leftover))
                }
                path.removeLast()
            }
            return rest.isEmpty ? nil : .object(rest)
        case .bool, .number, .string, .array:
            return misfit(value, "an object")
        }
    }

    /// A list's elements in their order. Null is an absent list.
    func list(_ value: DocumentValue, _ take: (DocumentValue) -> Leftover) -> Leftover {
        switch value {
        case .null: return nil
        case .array(let elements):
            var rest: [DocumentValue] = []
            for (index, element) in elements.enumerated() {
                path.append(.element(index))
                if let leftover = take(element) {
                    // Elements that fitted before this one, so that it keeps its place.
                    rest += repeatElement(.null, count: index - rest.count)
                    rest.append(leftover)
                }
                path.removeLast()
            }
            return rest.isEmpty ? nil : .array(rest)
        case .bool, .number, .string, .object:
            return misfit(value, "a list")
        }
    }

    // MARK: Scalars

    /// Text; a bare number keeps its digits, null is empty.
    func text(_ value: DocumentValue, into field: inout String) -> Leftover {
        switch value {
        case .null: field = ""
        case .string(let text), .number(let text): field = text
        case .bool: return misfit(value, "text (in quotes, if it is meant so)")
        case .array, .object: return misfit(value, "text")
        }
        return nil
    }

    func texts(_ value: DocumentValue, into field: inout [String]) -> Leftover {
        list(value) { element in
            var text = ""
            let leftover = self.text(element, into: &text)
            field.append(text)
            return leftover
        }
    }

    func texts(_ value: DocumentValue, into field: inout [String: String]) -> Leftover {
        map(value) { key, value in self.text(value, into: &field[key, default: ""]) }
    }

    /// A whole number that the field can hold; null is 0. Digits in quotes are text.
    func integer<Number: FixedWidthInteger>(
        _ value: DocumentValue, into field: inout Number
    ) -> Leftover {
        switch value {
        case .null: field = 0
        case .number(let literal):
            guard let number = Self.integer(literal, as: Number.self) else {
                return misfit(value, rule: Self.rangeRule(Number.self))
            }
            field = number
        case .bool, .string, .array, .object:
            return misfit(value, "a whole number without quotes")
        }
        return nil
    }

    /// Nil for anything but decimal digits, perhaps after a minus, and for zeros before them:
    /// to YAML 1.1 `010` is eight.
    static func integer<Number: FixedWidthInteger>(
        _ literal: String, as type: Number.Type
    ) -> Number? {
        guard let number = Number(literal), String(number) == literal else { return nil }
        return number
    }

    private static func rangeRule<Number: FixedWidthInteger>(_ type: Number.Type) -> String {
        // A port of 0 is unset, and the rules of the endpoint refuse it where it may not be.
        type == UInt16.self
            ? "is not in 1-65535" : "is not a whole number in \(Number.min)-\(Number.max)"
    }

    /// A number of one byte or a name; a string of digits is the number that it says.
    func numberOrName(_ value: DocumentValue, into field: inout TransportProtocol) -> Leftover {
        switch value {
        case .null: field = .number(0)
        case .number(let literal):
            guard let number = Self.integer(literal, as: UInt8.self) else {
                return misfit(value, rule: "is not a whole number in 0-255")
            }
            field = .number(number)
        case .string(let text):
            field = Self.digits(text).map(TransportProtocol.number) ?? .name(text)
        case .bool, .array, .object:
            return misfit(value, "a number or a name")
        }
        return nil
    }

    private static func digits(_ text: String) -> UInt8? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return text.utf8.allSatisfy(digits.contains) ? UInt8(text) : nil
    }

    // MARK: What does not fit

    func unrecognized(_ value: DocumentValue) -> Leftover {
        note(value: "", "is not recognized or is in the wrong location")
        return value
    }

    func misfit(_ value: DocumentValue, _ wanted: String) -> Leftover {
        note(value: "", "is \(Self.shape(of: value)) where \(wanted) belongs")
        return value
    }

    func misfit(_ value: DocumentValue, rule: String) -> Leftover {
        note(value: Self.scalarText(value), rule)
        return value
    }

    /// Reports what no mode can take.
    func refuse(_ value: DocumentValue, _ reason: String) {
        refusals.add(pathText, Self.scalarText(value), reason)
    }

    /// The same of a member that the document does not have.
    func refuse(at key: String, _ reason: String) {
        path.append(.member(key))
        refusals.add(pathText, "", reason)
        path.removeLast()
    }

    private func note(value: String, _ reason: String) { misfits.add(pathText, value, reason) }

    private static func scalarText(_ value: DocumentValue) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: ""
        }
    }

    private static func shape(of value: DocumentValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let literal): "the number \(FieldFault.shown(literal))"
        case .string(let text): "the text '\(FieldFault.shown(text))'"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// The JSON path of where the walk stands: `spec.ports[1].port`, `metadata.labels[app]`.
    private var pathText: String {
        var text = ""
        for step in path {
            switch step {
            case .member(let key):
                if !text.isEmpty { text += "." }
                text += FieldFault.shown(key)
            case .entry(let key): text += "[\(FieldFault.shown(key))]"
            case .element(let index): text += "[\(index)]"
            }
        }
        return text.isEmpty ? "document" : text
    }
}
