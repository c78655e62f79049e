/// Lets what is not Sendable into a closure that must be.
///
/// Proof of `@unchecked Sendable`: a simulation has one thread. The closures are those that a
/// server calls from its threads; here they are called by whoever runs the timeline, which is the
/// same that made them.
struct SingleThreaded<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
