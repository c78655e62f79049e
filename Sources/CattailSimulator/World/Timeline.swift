/// Virtual time, in microseconds since the beginning, and what happens at which moment of it. What
/// falls on one moment happens in the order in which it was arranged.
final class Timeline {
    /// Something that will happen unless it is cancelled.
    final class Appointment {
        fileprivate let due: UInt64
        fileprivate let number: UInt64
        fileprivate var action: (() -> Void)?

        fileprivate init(due: UInt64, number: UInt64, action: @escaping () -> Void) {
            self.due = due
            self.number = number
            self.action = action
        }

        func cancel() { action = nil }

        fileprivate func isBefore(_ other: Appointment) -> Bool {
            (due, number) < (other.due, other.number)
        }
    }

    private(set) var now: UInt64 = 0
    /// How many things have happened.
    private(set) var happened = 0
    /// The least at the front: a heap.
    private var heap: [Appointment] = []
    private var count: UInt64 = 0

    var milliseconds: UInt64 { now / 1_000 }

    @discardableResult
    func after(_ microseconds: UInt64, _ action: @escaping () -> Void) -> Appointment {
        count += 1
        let appointment = Appointment(due: now + microseconds, number: count, action: action)
        heap.append(appointment)
        rise()
        return appointment
    }

    /// Lets things happen until the moment, or until `goesOn` says no.
    func run(until end: UInt64, while goesOn: () -> Bool) {
        while goesOn(), let next = heap.first, next.due <= end {
            removeFirst()
            now = next.due
            guard let action = next.action else { continue }
            next.action = nil
            happened += 1
            action()
        }
        if goesOn() { now = max(now, end) }
    }

    /// Nothing more happens; lets go of whatever would have.
    func clear() {
        for appointment in heap { appointment.cancel() }
        heap = []
    }

    private func rise() {
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
