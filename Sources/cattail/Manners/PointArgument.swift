internal import ArgumentParser
internal import CattailClient
internal import EndpointModel

/// A point of the log: a seq, a time in RFC 3339, or an age (`15m`, `2h`, `1h30m`).
struct PointArgument: ExpressibleByArgument {
    let point: LogPoint

    init?(argument: String) {
        if argument.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard let number = UInt64(argument) else { return nil }
            point = .seq(Seq(number))
        } else if let time = Timestamp(rfc3339: argument) {
            point = .time(time)
        } else if let age = DurationArgument.microseconds(argument) {
            point = .age(microseconds: age)
        } else {
            return nil
        }
    }
}

/// A length of time: `30s`, `15m`, `1h30m`, `500ms`; digits alone are seconds.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        if let seconds = UInt32(argument) {
            duration = .seconds(Int64(seconds))
        } else if let microseconds = Self.microseconds(argument) {
            duration = .microseconds(Int64(clamping: microseconds))
        } else {
            return nil
        }
    }

    /// The sum of numbers with units; nil for anything else and for what does not fit.
    static func microseconds(_ text: String) -> UInt64? {
        var total: UInt64 = 0
        var rest = text.utf8[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { (0x61...0x7A).contains($0) }
            rest = rest.dropFirst(letters.count)
            guard let number = UInt64(String(Substring(digits))),
                let unit = unit(String(Substring(letters)))
            else { return nil }
            let (part, tooLong) = number.multipliedReportingOverflow(by: unit)
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !tooLong, !overflow, sum <= UInt64(Int64.max) else { return nil }
            total = sum
        }
        return total
    }

    private static func unit(_ letters: String) -> UInt64? {
        switch letters {
        case "us": 1
        case "ms": 1_000
        case "s": 1_000_000
        case "m": 60_000_000
        case "h": 3_600_000_000
        case "d": 86_400_000_000
        case "w": 604_800_000_000
        default: nil
        }
    }
}
