import CattailClient
import EndpointModel
import NIOCore
import SyncProtocol
import Testing

@Suite("The cache file's bytes")
struct CacheFileTests {
    /// A file of one whole state and three batches behind it.
    private func file() -> (bytes: [UInt8], marks: [(seq: Seq, end: Int)]) {
        var world = World()
        for number in 0..<20 { world.put(number, "first") }
        var bytes = CacheFileEncoder.beginning(
            CacheFile.Held(
                wanted: Selection.everything.fingerprint, given: Selection.everything.fingerprint))
        var marks: [(seq: Seq, end: Int)] = []
        func append(_ changes: [Change]) {
            let batch = CacheFileEncoder.batch(changes, mark: world.mark(world.head.seq))
            bytes.writeImmutableBuffer(batch)
            marks.append((world.head.seq, bytes.readableBytes))
        }
        append(world.items(after: nil))
        for number in 0..<3 {
            let before = world.head.seq
            world.put(number, "second")
            world.delete(number + 10)
            append(world.deltas(after: before, through: world.head.seq))
        }
        return (Array(bytes.readableBytesView), marks)
    }

    /// The seqs of the marks that a reader gets to see, and why it stopped.
    private func read(_ bytes: [UInt8], by step: Int) -> (marks: [Seq], error: CacheFileError?) {
        var reader = CacheFileReader()
        var marks: [Seq] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            reader.push(rest.prefix(step))
            rest = rest.dropFirst(step)
            do {
                while let entry = try reader.next() {
                    if case .changes(let changes) = entry, let mark = changes.mark {
                        marks.append(mark.seq)
                    }
                }
            } catch {
                return (marks, error)
            }
        }
        return (marks, nil)
    }

    @Test("it reads back, however the bytes are cut", arguments: [1, 7, 64, 4096, 1 << 20])
    func roundTrip(step: Int) {
        let (bytes, marks) = file()
        let found = read(bytes, by: step)
        #expect(found.marks == marks.map(\.seq))
        #expect(found.error == nil)
    }

    @Test("a file that ends at any byte is good up to its last whole mark")
    func torn() {
        let (bytes, marks) = file()
        for end in stride(from: 0, to: bytes.count, by: 13) {
            let found = read(Array(bytes[..<end]), by: 1 << 20)
            #expect(found.error == nil, "cut at \(end)")
            #expect(found.marks == marks.filter { $0.end <= end }.map(\.seq), "cut at \(end)")
        }
    }

    @Test("a damaged byte anywhere is found, and nothing behind it is read (G12)")
    func damaged() {
        let (bytes, marks) = file()
        for index in stride(from: 0, to: bytes.count, by: 11) {
            var damaged = bytes
            damaged[index] ^= 0x40
            let found = read(damaged, by: 1 << 20)
            let whole = marks.filter { $0.end <= index }.map(\.seq)
            #expect(found.marks == whole, "byte \(index)")
            // A length that grew may reach behind the file's end: then it looks torn.
            #expect(found.error != nil || found.marks.count < marks.count, "byte \(index)")
        }
    }

    @Test("noise never traps (G12)", arguments: 0..<200 as Range<UInt64>)
    func noise(seed: UInt64) {
        var random = SplitMix(state: seed)
        var bytes = seed.isMultiple(of: 2) ? CacheFile.preface : []
        for _ in 0..<400 { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        let found = read(bytes, by: 32)
        #expect(found.marks.isEmpty)
    }
}
