internal import EndpointModel

/// What is known of one agent.
struct AgentBook {
    /// Up to which event it was told; nil: nothing yet.
    var place: Int?
    /// What it was told, as its user would keep it: by key, the seq.
    var told: [EndpointKey: UInt64] = [:]
    /// The event of the rights that it is given its part by; -1: none.
    var rights = -1
    /// What it should hold at its place: by key, the event.
    var expected: [EndpointKey: Int] = [:]
    /// Since the last changes it was told that its history is gone.
    var wasReset = false
    var hello: Hello?
    /// Puts of a snapshot that has no mark yet.
    var stagedPuts = 0
    var isInSnapshot = false

    /// What it said last that it holds.
    struct Hello {
        let server: String
        let token: Position?
        let hasCursor: Bool
        /// How often the server's log had lost events until then.
        let cutsBefore: Int
        /// It was told how its subscription goes on.
        var isAnswered = false
    }
}
