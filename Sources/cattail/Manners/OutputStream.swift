internal import Foundation
internal import Glibc
internal import Synchronization

/// Whoever read what we write has gone.
struct OutputClosed: Error {}

/// A buffered stream on a file descriptor. Foundation's and glibc's own are either unbuffered or
/// refused by Swift 6.
final class OutputStream: Sendable {
    private let descriptor: Int32
    private let buffer = Mutex<[UInt8]>([])
    private static let flushBytes = 64 << 10

    init(descriptor: Int32) { self.descriptor = descriptor }

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
        if descriptor == 1 { ProgressLine.standard.clear() }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EPIPE {
                throw OutputClosed()
            } else if errno == EAGAIN {
                waitUntilWritable()
            } else if errno != EINTR {
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

    private func waitUntilWritable() {
        var descriptor = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&descriptor, 1, -1)
    }
}

/// What the system said of its last failed call.
enum SystemCause {
    static func text(_ subject: String) -> String {
        "\(subject): \(String(cString: strerror(errno)))"
    }
}
