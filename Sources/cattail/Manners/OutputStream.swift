internal import Foundation
internal import Glibc
internal import Synchronization

/// Whoever read what we write has gone.
struct OutputClosed: Error {}

/// A buffered stream on a file descriptor. Foundation's and glibc's own are either unbuffered or
/// refused by Swift 6.
final class OutputStream: Sendable {
    private let descriptor: Int32
    /// What a terminal shows would run into the line of progress.
    private let isOnScreen: Bool
    private let buffer = Mutex<[UInt8]>([])
    private static let flushBytes = 64 << 10
    /// A pipe that polls as writable takes so much without waiting (POSIX: PIPE_BUF, on Linux).
    private static let pieceBytes = 4_096

    /// A pipe, of which one end is readable once waiting for readers has been given up. Where
    /// there are no descriptors left for it nothing can be given up.
    private static let interruption: (polled: Int32, written: Int32) = {
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    init(descriptor: Int32) {
        self.descriptor = descriptor
        isOnScreen = isatty(descriptor) == 1
    }

    func line(_ text: String) throws {
        try write(text, ending: "\n")
    }

    func write(_ text: String) throws {
        try write(text, ending: "")
    }

    private func write(_ text: String, ending: String) throws {
        try buffer.withLock { bytes in
            bytes.append(contentsOf: text.utf8)
            bytes.append(contentsOf: ending.utf8)
            if bytes.count >= Self.flushBytes { try drain(&bytes) }
        }
    }

    func flush() throws {
        try buffer.withLock { try drain(&$0) }
    }

    private func drain(_ bytes: inout [UInt8]) throws {
        if bytes.isEmpty { return }
        defer { bytes.removeAll(keepingCapacity: true) }
        if isOnScreen { ProgressLine.standard.clear() }
        var written = 0
        while written < bytes.count {
            try waitUntilWritable()
            let piece = bytes[written...].prefix(Self.pieceBytes)
            let count = piece.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EPIPE {
                throw OutputClosed()
            } else if errno != EINTR && errno != EAGAIN {
                throw Fault(
                    code: FaultCode.outputFailed, what: SystemCause.text("standard output"),
                    remedy: "look at where the output goes")
            }
        }
    }

    /// Returns when the reader of a pipe has closed it, which a write would find out only when
    /// there is something to write; or when the task is cancelled. What is no pipe has a reader for
    /// ever.
    func untilReaderIsGone() async {
        let (stream, gone) = AsyncStream.makeStream(of: Never.self)
        let descriptor = descriptor
        // A thread of its own, which ends with the process: `poll` cannot be cancelled.
        Thread.detachNewThread {
            // An error is reported whatever is asked for.
            var polled = pollfd(fd: descriptor, events: 0, revents: 0)
            while poll(&polled, 1, -1) < 0 && errno == EINTR {}
            gone.finish()
        }
        for await _ in stream {}
    }

    /// No write of this process waits for a reader any more, those under way included: they
    /// throw `OutputClosed`. What a reader takes at once is written all the same.
    static func stopWaitingForReaders() {
        var byte: UInt8 = 0
        _ = Glibc.write(interruption.written, &byte, 1)
    }

    /// Here and not inside the write, which nothing but a signal's default action could end.
    private func waitUntilWritable() throws {
        var polled = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: Self.interruption.polled, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&polled, nfds_t(polled.count), -1) < 0 && errno == EINTR {}
        if polled[0].revents == 0 && polled[1].revents != 0 { throw OutputClosed() }
    }
}

/// What the system said of its last failed call.
enum SystemCause {
    static func text(_ subject: String) -> String {
        "\(subject): \(String(cString: strerror(errno)))"
    }
}
