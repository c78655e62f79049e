import EndpointModel
import Testing

@Suite("A selector is known by its canonical form")
struct SelectorTests {
    @Test("equal conditions in other clothes are equal, other conditions are not")
    func equality() throws {
        let plain = try Selector(parsing: "a == \"1\" && b in {\"x\", \"y\"}")
        let dressed = try Selector(parsing: " ((a=='1'))&&b in{'y','x','y',} ")
        #expect(plain == dressed)
        #expect(plain.hashValue == dressed.hashValue)
        #expect(plain.uid == dressed.uid)
        #expect(try plain != Selector(parsing: "a == \"1\" || b in {\"x\", \"y\"}"))
        #expect(try Selector(parsing: " \t") == .all)
        #expect(try Selector(parsing: "global()") != .all)
    }

    @Test("equality is of bytes: strings that look alike differ")
    func bytes() throws {
        let composed = try Selector(parsing: "a == \"\u{e9}\"")
        let decomposed = try Selector(parsing: "a == \"e\u{301}\"")
        #expect(composed != decomposed)
        #expect(composed.matches(["a": "\u{e9}"]))
        #expect(!composed.matches(["a": "e\u{301}"]))
        let kelvin = ["\u{212A}": "1"]
        #expect(try !Selector(parsing: "has(K)").matches(kelvin))
        #expect(try Selector(parsing: "has(K)").matches(["K": "1"]))
    }

    @Test("a double negation across parentheses is kept, and can be taken out")
    func doubleNegation() throws {
        let kept = try Selector(parsing: "!(!has(a))")
        #expect(kept.canonical == "!!has(a)")
        #expect(kept.withoutDoubleNegation.canonical == "has(a)")
        let deep = try Selector(parsing: "!(!(!(has(a) && !(!(!has(b))))))")
        #expect(deep.withoutDoubleNegation.canonical == "!(has(a) && !has(b))")
        #expect(deep.withoutDoubleNegation.withoutDoubleNegation == deep.withoutDoubleNegation)
    }

    @Test("normalise trims, canonicalises what parses and leaves the rest")
    func normalise() {
        #expect(Selector.normalise("\r\n a=='b'\u{a0}\n") == "a == \"b\"")
        #expect(Selector.normalise("  a = b ") == "a = b")
        #expect(Selector.normalise(" \n ") == "all()")
        #expect(Selector.normalise("") == "all()")
    }

    @Test("names are the reference's for messages of every length around a block")
    func uid() throws {
        #expect(Selector.all.uid == "s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug")
        // SHA-224 of `s:has(xx…x)`, computed with Python's hashlib.
        for (count, uid) in Self.uidsByLabelLength {
            let label = String(repeating: "x", count: count)
            #expect(try Selector(parsing: "has(\(label))").uid == uid, "\(count)")
        }
    }

    static let uidsByLabelLength: [(Int, String)] = [
        (1, "s:PvZGPL1dAgzo6vXmSYhpGFUIgcBYO2i2LBZJSA"),
        (48, "s:Zl6UbMKDBKVbak4n_UGEZp--O8M5tO7OLRc62Q"),
        (49, "s:iDjMyzm46ARq48rq4gW1j0lCNaB0xi2wv6uNPw"),
        (50, "s:U8x7cwtJB_B2IyBtoU9NscwT9qE0rsWciZc7Vg"),
        (54, "s:hkUiF1fAtt9cObo2f99leSh9cW9Isg6I-jmjTg"),
        (55, "s:WgwmqCZszfmgW351ApmxJCOosf5iCGGW1Ys65Q"),
        (56, "s:OBMZnqE5xqgjOJCxtlRKHHzfvXEU7M01L6H3sw"),
        (57, "s:piVjzyJPhOCEkwuODcJQX6TIRwYDcOdQjgE2Uw"),
        (58, "s:e146Ma3CytAbfT1OPn22goUvUmcbjQOxq054Fw"),
        (59, "s:r2gx3KqCxZOqpjtnLo2i4_-M7QYSx-3LjfDFFw"),
        (113, "s:Plwq9Oq86DaPKzfPVZoBYPtEfamwAjzWUU1x2g"),
        (121, "s:R0u_6I2h1FKCAZgrkRd3qfoVsX-jEemyznwudA"),
        (122, "s:nAk8he_8kjwFFZqlODNdiqkmQuclEKQFkbaQIA"),
        (511, "s:TFEbVgL40ghxn38KXgkCfLNsyQRL2lcmXlf8vQ"),
        (512, "s:D9QbTs6KFkj2lInuRA5QT8zer9pHTRkFd5-8yA"),
    ]

    @Test("hints that the reference infers beyond its own tests' cases")
    func hints() throws {
        func hints(_ text: String) throws -> [String: LabelRestriction] {
            try Selector(parsing: text).restrictions
        }
        #expect(try hints("!(!has(a))").isEmpty)
        #expect(try hints("has(a) || !has(a)").isEmpty)
        #expect(try hints("!(has(a) && has(b))").isEmpty)
        #expect(
            try hints("!has(a) || !has(a) && b == 'x'")
                == ["a": LabelRestriction(mustBePresent: false, mustBeAbsent: true, oneOf: nil)])
        #expect(
            try hints("a == 'x' && (a == 'y' || a in {'x', 'z'}) && a in {}")
                == ["a": LabelRestriction(mustBePresent: true, mustBeAbsent: false, oneOf: [])])
    }
}
