// swift-tools-version: 6.1
import PackageDescription

// A package of its own: it takes the client library as any program would.
let package = Package(
    name: "WatchEndpoints",
    dependencies: [.package(name: "cattail", path: "../..")],
    targets: [
        .executableTarget(
            name: "WatchEndpoints",
            dependencies: [
                .product(name: "CattailClient", package: "cattail"),
                .product(name: "EndpointModel", package: "cattail"),
            ])
    ]
)
