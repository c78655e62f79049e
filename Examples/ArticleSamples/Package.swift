// swift-tools-version: 6.1
import PackageDescription

// The code of the client library's articles, as a program outside of the package would compile
// it. `tools/check-docs` holds the articles to these sources; the server's tests run them.
let package = Package(
    name: "ArticleSamples",
    products: [.library(name: "ArticleSamples", targets: ["ArticleSamples"])],
    dependencies: [.package(name: "cattail", path: "../..")],
    targets: [
        .target(
            name: "ArticleSamples",
            dependencies: [
                .product(name: "CattailClient", package: "cattail"),
                .product(name: "EndpointModel", package: "cattail"),
            ])
    ]
)
