internal import Foundation

/// The environment's value of a flag: `--drain-timeout` is `CATTAIL_DRAIN_TIMEOUT`. A flag that
/// is given goes first.
enum Setting {
    static func name(_ flag: String) -> String {
        "CATTAIL_" + flag.uppercased().replacing("-", with: "_")
    }

    /// Nil when it is absent or empty.
    static func text(_ flag: String) -> String? {
        guard let text = ProcessInfo.processInfo.environment[name(flag)], !text.isEmpty else {
            return nil
        }
        return text
    }

    /// What the environment says of a flag that has no value: `true` or `1`, `false` or `0`;
    /// absent is off.
    static func isOn(_ flag: String) throws(UsageFault) -> Bool {
        switch text(flag) {
        case nil, "false", "0": return false
        case "true", "1": return true
        case let text?:
            throw UsageFault(
                "'\(text)' is no value for \(name(flag))", remedy: "write true or false")
        }
    }

    /// The flag's value, or the environment's, read as the flag would be.
    static func value<Value>(
        _ given: Value?, _ flag: String, read: (String) -> Value?
    ) throws(UsageFault) -> Value? {
        if let given { return given }
        guard let text = text(flag) else { return nil }
        guard let value = read(text) else {
            throw UsageFault(
                "'\(text)' is no value for \(name(flag))",
                remedy: "write it as --\(flag) takes it")
        }
        return value
    }
}
