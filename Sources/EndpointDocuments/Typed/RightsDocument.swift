package import EndpointModel

/// Rights as people write them:
///
///     kind: Rights
///     rules:
///     - identity: node-*
///       roles: [agent]
///       selection: {node: "${cn}"}
///     - identity: root-admin
///       roles: [admin]
package struct RightsDocument: Hashable, Sendable {
    package static let kind = "Rights"

    package var rights: Rights
    /// Of the event that they were read from; what is applied is refused when others stand by then.
    package var seq: Seq?

    package init(rights: Rights, seq: Seq? = nil) {
        self.rights = rights
        self.seq = seq
    }

    package static func decode(_ document: DocumentValue) -> Decoded<RightsDocument> {
        let decoder = TypedDecoder()
        var rights = RightsDocument(rights: Rights())
        _ = decoder.rights(document, into: &rights)
        return decoder.finished(rights, mode: .strict)
    }

    /// Reads back as the same.
    package var document: DocumentValue {
        var members = [DocumentValue.Member("kind", .string(Self.kind))]
        members.append(.init("rules", .array(rights.rules.map(\.document))))
        if let seq { members.append(.init("seq", .number(seq.description))) }
        return .object(members)
    }
}

extension Rights.Rule {
    fileprivate var document: DocumentValue {
        var members: [DocumentValue.Member] = [
            .init("identity", .string(identity.description)),
            .init("roles", .array(roles.names.map { .string($0) })),
        ]
        let parts = [
            ("selector", selection.selector), ("node", selection.node),
            ("namespace", selection.namespace),
        ]
        let held = parts.filter { !$0.1.isEmpty }.map { name, text in
            DocumentValue.Member(name, .string(text))
        }
        if !held.isEmpty { members.append(.init("selection", .object(held))) }
        return .object(members)
    }
}

extension TypedDecoder {
    fileprivate func rights(_ document: DocumentValue, into read: inout RightsDocument) -> Leftover
    {
        guard case .object(let members) = document else {
            refuse(document, "is no object: rights have kind and rules")
            return nil
        }
        for key in ["kind", "rules"] where !members.contains(where: { $0.key == key }) {
            refuse(at: key, "is missing")
        }
        return object(document) { key, value in
            switch key {
            case "kind":
                if value != .string(RightsDocument.kind) {
                    refuse(value, "is not \(RightsDocument.kind)")
                }
                return nil
            case "rules":
                return list(value) { element in
                    self.rule(element).map { read.rights.rules.append($0) }
                    return nil
                }
            case "seq":
                var number: UInt64 = 0
                let leftover = integer(value, into: &number)
                read.seq = Seq(number)
                return leftover
            default: return unrecognized(value)
            }
        }
    }

    /// Nil when it has no identity; that is noted.
    private func rule(_ value: DocumentValue) -> Rights.Rule? {
        guard case .object(let members) = value else {
            refuse(value, "is no object: a rule has identity, roles and perhaps a selection")
            return nil
        }
        var identity = ""
        var names: [String] = []
        var roles = Roles()
        var selection = SelectionTemplate.everything
        _ = object(value) { key, value in
            switch key {
            case "identity": return text(value, into: &identity)
            case "roles": return texts(value, into: &names)
            case "selection": return self.selection(value, into: &selection)
            default: return unrecognized(value)
            }
        }
        for name in names {
            guard let known = Roles.named.first(where: { $0.name == name }) else {
                refuse(at: "roles", Self.unknownRole(name))
                continue
            }
            roles.insert(known.role)
        }
        if !members.contains(where: { $0.key == "identity" }) || identity.isEmpty {
            refuse(at: "identity", "is needed: a name, or names with * in them")
        }
        return NamePattern(identity).map {
            Rights.Rule(identity: $0, roles: roles, selection: selection)
        }
    }

    private static func unknownRole(_ name: String) -> String {
        let known = Roles.named.map(\.name).joined(separator: ", ")
        return "have '\(FieldFault.shown(name))', which is none of \(known)"
    }

    private func selection(_ value: DocumentValue, into selection: inout SelectionTemplate)
        -> Leftover
    {
        object(value) { key, value in
            switch key {
            case "selector": text(value, into: &selection.selector)
            case "node": text(value, into: &selection.node)
            case "namespace": text(value, into: &selection.namespace)
            default: unrecognized(value)
            }
        }
    }
}
