internal import Foundation
internal import Synchronization

/// A process of this same program, as the demo and `bench` run it: started, read line by line, ended by its
/// own ID and nothing else.
final class ChildProcess: Sendable {
    let name: String
    let lines: AsyncStream<String>
    private let process: Process
    private let input: FileHandle?
    private let exit: AsyncStream<Int32>

    /// What it reads.
    enum Input {
        case nothing
        /// This, then the end.
        case whole(Data)
        /// What `send` is called with, until `endInput`.
        case kept
    }

    /// Starts the program with the arguments; its errors go to `errors`.
    init(_ name: String, _ arguments: [String], errors: FileHandle, input: Input = .nothing)
        throws
    {
        self.name = name
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = errors
        let inputPipe = Pipe()
        switch input {
        case .nothing: process.standardInput = FileHandle.nullDevice
        case .whole, .kept: process.standardInput = inputPipe
        }
        let (exit, ended) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            ended.yield(process.terminationStatus)
            ended.finish()
        }
        self.process = process
        self.exit = exit
        lines = Self.lines(of: output.fileHandleForReading)
        let writing = inputPipe.fileHandleForWriting
        if case .kept = input { self.input = writing } else { self.input = nil }
        try process.run()
        if case .whole(let data) = input {
            Thread.detachNewThread {
                // A child that ends early closes its side; its exit code tells why.
                try? writing.write(contentsOf: data)
                try? writing.close()
            }
        }
    }

    /// A line of input that is kept open.
    func send(_ line: String) throws { try input?.write(contentsOf: Data((line + "\n").utf8)) }

    func endInput() { try? input?.close() }

    /// This program, whatever it was called by.
    private static var program: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    }

    var pid: Int32 { process.processIdentifier }

    /// As the power cord would.
    func kill() { Foundation.kill(pid, SIGKILL) }

    /// Politely: the process drains.
    func terminate() { if process.isRunning { process.terminate() } }

    /// The exit code, once the process has ended.
    func ended() async -> Int32 {
        for await code in exit { return code }
        return process.terminationStatus
    }

    /// Everything that it prints until it ends, and its exit code.
    func output() async -> (code: Int32, text: String) {
        var text = ""
        for await line in lines { text += line + "\n" }
        return (await ended(), text)
    }

    /// What comes, line by line, until the other end closes.
    static func lines(of handle: FileHandle) -> AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                var rest = Data()
                while true {
                    let chunk = handle.availableData
                    if chunk.isEmpty { break }
                    rest.append(chunk)
                    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                        continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
                        rest = Data(rest[rest.index(after: end)...])
                    }
                }
                if !rest.isEmpty { continuation.yield(String(decoding: rest, as: UTF8.self)) }
                continuation.finish()
            }
        }
    }
}
