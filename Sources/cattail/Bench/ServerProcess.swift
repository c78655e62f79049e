internal import EndpointModel
internal import Glibc

/// What the kernel says of a process: the time that it ran, and the memory that it holds.
struct ServerProcess {
    let pid: Int
    let cpuSeconds: Double
    let residentBytes: Int

    init(_ pid: Int) throws {
        self.pid = pid
        let stat = try Self.read("stat", of: pid)
        // The name may hold anything; what follows it are numbers.
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        let status = try Self.read("statm", of: pid).split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]),
            status.count > 1, let pages = Int(status[1])
        else {
            throw Self.unknown(pid)
        }
        cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// From this moment to a later one.
    func until(_ later: ServerProcess, _ deliveries: Int) -> DocumentValue {
        let seconds = later.cpuSeconds - cpuSeconds
        return JSONLine([
            ("cpuSeconds", .decimal(seconds)),
            ("cpuSecondsPerMillion", .decimal(seconds / Double(max(1, deliveries)) * 1e6)),
            ("residentMiB", .decimal(Double(later.residentBytes) / 1_048_576)),
        ]).value
    }

    private static func unknown(_ pid: Int) -> UsageFault {
        UsageFault("no process \(pid) can be read", remedy: "give the pid of the server")
    }

    private static func read(_ name: String, of pid: Int) throws -> String {
        guard let file = fopen("/proc/\(pid)/\(name)", "r") else { throw unknown(pid) }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
