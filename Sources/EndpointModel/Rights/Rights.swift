/// Who may do and see what (G13): rules in an order, of which the first that fits an identity
/// counts. They stand in the log, as an event that replaces those before it.
public struct Rights: Hashable, Sendable {
    public struct Rule: Hashable, Sendable {
        /// Who: a common name or URI of a certificate, or `unproven:NAME`.
        public var identity: NamePattern
        public var roles: Roles
        /// What they are held to; everything for roles that see the whole log.
        public var selection: SelectionTemplate

        public init(
            identity: NamePattern, roles: Roles, selection: SelectionTemplate = .everything
        ) {
            self.identity = identity
            self.roles = roles
            self.selection = selection
        }
    }

    public var rules: [Rule]

    public init(rules: [Rule] = []) { self.rules = rules }

    package static let ruleLimit = 1_000
    package static let byteLimit = 64 << 10

    /// Nil: nothing at all.
    public func grant(to identity: Identity) -> Grant? {
        for rule in rules {
            guard rule.isMeant(for: identity),
                let name = identity.names.first(where: rule.identity.matches)
            else { continue }
            guard !rule.roles.isEmpty else { return nil }
            var places = SelectionTemplate.Places(star: rule.identity.starred(in: name))
            if case .proven(let commonName, _) = identity { places.commonName = commonName }
            return rule.selection.filled(places).map { Grant(roles: rule.roles, selection: $0) }
        }
        return nil
    }

    /// Everything that keeps these rights from being put in force; empty when nothing does.
    public func faults() -> [FieldFault] {
        var faults: [FieldFault] = []
        for (index, rule) in rules.prefix(Self.ruleLimit).enumerated() {
            faults += rule.faults(in: "rules[\(index)]")
        }
        if rules.count > Self.ruleLimit {
            faults.append(
                FieldFault(
                    field: "rules",
                    reason: "are \(rules.count), at most \(Self.ruleLimit) are allowed"))
        }
        let byteCount = encoded.count
        if byteCount > Self.byteLimit {
            faults.append(
                FieldFault(
                    field: "rules",
                    reason: "take \(byteCount) bytes, at most \(Self.byteLimit) are allowed"))
        }
        return faults
    }
}

extension Rights.Rule {
    /// What is merely claimed a pattern must name as such: `*` alone means certificates.
    fileprivate func isMeant(for identity: Identity) -> Bool {
        switch identity {
        case .proven: true
        case .claimed: self.identity.description.utf8.starts(with: Identity.claimMark.utf8)
        }
    }

    fileprivate func faults(in field: String) -> [FieldFault] {
        var faults = selection.faults(in: "\(field).selection", of: identity)
        if roles.isEmpty {
            faults.append(FieldFault(field: "\(field).roles", reason: "are needed"))
        }
        let wide = roles.intersection(.seeingAll)
        if !wide.isEmpty, selection != .everything {
            faults.append(
                FieldFault(
                    field: "\(field).selection",
                    reason: "cannot hold \(wide.names.joined(separator: " and ")): who has the log"
                        + " sees all of it"))
        }
        return faults
    }
}

// MARK: - On the wire

extension Rights {
    /// Two that are equal by their bytes say the same.
    package var encoded: [UInt8] {
        var writer = ProtoWriter()
        write(to: &writer)
        return writer.bytes
    }

    package func write(to writer: inout ProtoWriter) {
        for rule in rules {
            writer.message(1) { inner in
                inner.explicitText(1, rule.identity.description)
                inner.number(2, UInt64(rule.roles.rawValue))
                inner.text(3, rule.selection.selector)
                inner.text(4, rule.selection.node)
                inner.text(5, rule.selection.namespace)
            }
        }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init()
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1:
                guard rules.count < Self.ruleLimit else {
                    throw .inconsistent("rights have more than \(Self.ruleLimit) rules")
                }
                rules.append(try Rule(reader.nested(reader.body(field))))
            default: try reader.skip(field)
            }
        }
    }
}

extension Rights.Rule {
    fileprivate init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var identity: NamePattern?
        var roles = Roles()
        var selection = SelectionTemplate.everything
        var isKnown = true
        while let field = try reader.next() {
            switch field.number {
            case 1: identity = NamePattern(try reader.text(field))
            case 2:
                let number = try reader.number(field, atMost: UInt64(UInt32.max))
                roles = Roles(rawValue: UInt32(truncatingIfNeeded: number))
            case 3: selection.selector = try reader.text(field)
            case 4: selection.node = try reader.text(field)
            case 5: selection.namespace = try reader.text(field)
            default:
                // It may narrow the rule in a way that nobody here knows.
                isKnown = false
                try reader.skip(field)
            }
        }
        guard let identity else { throw .fieldMissing(field: 1) }
        self.init(identity: identity, roles: isKnown ? roles : [], selection: selection)
    }
}
