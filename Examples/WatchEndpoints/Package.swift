// swift-tools-version: 6.1
import PackageDescription

// A package of its own, as any program that takes the client library. The library's own manifest
// compiles these sources too, so that its tests keep them building.
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
