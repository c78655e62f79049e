internal import Foundation
internal import Synchronization

/// A process of this same program, as the demo runs it: started, read line by line, ended by its
/// own ID and nothing else.
final class ChildProcess: Sendable {
    let name: String
    let lines: AsyncStream<String>
    private let process: Process
    private let exit: AsyncStream<Int32>

    /// Starts the program with the arguments; its errors go to `errors`.
    init(_ name: String, _ arguments: [String], errors: FileHandle, input: Data? = nil) throws {
        self.name = name
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = errors
        let inputPipe = input.map { _ in Pipe() }
        process.standardInput = inputPipe ?? FileHandle.nullDevice
        let (exit, ended) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            ended.yield(process.terminationStatus)
            ended.finish()
        }
        self.process = process
        self.exit = exit
        lines = Self.lines(of: output.fileHandleForReading)
        try process.run()
        if let inputPipe, let input {
            Thread.detachNewThread {
                // A child that ends early closes its side; its exit code tells why.
                try? inputPipe.fileHandleForWriting.write(contentsOf: input)
                try? inputPipe.fileHandleForWriting.close()
            }
        }
    }

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

    private static func lines(of handle: FileHandle) -> AsyncStream<String> {
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
