/// The bounds of serving, each with its reason.
package struct ServingLimits: Sendable {
    /// Beyond it connections are closed as they are accepted: each costs a descriptor.
    package var connections = 16_000
    package var readerThreads = 2

    package init() {}
}
