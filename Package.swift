// swift-tools-version: 6.1
import PackageDescription

// The targets stand in the order of the arrows: whatever a target may import stands above it.
// `tools/check-arrows` holds the list to the sources.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
    name: "cattail",
    products: [
        .executable(name: "cattail", targets: ["cattail"]),
        // With the modules whose types its own speak of.
        .library(
            name: "CattailClient", targets: ["CattailClient", "EndpointState", "SyncTransport"]),
        .library(name: "EndpointModel", targets: ["EndpointModel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The system's SQLite, as a module.
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        // The system's zlib, as a module.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // The system's libdeflate, as a module.
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        // The system's allocator, as a module.
        .systemLibrary(name: "CMalloc"),
        // A disk for tests that fails on demand and forgets what was not synced.
        .target(name: "CFaultyDisk", dependencies: ["CSQLite"]),
        // SHA-256 by the processor's own instructions, two messages side by side.
        .target(name: "CSHA256"),
        // The resource, selectors, items, records, positions, digests: what the words mean.
        .target(
            name: "EndpointModel", dependencies: [crypto, "CSHA256"], swiftSettings: settings),
        // Documents as people write and read them: YAML, JSON, tables.
        .target(
            name: "EndpointDocuments", dependencies: ["EndpointModel", yams],
            swiftSettings: settings),
        // Messages, frames and both ends of a session, as values.
        .target(
            name: "SyncProtocol", dependencies: ["EndpointModel", "CZlib", "CDeflate", nioCore],
            swiftSettings: settings),
        // A small typed layer over the SQLite C API.
        .target(name: "SQLiteStore", dependencies: ["CSQLite"], swiftSettings: settings),
        // The append-only log in one SQLite file.
        .target(
            name: "LogStore", dependencies: ["EndpointModel", "SQLiteStore", logging],
            swiftSettings: settings),
        // The fold and the ordered in-memory state.
        .target(name: "EndpointState", dependencies: ["EndpointModel"], swiftSettings: settings),
        // Views on disk, and the state as of any seq.
        .target(
            name: "Projection",
            dependencies: ["EndpointModel", "EndpointState", "LogStore", "SQLiteStore", logging],
            swiftSettings: settings),
        // Selections, frames shared by their subscribers, catch-up plans.
        .target(
            name: "Feeds",
            dependencies: ["EndpointModel", "EndpointState", "SyncProtocol", deque, nioCore],
            swiftSettings: settings),
        // What a leader and a follower decide, as values.
        .target(
            name: "ReplicaCore",
            dependencies: ["EndpointModel", "EndpointState", "SyncProtocol", "Feeds", deque],
            swiftSettings: settings),
        // What leader and follower decide, done to their log: commits, promises, step-down.
        .target(
            name: "ReplicaLog",
            dependencies: [
                "EndpointModel", "EndpointState", "SyncProtocol", "SQLiteStore", "LogStore",
                "Projection", "Feeds", "ReplicaCore", logging,
            ],
            swiftSettings: settings),
        // NIO pipelines that carry out what sessions decide.
        .target(
            name: "SyncTransport",
            dependencies: [
                "EndpointModel", "SyncProtocol", nioCore, nioPosix, nioConcurrency, nioTLS, nioSSL,
                logging,
            ],
            swiftSettings: settings),
        // The client library.
        .target(
            name: "CattailClient",
            dependencies: [
                "EndpointModel", "EndpointState", "SyncProtocol", "SyncTransport", nioCore,
                nioPosix, nioConcurrency, logging,
            ],
            swiftSettings: settings),
        // History, differences, proofs, who had an address, replay.
        .target(
            name: "Audit",
            dependencies: ["EndpointModel", "EndpointState", "LogStore", "Projection", logging],
            swiftSettings: settings),
        // Threads, files, sockets and lifecycle around the values.
        .target(
            name: "CattailServer",
            dependencies: [
                "EndpointModel", "EndpointState", "SyncProtocol", "LogStore", "Projection",
                "Feeds", "ReplicaCore", "ReplicaLog", "SyncTransport", "CattailClient", "Audit",
                "CMalloc", deque,
                nioCore, nioPosix, nioConcurrency, x509, asn1, crypto, lifecycle, logging,
            ],
            swiftSettings: settings),
        // The cluster that `generate` makes.
        .target(
            name: "ReferenceCluster", dependencies: ["EndpointModel"], swiftSettings: settings),
        // The command line, thin.
        .executableTarget(
            name: "cattail",
            dependencies: [
                "EndpointModel", "EndpointDocuments", "EndpointState", "SyncProtocol", "LogStore",
                "Projection", "SyncTransport", "CattailClient", "Audit", "CattailServer",
                "ReferenceCluster", arguments, histogram, lifecycle, unixSignals, logging, nioCore,
                nioPosix,
            ],
            swiftSettings: settings),
        // The example of the client library: compiled here, so that it goes on fitting.
        .executableTarget(
            name: "WatchEndpoints",
            dependencies: ["EndpointModel", "EndpointState", "CattailClient"],
            path: "Examples/WatchEndpoints/Sources/WatchEndpoints", packageAccess: false,
            swiftSettings: settings),
        // The code of the client library's articles, with the settings that a user begins with.
        .target(
            name: "ArticleSamples",
            dependencies: ["EndpointModel", "EndpointState", "CattailClient"],
            path: "Examples/ArticleSamples/Sources/ArticleSamples", packageAccess: false,
            swiftSettings: [.swiftLanguageMode(.v6)]),
        // What tests share: virtual clock, recorders, processes, throw-away folders.
        .target(
            name: "CattailTestKit",
            dependencies: [
                "CFaultyDisk", "EndpointModel", "EndpointDocuments", "EndpointState",
                "SyncProtocol", "SQLiteStore", "LogStore", "Projection", "Feeds", "ReplicaCore",
                "ReferenceCluster", nioCore,
            ],
            swiftSettings: settings),
        // Every reader of foreign bytes, with what is claimed of it; run by tools/fuzz and by tests.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "CZlib", "EndpointModel", "EndpointDocuments", "EndpointState", "SyncProtocol",
                "LogStore", "Projection", "ReplicaCore", nioCore, logging,
            ],
            swiftSettings: settings),
        // The whole system on a virtual clock, over faulty disks and links, judged from outside.
        .target(
            name: "CattailSimulator",
            dependencies: [
                "EndpointModel", "EndpointState", "SyncProtocol", "SQLiteStore", "LogStore",
                "Projection", "Feeds", "ReplicaCore", "ReplicaLog", "SyncTransport",
                "CattailClient", "Audit", "ReferenceCluster", "CattailTestKit", crypto, deque,
                nioCore, logging,
            ],
            swiftSettings: settings),
        // Runs seeds of it: `tools/simulate`.
        .executableTarget(
            name: "simulate", dependencies: ["CattailSimulator"], swiftSettings: settings),
        .testTarget(
            name: "EndpointModelTests",
            dependencies: ["EndpointModel", "CattailTestKit"],
            resources: [.copy("Vectors")], swiftSettings: settings),
        .testTarget(
            name: "EndpointDocumentsTests",
            dependencies: [
                "EndpointModel", "EndpointDocuments", "ReferenceCluster", "CattailTestKit",
            ],
            resources: [.copy("Vectors")], swiftSettings: settings),
        .testTarget(
            name: "SyncProtocolTests",
            dependencies: ["EndpointModel", "SyncProtocol", nioCore, protobuf],
            swiftSettings: settings),
        .testTarget(
            name: "LogStoreTests",
            dependencies: [
                "EndpointModel", "SQLiteStore", "LogStore", "CattailTestKit",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EndpointStateTests",
            dependencies: ["EndpointModel", "EndpointState"],
            swiftSettings: settings),
        .testTarget(
            name: "ProjectionTests",
            dependencies: [
                "EndpointModel", "EndpointState", "LogStore", "Projection", "CattailTestKit",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FeedsTests",
            dependencies: ["EndpointModel", "EndpointState", "SyncProtocol", "Feeds", nioCore],
            swiftSettings: settings),
        .testTarget(
            name: "ReplicaCoreTests",
            dependencies: ["EndpointModel", "EndpointState", "SyncProtocol", "ReplicaCore"],
            swiftSettings: settings),
        .testTarget(
            name: "AuditTests",
            dependencies: [
                "EndpointModel", "EndpointState", "LogStore", "Projection", "Audit",
                "CattailTestKit",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CattailClientTests",
            dependencies: [
                "EndpointModel", "EndpointState", "SyncProtocol", "SyncTransport", "CattailClient",
                "CattailTestKit", nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CattailServerTests",
            dependencies: [
                "EndpointModel", "EndpointState", "SyncProtocol", "LogStore", "ReplicaCore",
                "ReplicaLog", "SyncTransport", "CattailClient", "CattailServer", "ArticleSamples",
                "CattailTestKit", nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "FuzzTargetsTests", dependencies: ["FuzzTargets"], swiftSettings: settings),
        .testTarget(
            name: "SimulatorTests", dependencies: ["CattailTestKit", "simulate"],
            swiftSettings: settings),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["EndpointModel", "EndpointDocuments", "CattailTestKit"],
            swiftSettings: settings),
    ]
)

// libFuzzer's entry, which links only with -sanitize=fuzzer: tools/fuzz asks for it.
if Context.environment["CATTAIL_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "FuzzRunner", dependencies: ["FuzzTargets"], path: "Fuzz/Runner",
            swiftSettings: settings + [.enableExperimentalFeature("Extern")]))
}
