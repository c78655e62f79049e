/// Whether the other end of a client's connection showed a sign of life, from what its socket says
/// (R54): bytes came, or a socket that was full took more of ours.
///
/// Bytes that vanish into a socket with room are no such sign, one's own ping least of all: this
/// kernel takes them, and the other end's kernel acknowledges them, whatever became of the process
/// that should read them. A server's end judges by acknowledgements all the same: there a reader
/// that takes its time with what is its own to read must not be cut (G9).
package struct SignsOfLife: Sendable {
    private var received: UInt64 = 0
    private var taken: UInt64 = 0
    private var wasFull = false

    package init() {}

    /// Since it was asked last.
    ///
    /// - Parameters:
    ///   - received: bytes read from the socket, ever.
    ///   - taken: bytes that it has taken, ever.
    ///   - unsent: bytes that it has not taken yet.
    package mutating func shown(received nowReceived: UInt64, taken nowTaken: UInt64, unsent: Int)
        -> Bool
    {
        defer { (received, taken, wasFull) = (nowReceived, nowTaken, unsent > 0) }
        return nowReceived != received || wasFull && nowTaken != taken
    }
}
