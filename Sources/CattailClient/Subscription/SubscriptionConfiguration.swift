public import EndpointModel
public import EndpointState

/// What a subscriber wants, and what it brings along.
public struct SubscriptionConfiguration: Sendable {
    public var selection: Selection
    public var cache: Cache
    /// What is held before the first connection, when the cache has nothing.
    public var start: Start

    /// Where what is held survives.
    public enum Cache: Hashable, Sendable {
        /// As long as the subscription lives.
        case memory
        /// In this file as well, so that a restarted program goes on where it was (G8). One
        /// program at a time.
        case file(String)
    }

    /// Where the story begins.
    public enum Start: Sendable {
        /// With nothing: everything that is selected will be told.
        case nothing
        /// With a past state that is taken as known: only what is different from it will be
        /// told. `EndpointClient.state(of:at:)` has it.
        case holding(EndpointSet, Position)
    }

    public init(
        selection: Selection = .everything, cache: Cache = .memory, start: Start = .nothing
    ) {
        self.selection = selection
        self.cache = cache
        self.start = start
    }
}
