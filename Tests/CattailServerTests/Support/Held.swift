import Foundation
import SyncTransport

/// What this process holds of a node, whatever else runs in it.
enum Held {
    /// Sockets on the node's side of its connections.
    static func connections(of address: ServerAddress) throws -> Int {
        let port = String(format: ":%04X", address.port)
        let table = try text("/proc/self/net/tcp")
        return table.split(separator: "\n").dropFirst().filter { line in
            let fields = line.split(separator: " ")
            // 0A listens, 06 is the kernel's alone.
            return fields.count > 9 && fields[1].hasSuffix(port)
                && !["0A", "06"].contains(String(fields[3])) && fields[9] != "0"
        }.count
    }

    /// Files of a directory that are open, its lock among them.
    static func files(in directory: String) throws -> [String] {
        let descriptors = "/proc/self/fd"
        return try FileManager.default.contentsOfDirectory(atPath: descriptors).compactMap {
            // One that was closed meanwhile has no path.
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\($0)")
        }.filter { $0.hasPrefix(directory + "/") }
    }

    /// The kernel's files have no size; they are read to their end.
    private static func text(_ path: String) throws -> String {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var data = Data()
        while let more = try file.read(upToCount: 64 << 10), !more.isEmpty { data += more }
        return String(decoding: data, as: UTF8.self)
    }

    /// The most memory that a process ever had.
    static func peakBytes(of pid: Int32) throws -> Int {
        let lines = try text("/proc/\(pid)/status").split(separator: "\n")
        let peak = lines.first { $0.hasPrefix("VmHWM:") }?.split(separator: " ").dropFirst().first
        return (peak.flatMap { Int($0) } ?? 0) << 10
    }

    static func residentBytes() throws -> Int {
        let pages = try text("/proc/self/statm").split(separator: " ")
        return (Int(pages[1]) ?? 0) * 4096
    }
}
