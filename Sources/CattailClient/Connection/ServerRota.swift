package import SyncProtocol
package import SyncTransport

/// Which server is tried next, and after which pause: a plain value.
///
/// Servers are tried in the order given. Once all of them have failed there is a pause, which
/// doubles from round to round up to a bound; half of each is random, so that a thousand agents
/// that lost the same server do not come back together.
package struct ServerRota: Sendable {
    private let servers: [ServerAddress]
    private let pauses: ClosedRange<Duration>
    private var random: SplitMix
    /// Addresses that a goodbye or a `not-leader` named; they go before the list, once.
    private var named: [ServerAddress] = []
    private var next = 0
    /// Whole rounds that failed since something succeeded.
    private var failedRounds = 0
    /// Who asked to be left alone, and for how much longer. Time is what this value itself gave out
    /// as pauses: it has no clock, and more than that has passed in truth.
    private var rests: [ServerAddress: Duration] = [:]
    /// How often a name was followed since something succeeded: servers that point at each
    /// other must not be asked in a tight circle.
    private var redirections = 0

    package init(servers: [ServerAddress], pauses: ClosedRange<Duration>, seed: UInt64) {
        precondition(!servers.isEmpty, "a client needs at least one server")
        self.servers = servers
        self.pauses = pauses
        random = SplitMix(state: seed)
    }

    package var hasOthers: Bool { servers.count > 1 || !named.isEmpty }
    package var all: [ServerAddress] { servers }

    /// The next address to dial.
    package mutating func take() -> ServerAddress {
        if !named.isEmpty { return named.removeFirst() }
        skipResting()
        if next >= servers.count { next = 0 }
        let address = servers[next]
        next += 1
        return address
    }

    /// How long to wait before `take` after a connection that was lost or not made. Even one that
    /// did well is not followed by another without a pause.
    ///
    /// Only when all ask to be left alone is the first of them waited for.
    package mutating func pauseBeforeNext() -> Duration {
        named.removeAll { rests[$0] != nil }
        var pause = ordinaryPause()
        if named.isEmpty, servers.allSatisfy({ rests[$0] != nil }) {
            pause = max(pause, servers.compactMap { rests[$0] }.min() ?? .zero)
        }
        for (server, rest) in rests { rests[server] = rest > pause ? rest - pause : nil }
        return pause
    }

    private mutating func ordinaryPause() -> Duration {
        if !named.isEmpty { return redirections > 1 ? pause(round: redirections) : .zero }
        if next == 0 { return pause(round: 1) }
        skipResting()
        if next < servers.count { return .zero }
        next = 0
        failedRounds = min(failedRounds + 1, 20)
        return pause(round: failedRounds)
    }

    private mutating func skipResting() {
        while next < servers.count, rests[servers[next]] != nil { next += 1 }
    }

    /// The server wants to be left alone for so long, of which no more than `Limits.retryAfter` is
    /// believed. The others are tried as ever.
    package mutating func leaveAlone(_ server: ServerAddress, for duration: Duration) {
        let rest = min(duration, .milliseconds(Limits.retryAfter.milliseconds))
        if rest > .zero { rests[server] = rest }
    }

    /// What a goodbye asks for: to be left alone, and the others to be tried first.
    package mutating func heed(_ goodbye: Goodbye, from server: ServerAddress) {
        leaveAlone(server, for: .milliseconds(Int64(goodbye.retryAfterMilliseconds)))
        goFirst(to: goodbye.addresses.compactMap { ServerAddress($0) })
    }

    /// The random pause of a round, the first being 1.
    package mutating func pause(round: Int) -> Duration {
        var pause = pauses.lowerBound
        for _ in 1..<max(1, round) where pause < pauses.upperBound { pause *= 2 }
        pause = min(pause, pauses.upperBound)
        let share = Int(random.next() % 5_000)
        return pause * (5_000 + share) / 10_000
    }

    /// A server did what was wanted of it: what comes next begins with the first server again.
    package mutating func succeeded() {
        next = 0
        failedRounds = 0
        redirections = 0
        named = []
    }

    /// Somebody said where to go instead. More than a goodbye may name are not looked at.
    package mutating func goFirst(to addresses: [ServerAddress]) {
        named = Array(addresses.prefix(Limits.addresses))
        if !addresses.isEmpty { redirections = min(redirections + 1, 20) }
    }
}

/// A small generator whose whole state is one number, so that a machine that holds it stays a
/// value and repeats itself for the same seed.
package struct SplitMix: RandomNumberGenerator, Sendable {
    package var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
