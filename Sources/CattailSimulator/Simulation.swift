internal import EndpointModel
internal import Feeds
internal import Foundation
internal import ReplicaCore

/// One seed's run, from an empty cluster through trouble to a quiet end.
package struct Simulation {
    package struct Outcome: Sendable {
        package let seed: UInt64
        /// Of the whole transcript: two runs of a seed have the same.
        package let hash: String
        /// What does not hold; nil: everything held.
        package let failure: String?
        package let lastLines: [String]
        package let scenario: String
        package let counts: [(String, Int)]
    }

    /// So long a healed cluster may take until everyone has caught up: half-open connections alone
    /// take 30 seconds to be found out, and sessions that wait for their hello 10.
    private static let quiet: UInt64 = 240_000_000

    /// - Parameter folder: Where the nodes' files are put; it is made, and removed.
    package static func run(seed: UInt64, in folder: String, lines: Int = 40) throws -> Outcome {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let world = try World(Scenario(seed: seed), in: folder)
        world.trace.note("scenario", world.scenario.summary)
        play(world)
        world.end()
        let counts = world.history.counts
        return Outcome(
            seed: seed, hash: world.trace.hash.description, failure: world.failure,
            lastLines: world.trace.last(lines), scenario: world.scenario.summary,
            counts: [
                ("happenings", world.timeline.happened), ("events", world.history.events.count),
                ("acknowledged", counts.acknowledged), ("marks", counts.marks),
                ("resyncs", counts.resyncs), ("openings", counts.restarts),
                ("elections", counts.elections), ("stepDowns", counts.stepDowns),
                ("orphaned", counts.orphaned), ("restored", counts.restored),
                ("rights", counts.rights), ("denials", counts.denials),
            ])
    }

    private static func play(_ world: World) {
        let person = Operator(world, world.makeDice())
        person.begin()
        world.run(for: world.scenario.length)
        guard world.failure == nil else { return }
        person.heal()
        world.run(for: quiet) { person.settled != nil }
        guard world.failure == nil else { return }
        guard let leader = person.settled else {
            return world.fail("nobody has caught up within 240 s: \(standing(world))")
        }
        world.history.judge(leader: leader)
    }

    /// Who lacks what, for people.
    private static func standing(_ world: World) -> String {
        let nodes = world.nodes.map { node in
            let log = world.history.logs[node.number]?.count ?? 0
            guard let process = node.process else { return "\(node.host) down" }
            return "\(node.host) \(process.role) at \(log) of \(process.hub.position.epoch.number)"
                + " promised \(process.pledge.epoch.number)"
        }
        let agents = world.agents.map { agent in
            "\(agent.name) at \(agent.position?.seq.rawValue ?? 0)"
                + (agent.isInSync ? "" : " not in sync")
        }
        let writers = world.writers.filter { !$0.isIdle }.map { "\($0.name) waits" }
        return (nodes + agents + writers).joined(separator: ", ")
    }
}
