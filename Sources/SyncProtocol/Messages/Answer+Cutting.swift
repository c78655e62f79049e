internal import EndpointModel

// How many answers go into one frame. What an answer takes is bounded field by field and never
// guessed: what a peer asked for decides how great its answers are, and a frame that is too long
// is nobody's fault but ours (G12).

extension Answer {
    /// Never less than what the answer takes among `answers`.
    package var byteCountBound: Int {
        let numbers = FieldBound.number * 3
        let texts = [code.rawValue, message, leader].reduce(0) { $0 + FieldBound.text($1) }
        let itemBytes = item.map { FieldBound.head + $0.byteCount } ?? 0
        return faults.reduce(FieldBound.head + numbers + texts + itemBytes) {
            $0 + $1.byteCountBound
        }
    }

    /// How many of the first answers go into one frame: as many as stay below the limit, and one
    /// in any case.
    package static func fitting(
        _ answers: some Collection<Answer>, byteLimit: Int = Limits.answerCutBytes
    ) -> Int {
        var count = 0
        var byteCount = 0
        for answer in answers {
            byteCount += answer.byteCountBound
            if count > 0, byteCount > byteLimit { break }
            count += 1
        }
        return count
    }
}

extension FieldFault {
    /// Never less than what the fault takes in an answer.
    var byteCountBound: Int {
        [field, value, reason].reduce(FieldBound.head) { $0 + FieldBound.text($1) }
    }
}

/// The most that a field numbered up to 15 takes.
private enum FieldBound {
    /// Tag, and the length of what a frame can hold.
    static let head = 1 + 4
    static let number = 1 + 10

    static func text(_ text: String) -> Int { head + text.utf8.count }
}
