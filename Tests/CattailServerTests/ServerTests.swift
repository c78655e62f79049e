import Foundation
import Testing

/// Real nodes, real sockets, the real client library. One at a time: each test has two or three
/// nodes with their threads, and this machine has two cores.
@Suite(
    "Server",
    // Some of these tests restart a node in this process on the port it had, and now and then
    // meet its lock or its port still held: until that is mended they run on demand.
    .enabled(if: ProcessInfo.processInfo.environment["CATTAIL_SERVER_TESTS"] != nil), .serialized,
    .onOwnThreads)
struct ServerTests {}
