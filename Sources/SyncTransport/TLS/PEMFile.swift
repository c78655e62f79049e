internal import Glibc

/// A small file that is read as a whole, and how to tell that it was replaced.
package enum PEMFile {
    /// A bundle of all public authorities has 200 KiB, a long list of revoked certificates some
    /// megabytes.
    package static let byteLimit = 16 << 20

    package static func read(_ path: String) throws(TLSFault) -> [UInt8] {
        // One that nobody writes to would hold up whoever opens it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw fault(path, errno) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw fault(path, errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw TLSFault(.fileUnreadable, "\(path) is no file", "name a file of PEM")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault(path, errno) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= byteLimit else {
                throw TLSFault(
                    .fileUnreadable, "\(path) has more than \(byteLimit >> 20) MiB",
                    "name a file of PEM")
            }
        }
    }

    private static func fault(_ path: String, _ number: Int32) -> TLSFault {
        number == ENOENT || number == ENOTDIR
            ? TLSFault(.fileMissing, "\(path) is not there", "look at the path")
            : TLSFault(
                .fileUnreadable, "\(path) cannot be read: \(String(cString: strerror(number)))",
                "give the user of this process the right to read it")
    }

    /// Another value once the file was replaced or written: also when a symbolic link on the way
    /// to it leads elsewhere, which is how volumes of secrets are changed.
    package struct Stamp: Hashable, Sendable {
        private var device: UInt64 = 0
        private var file: UInt64 = 0
        private var size: Int64 = 0
        private var written = Moment()
        /// Of its rights too: one that could not be read may be readable now.
        private var changed = Moment()

        private struct Moment: Hashable {
            var seconds = 0
            var nanoseconds = 0
        }

        package init(_ path: String) {
            var facts = stat()
            // What is not there has a stamp too: it may come.
            guard stat(path, &facts) == 0 else { return }
            device = UInt64(facts.st_dev)
            file = UInt64(facts.st_ino)
            size = Int64(facts.st_size)
            written = Moment(
                seconds: facts.st_mtim.tv_sec, nanoseconds: facts.st_mtim.tv_nsec)
            changed = Moment(
                seconds: facts.st_ctim.tv_sec, nanoseconds: facts.st_ctim.tv_nsec)
        }
    }
}
