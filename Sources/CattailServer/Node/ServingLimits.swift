package import ReplicaCore
internal import SyncProtocol

/// The bounds of serving, each with its reason.
package struct ServingLimits: Sendable {
    package var connections = Limits.connections
    package var connectionsPerHost = PerHost.otherMachines(most: Limits.connectionsPerHost)
    package var selectionsPerHost = PerHost.otherMachines(most: Limits.selectionsPerHost)
    /// For those who are served: pages, tokens, feeds.
    package var readerThreads = 2
    /// For those who ask: of questions about now, and for their pages.
    package var questionThreads = 2
    /// Of questions about the past, each of which may take seconds and a whole state's memory.
    package var pastThreads = 2
    /// How long a connection that was said goodbye to may take for its last bytes. Beyond it a
    /// peer that does not read would keep a descriptor for ever (G12).
    package var lingerMilliseconds: UInt64 = 5_000
    /// What may wait in one connection's socket queue before its requests are not read any more:
    /// a peer that asks and never reads costs about this much (G9, G12).
    package var unsentBytes = 1 << 20
    /// How far the wall clock may stand behind the log's last event when a leader starts. Time
    /// daemons step by less; beyond it the clock is wrong, or was when the log was written.
    package var clockBehindMicroseconds: Int64 = 300_000_000
    /// The pauses between attempts to reach an upstream, growing from the first to the second:
    /// nobody waits longer for a leader that is back.
    package var upstreamPauses: ClosedRange<Duration> = .milliseconds(100)...(.seconds(3))
    /// How long an upstream is left alone whose records were refused: it will send the same.
    package var refusalMilliseconds: Int64 = 1_000
    /// How long an answer waits for voters to have its event; beyond it the asker is told that they
    /// have not. Less than what clients wait for any word, and more than a voter needs that has just
    /// come back.
    package var ackMilliseconds: UInt64 = 4_000
    /// How long another node may take to answer in a failover. An operator waits for some of these.
    package var peerPatience = Duration.seconds(5)
    /// What may wait for its mark while it comes from an upstream.
    package var staging = RecordStaging.Limits()

    package init() {}

    /// To whom a limit for each host applies.
    package enum PerHost: Hashable, Sendable {
        case everyHost(most: Int)
        /// Not to loopback, where many processes of this machine come from one address.
        case otherMachines(most: Int)
    }
}
