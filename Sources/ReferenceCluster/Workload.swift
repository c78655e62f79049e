internal import EndpointModel

/// One Deployment: what all of its pods have in common.
struct Workload {
    var namespace: Namespace
    var app: App
    var serviceAccount: String
    var labels: [String: String]
    var profiles: [String]
    /// `frontend-7d9f8b6c5-`; no other workload of the cluster has it.
    var podPrefix: String

    init(seed: UInt64, number: Int) {
        var random = SplitMix64(seed: seed, purpose: .workload, number: number)
        namespace = Namespace.drawn(from: &random)
        app = App.drawn(from: namespace.apps, &random)
        // Two of five never got an account of their own.
        serviceAccount = random.next(below: 5) < 2 ? "default" : app.name
        let hash = Text.safe(
            Self.hashes.image(of: UInt64(number), key: seed), digits: Self.hashDigits)
        labels = [
            "app": app.name, "tier": app.tier, "team": namespace.team,
            "environment": namespace.environment, "version": Self.version(&random),
            "pod-template-hash": hash,
        ]
        profiles = [
            "kns.\(namespace.name)", "ksa.\(namespace.name).\(serviceAccount)",
        ]
        podPrefix = "\(app.name)-\(hash)-"
    }

    /// 27^9 is more than 2^40, so no two workloads share a hash.
    private static let hashes = Scrambler(bits: 40)
    private static let hashDigits = 9

    /// Most run one of a few minor versions, some an old one.
    private static func version(_ random: inout SplitMix64) -> String {
        let minor = min(random.next(below: 20), random.next(below: 20))
        return "v\(1 + random.next(below: 3)).\(minor).\(random.next(below: 10))"
    }
}

/// Where a slot of the cluster belongs: Deployments of one to a hundred pods, laid out in blocks
/// of 256 slots so that any one is found without the others.
struct WorkloadPlace {
    var workload: Int
    /// Counts the pods of the workload from 0.
    var replica: Int

    private static let blockSlots = 256
    private static let mostWorkloadsPerBlock = 32
    private static let layouts: [[Int]] = [
        [100, 60, 40, 20, 12, 8, 6, 4, 3, 2, 1],
        [48, 40, 32, 30, 24, 20, 16, 12, 10, 8, 6, 4, 3, 2, 1],
        [30, 25, 20, 20, 18, 16, 15, 14, 12, 12, 10, 10, 9, 8, 7, 6, 5, 5, 4, 3, 3, 2, 1, 1],
        [64, 32, 24, 20, 18, 16, 14, 12, 12, 10, 8, 6, 5, 4, 3, 2, 2, 2, 1, 1],
    ]

    init(seed: UInt64, slot: Int) {
        let block = slot / Self.blockSlots
        var random = SplitMix64(seed: seed, purpose: .block, number: block)
        let layout = Self.layouts[random.next(below: Self.layouts.count)]
        var rest = slot % Self.blockSlots
        var ordinal = 0
        while rest >= layout[ordinal] {
            rest -= layout[ordinal]
            ordinal += 1
        }
        workload = block * Self.mostWorkloadsPerBlock + ordinal
        replica = rest
    }
}
