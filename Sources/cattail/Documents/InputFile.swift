internal import Foundation
internal import Glibc
internal import LogStore

/// A file that documents are read from.
struct InputFile: Hashable, Sendable {
    /// As the user named it; `-` is standard input.
    let name: String

    enum Depth { case flat, recursive }

    private static let endings = [".json", ".yaml", ".yml"]

    /// The files that `-f` means: of a directory those with the right endings, in the order of
    /// their names.
    static func files(at path: String, depth: Depth) throws(Fault) -> [InputFile] {
        if path == "-" { return [InputFile(name: path)] }
        switch kind(path) {
        case .missing:
            throw Fault(
                code: FaultCode.fileMissing, what: SystemCause.text(path),
                remedy: "name a file, a directory or - for standard input")
        case .file: return [InputFile(name: path)]
        case .directory: return try files(in: path, depth)
        }
    }

    private enum Kind { case missing, file, directory }

    private static func kind(_ path: String) -> Kind {
        guard FileSystem.exists(path) else { return .missing }
        return FileSystem.isDirectory(path) ? .directory : .file
    }

    private static func files(in directory: String, _ depth: Depth) throws(Fault) -> [InputFile] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw unreadable("\(directory): \(error)")
        }
        var files: [InputFile] = []
        for name in names {
            let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
            switch (kind(path), depth) {
            case (.directory, .recursive): files += try Self.files(in: path, depth)
            case (.file, _) where endings.contains(where: name.hasSuffix):
                files.append(InputFile(name: path))
            case (.directory, .flat), (.file, _), (.missing, _): break
            }
        }
        return files
    }

    private static func unreadable(_ what: String) -> Fault {
        Fault(
            code: FaultCode.fileUnreadable, what: what,
            remedy: "look at its rights and at the disk")
    }

    /// How many bytes there are to read; nil for pipes and terminals.
    var byteCount: UInt64? {
        FileSystem.regularSize(of: name == "-" ? "/dev/stdin" : name)
    }

    /// Reads the file piece by piece, each as soon as it is there. `take` says whether to go on.
    func read(_ take: (UnsafeRawBufferPointer) -> ReadingStep) throws(Fault) {
        let descriptor = name == "-" ? 0 : open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Self.unreadable(SystemCause.text(name))
        }
        defer { if descriptor > 0 { close(descriptor) } }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 {
                let step = take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                if case .stop = step { return }
            } else if count == 0 {
                return
            } else if errno != EINTR {
                throw Self.unreadable(SystemCause.text(name))
            }
        }
    }
}

enum ReadingStep { case goOn, stop }
