/// Every bound on what peers may ask of a node, with its reason. Reaching one is a coded event, never
/// a surprise; `docs/operations.md` has them all as a table, with their codes.
package enum Limits {
    // The wire: the same for every peer of a version.

    /// The greatest value of a frame's length field (header byte and body): an item of 1 MiB with
    /// room to spare, so that every legal message fits in one frame.
    package static let frameBytes = 2 << 20
    /// The greatest body after inflation; checked before anything is inflated (G12).
    package static let inflatedBytes = 2 << 20
    /// The greatest hello frame: what a stranger can make us hold before he is known.
    package static let handshakeFrameBytes = 16 << 10
    /// The least body that is worth a deflate: below, header and checksum eat the gain.
    package static let compressedBodyBytesMinimum = 128
    /// Where feeds cut frames, at event boundaries: large enough for 4–5 times compression,
    /// small enough that an answer waits less than a millisecond behind one.
    package static let deltaCutBytes = 256 << 10
    /// The greatest request ID.
    package static let requestIDBytes = 128
    /// The greatest selector text: Calico's own are far below 1 KiB.
    package static let selectorBytes = 4 << 10
    /// The greatest actor, program name, node, namespace and advertised address: the length of a
    /// DNS name.
    package static let nameBytes = 253
    /// The greatest address that is told to others: a name in brackets, a colon and a port.
    package static let addressBytes = nameBytes + 8
    /// The greatest text of a goodbye, a refusal or a failure: for people.
    package static let messageBytes = 1 << 10
    /// What the faults of one answer may take: hundreds of them, and far from a frame.
    package static let faultBytes = 256 << 10
    /// About what one frame of answers may hold: several, unless one is greater by itself.
    package static let answerCutBytes = 256 << 10
    /// Forks told in a server hello, newest first: enough for a day of failovers in 16 KiB.
    package static let forks = 32
    /// Followers between a leader and whoever is last: each adds its time to every event's way.
    package static let relays = 32
    /// Addresses told in a goodbye.
    package static let addresses = 16
    /// The longest that a goodbye's `retry_after` is believed. It speaks for its own server alone,
    /// and a wrong one must not keep anybody away for weeks.
    package static let retryAfter = Interval(milliseconds: 60_000)

    // A node, unless it is told otherwise.

    /// Served at a time: each costs a descriptor.
    package static let connections = 16_000
    /// Of one host: a node of a cluster has a few agents, and a gateway before many of them some
    /// thousands. One host cannot take all places.
    package static let connectionsPerHost = 4_000
    /// Different selections that one host follows: each costs a feed.
    package static let selectionsPerHost = 1_000
    /// Beyond the served ones so many are told why not; more are closed as they are accepted.
    package static let connectionsToldOff = 32
    /// When those should try again.
    package static let overloadPause = Interval(milliseconds: 1_000)

    // Sessions.

    /// How long a stranger may take to say hello, and a server to answer.
    package static let helloDeadline = Interval(milliseconds: 10_000)
    /// An end that has seen nothing move for this long pings.
    package static let pingInterval = Interval(milliseconds: 10_000)
    /// Ping intervals without a moved byte after which a connection is dead.
    package static let silentIntervals: Int64 = 3
    /// Unanswered mutations of a connection before it is not read any more: several commits' worth.
    package static let outstandingMutations = 1_024
    /// The same in bytes of frames. One frame more may be in hand when the bound is met.
    package static let outstandingMutationBytes = 4 << 20
    /// Queries of a connection that run at once; one more is answered `overloaded`.
    package static let openQueries = 8
    /// Bulk handed to a connection and not yet taken by its socket: answers and pings wait behind
    /// at most this much.
    package static let inFlightBytes = 512 << 10
    /// Of a connection's bytes those that the kernel takes before it has sent them. For who does not
    /// read it would take megabytes: written for nobody, and standing where updates cannot be
    /// merged any more. What is on its way to the peer does not count.
    package static let kernelUnsentBytes = 128 << 10
}
