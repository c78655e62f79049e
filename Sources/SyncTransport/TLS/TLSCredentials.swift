internal import Synchronization

/// The TLS of a process: what its files held last, read anew when they change. May be asked from
/// any thread.
package final class TLSCredentials: Sendable {
    package let files: TLSFiles
    private let contexts = Mutex<TLSContexts?>(nil)
    /// Of the files as they were tried last, whether they could be used or not. Held while they
    /// are read, so that what was read first never comes last.
    private let tried = Mutex<[PEMFile.Stamp]>([])

    /// What reading anew came to.
    package enum Renewal: Sendable {
        /// The files are as they were when they were tried last.
        case unchanged
        case renewed(TLSContexts)
        /// What was read before stays in use.
        case failed(TLSFault)
    }

    package init(_ files: TLSFiles) { self.files = files }

    /// What was read last; nil before anything could be.
    package var current: TLSContexts? { contexts.withLock(\.self) }

    /// What the files hold now or, when that cannot be used, held before. It reads files: away
    /// from event loops.
    ///
    /// - Throws: when there never was anything to use.
    package func load() throws(TLSFault) -> TLSContexts {
        switch renew() {
        case .renewed(let contexts): return contexts
        case .failed(let fault):
            guard let current else { throw fault }
            return current
        case .unchanged:
            if let current { return current }
            return try tried.withLock { _ throws(TLSFault) in try read() }
        }
    }

    /// Reads the files if they changed since they were tried last: away from event loops.
    package func renew() -> Renewal {
        tried.withLock { tried in
            // Taken before the files are read: what changes meanwhile is seen the next time.
            let stamps = files.paths.map { PEMFile.Stamp($0) }
            guard stamps != tried else { return .unchanged }
            tried = stamps
            return attempt()
        }
    }

    private func attempt() -> Renewal {
        do throws(TLSFault) { return .renewed(try read()) } catch { return .failed(error) }
    }

    private func read() throws(TLSFault) -> TLSContexts {
        let read = try TLSContexts(files)
        contexts.withLock { $0 = read }
        return read
    }
}
