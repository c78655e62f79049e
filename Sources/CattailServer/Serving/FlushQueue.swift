/// Who was written to and not flushed since, as a plain value.
///
/// A socket that takes everything at once says so from inside its flush, the hub may then have
/// more for it, and that wants a flush too. It is for the loop that runs already: flushed from
/// inside, every subscriber of a frame would walk through all the others, one inside the other.
package struct FlushQueue<Element> {
    private var waiting: [Element] = []
    private var isRunning = false

    package init() {}

    package mutating func add(_ element: Element) { waiting.append(element) }

    /// Whether this caller is the one to go through the rounds until there is none.
    package mutating func begin() -> Bool {
        if isRunning { return false }
        isRunning = true
        return true
    }

    /// All that were added since the round before; nil, and the end, when there are none.
    package mutating func nextRound() -> [Element]? {
        if waiting.isEmpty {
            isRunning = false
            return nil
        }
        let round = waiting
        waiting = []
        return round
    }
}
