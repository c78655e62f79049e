/// Hands a value that belongs to one thread over to that thread.
///
/// Proof of `@unchecked Sendable`: the value is made by one thread, put in here, and taken out
/// once, by the thread that owns it from then on; the maker keeps no other reference.
final class Confined<Value>: @unchecked Sendable {
    private var value: Value?

    init(_ value: Value) { self.value = value }

    /// - Precondition: called once.
    func take() -> Value {
        guard let taken = value else { preconditionFailure("a confined value is taken once") }
        value = nil
        return taken
    }
}
