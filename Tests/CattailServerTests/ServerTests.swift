import Testing

/// Real nodes, real sockets, the real client library. One at a time: each test has two or three
/// nodes with their threads, and this machine has two cores.
@Suite("Server", .serialized, .onOwnThreads)
struct ServerTests {}
