internal import Feeds

/// What a run is made of: all of it follows from the seed.
struct Scenario {
    let seed: UInt64
    let nodes: Int
    /// Of each follower, which node it is told to follow.
    let upstreams: [Int]
    let minAcks: UInt32
    let agents: Int
    let writers: Int
    let endpoints: Int
    /// Of the storm, in microseconds.
    let length: UInt64
    let faults: Set<Fault>
    let feeds: FeedLimits

    /// Kinds of trouble; a run has some of them.
    enum Fault: CaseIterable {
        case crashes, power, disk, space, links, partitions, clocks, promotions, force, members
        case restarts, views, agents, backups, rights
    }

    init(seed: UInt64) {
        self.seed = seed
        var dice = Dice(seed: seed)
        nodes = dice.oneIn(6) ? 1 : 2 + dice.below(3)
        upstreams = (1..<max(2, nodes)).map { dice.below($0) }
        let voters = nodes - 1
        minAcks = voters > 0 && !dice.oneIn(3) ? UInt32(1 + dice.below(max(1, voters - 1))) : 0
        agents = 2 + dice.below(4)
        writers = 1 + dice.below(2)
        endpoints = 6 + dice.below(20)
        length = dice.between(8_000_000, 25_000_000)
        var chosen: Set<Fault> = []
        for fault in Fault.allCases where !dice.oneIn(3) { chosen.insert(fault) }
        if nodes < 2 { chosen.subtract([.promotions, .force, .members]) }
        faults = chosen
        feeds = Self.limits(&dice)
    }

    /// Small ones, so that every bound is met all the time.
    private static func limits(_ dice: inout Dice) -> FeedLimits {
        var limits = FeedLimits()
        limits.frameBytes = dice.pick([700, 3_000, 20_000])
        limits.inFlightBytes = dice.pick([1_500, 8_000, 60_000])
        limits.ringBytes = dice.pick([3_000, 30_000, 300_000])
        limits.deltaEvents = UInt64(dice.pick([3, 12, 60]))
        limits.readsPerPage = 2
        limits.judgedPerPage = 5
        limits.recentEventBytes = dice.pick([2_000, 200_000])
        limits.idleFeedMilliseconds = 4_000
        limits.judgingPauses = 1
        return limits
    }

    var summary: String {
        "\(nodes) nodes under \(upstreams), \(minAcks) acks, \(agents) agents, \(writers) writers,"
            + " \(endpoints) endpoints, \(length / 1_000) ms, "
            + Fault.allCases.filter { faults.contains($0) }.map { "\($0)" }.joined(separator: " ")
    }
}
