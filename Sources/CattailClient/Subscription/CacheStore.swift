internal import EndpointModel
internal import EndpointState
internal import Glibc
internal import NIOCore
internal import SyncProtocol

/// The cache file of one subscription: read once, then appended to batch by batch, and written
/// anew when what was appended outgrows it.
///
/// A batch goes in after the subscriber is done with it, so that after a crash at worst the last
/// batch is told again, never left out. Nothing is synced but a new file before it takes the old
/// one's place: what a power loss tears off is missing at the end, where the reader stops.
struct CacheStore: Sendable {
    /// Appended bytes below which writing anew is not worth it.
    private static let appendedBytesMinimum = 1 << 20

    private let path: String
    /// Of the selection that was asked for.
    private let fingerprint: Hash256
    /// Of the one that the file holds; nil before there is one.
    private var given: Hash256?
    /// Nil until the first batch has been written: whatever stands there is replaced.
    private var file: OpenFile?
    private var wholeBytes = 0
    private var appendedBytes = 0

    private init(path: String, fingerprint: Hash256) {
        self.path = path
        self.fingerprint = fingerprint
    }

    // MARK: Opening

    struct Opened {
        var store: CacheStore
        var held: HeldState?
        /// Why the file, or its end, was of no use.
        var problem: String?
    }

    static func open(_ path: String, fingerprint: Hash256) throws(ClientError) -> Opened {
        var opened = Opened(store: CacheStore(path: path, fingerprint: fingerprint))
        guard let file = try OpenFile.openExisting(path) else { return opened }
        guard file.lock() else {
            throw ClientError(
                code: .unavailable, message: "the cache \(path) is in use by another program",
                remedy: "give each program a file of its own")
        }
        var loader = CacheLoader(fingerprint: fingerprint)
        file.readAll { loader.take($0) }
        let loaded = loader.finish()
        opened.problem = loaded.problem.map { "\(path): \($0)" }
        guard let held = loaded.held else { return opened }
        opened.held = held
        opened.store.given = held.fingerprint
        if file.truncate(to: loaded.goodBytes) {
            opened.store.file = file
            opened.store.wholeBytes = loaded.goodBytes
        }
        return opened
    }

    // MARK: Writing

    /// Takes a batch that the subscriber is done with.
    mutating func append(_ batch: EndpointChanges) throws(ClientError) {
        guard let file, given == batch.fingerprint,
            appendedBytes <= max(wholeBytes, Self.appendedBytesMinimum)
        else {
            return try writeWhole(batch)
        }
        let bytes = CacheFileEncoder.batch(batch.changes.lazy.map(\.wire), mark: batch.mark.wire)
        guard file.write(bytes) else {
            self.file = nil
            throw Self.cannotWrite(path)
        }
        appendedBytes += bytes.readableBytes
    }

    private mutating func writeWhole(_ batch: EndpointChanges) throws(ClientError) {
        let temporary = path + ".new"
        guard let new = OpenFile.create(temporary) else { throw Self.cannotWrite(temporary) }
        var bytes = CacheFileEncoder.beginning(
            CacheFile.Held(wanted: fingerprint, given: batch.fingerprint))
        let items = batch.state.items.lazy.map { Change.put($0) }
        var rest = CacheFileEncoder.batch(items, mark: batch.mark.wire)
        bytes.writeBuffer(&rest)
        guard new.lock(), new.write(bytes), new.sync(), rename(temporary, path) == 0 else {
            unlink(temporary)
            throw Self.cannotWrite(path)
        }
        file = new
        given = batch.fingerprint
        wholeBytes = bytes.readableBytes
        appendedBytes = 0
    }

    private static func cannotWrite(_ path: String) -> ClientError {
        ClientError(
            code: .unavailable,
            message: "the cache \(path) cannot be written: \(String(cString: strerror(errno)))",
            remedy: "what is held stays in memory alone")
    }
}

extension EndpointChange {
    fileprivate var wire: Change {
        switch self {
        case .put(let item): .put(item)
        case .removal(let key, let seq): .removal(Removal(seq: seq, key: key))
        }
    }
}

extension SubscriptionMark {
    fileprivate var wire: Mark { Mark(position: position, digest: digest) }
}

/// Rebuilds what was held from a cache file's bytes. Only what the digest of a mark has proven
/// comes out.
struct CacheLoader {
    /// Of the selection that was asked for.
    private let fingerprint: Hash256
    private var given: Hash256?
    private var reader = CacheFileReader()
    private var staged: [Change] = []
    private var state = EndpointSet()
    private var position: Position?
    private var goodBytes = 0
    private var problem: String?

    init(fingerprint: Hash256) { self.fingerprint = fingerprint }

    struct Loaded {
        var held: HeldState?
        /// Up to and with the last proven mark.
        var goodBytes: Int
        var problem: String?
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        guard problem == nil else { return }
        reader.push(bytes)
        do {
            while problem == nil, let entry = try reader.next() { take(entry) }
        } catch {
            problem = "\(error)"
        }
    }

    private mutating func take(_ entry: CacheFileReader.Entry) {
        switch entry {
        case .selection(let held):
            given = held.given
            if held.wanted != fingerprint { problem = "it holds another selection" }
        case .changes(let changes):
            staged += changes.changes
            if let mark = changes.mark { settle(mark) }
        }
    }

    private mutating func settle(_ mark: Mark) {
        var next = state
        for change in staged {
            switch change {
            case .put(let item): if next.append(item) == nil { next.put(item) }
            case .removal(let removal): next.remove(removal.key)
            case .patch: problem = "it holds a patch"
            }
        }
        staged = []
        guard problem == nil else { return }
        guard case .position(let position) = mark.place else {
            problem = "its mark at seq \(mark.seq) names no log"
            return
        }
        guard mark.digest == next.digest else {
            problem = "its state at seq \(mark.seq) fails its digest"
            return
        }
        next.advance(to: position.seq)
        state = next
        self.position = position
        goodBytes = reader.consumedBytes
    }

    consuming func finish() -> Loaded {
        guard let position else {
            return Loaded(held: nil, goodBytes: 0, problem: problem ?? "it was not finished")
        }
        let held = HeldState(
            fingerprint: given ?? fingerprint, state: state, position: position)
        return Loaded(held: held, goodBytes: goodBytes, problem: problem)
    }
}
