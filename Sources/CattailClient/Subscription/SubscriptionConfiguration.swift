public import EndpointModel
public import EndpointState

/// What a subscriber wants, and what it brings along.
public struct SubscriptionConfiguration: Sendable {
    /// Which endpoints; all unless set. Servers evaluate it.
    public var selection: Selection
    /// Where what is held survives.
    public var cache: Cache
    /// What is held before the first connection, when the cache has nothing.
    public var start: Start

    /// How long what is held survives.
    public enum Cache: Hashable, Sendable {
        /// As long as the subscription lives.
        case memory
        /// In the file at this path as well, so that a restarted program goes on where it was
        /// (G8). It is made when it is not there, and replaced when it is damaged or of another
        /// selection; its folder must be there. One subscription at a time holds it.
        case file(String)
    }

    /// Where the story begins.
    public enum Start: Sendable {
        /// With nothing: everything that is selected will be told.
        case nothing
        /// With a past state that is taken as known: only what is different from it will be
        /// told. ``EndpointClient/list(_:at:)`` has the endpoints.
        case holding(EndpointSet, Position)
    }

    /// Everything, in memory, from nothing, unless said otherwise.
    public init(
        selection: Selection = .everything, cache: Cache = .memory, start: Start = .nothing
    ) {
        self.selection = selection
        self.cache = cache
        self.start = start
    }
}
