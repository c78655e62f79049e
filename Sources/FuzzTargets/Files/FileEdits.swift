/// What becomes of a folder's files, as the fuzzer says it: whole files are far too much for it to
/// make, and a page that is somewhere else, or a number in a page's header, is what damage looks like.
struct FileEdits {
    static let pageSize = 8_192

    /// In a fixed order.
    var files: [[UInt8]]
    /// The WAL among them.
    let walIndex: Int?

    init(_ files: [[UInt8]], walIndex: Int?) {
        self.files = files
        self.walIndex = walIndex
    }

    mutating func apply(_ input: inout FuzzInput) {
        while !input.isEmpty { applyOne(&input) }
    }

    private mutating func applyOne(_ input: inout FuzzInput) {
        let kind = input.byte()
        let file = Int(input.byte()) % files.count
        let count = files[file].count
        switch kind % 8 {
        case 0, 1: put([UInt8(input.byte())], at: input.number(bytes: 3) % max(1, count), file)
        case 2:
            let place = input.number(bytes: 3) % max(1, count)
            put(Array(input.take(Int(input.byte()))), at: place, file)
        case 3: files[file].removeLast(input.number(bytes: 3) % (count + 1))
        case 4: copyPage(&input, into: file)
        case 5: header(&input, file)
        case 6: files[file] += Array(input.take(Int(input.byte())))
        default: if kind < 128 { seal() } else { files[file] = Array(input.take(input.rest.count)) }
        }
    }

    private mutating func put(_ bytes: [UInt8], at place: Int, _ file: Int) {
        let end = min(files[file].count, place + bytes.count)
        guard place < end else { return }
        files[file].replaceSubrange(place..<end, with: bytes.prefix(end - place))
    }

    /// A page over another one, of any file.
    private mutating func copyPage(_ input: inout FuzzInput, into file: Int) {
        let source = files[Int(input.byte()) % files.count]
        let from = place(ofPage: Int(input.byte()), in: source)
        put(
            Array(source[from..<min(source.count, from + Self.pageSize)]),
            at: place(ofPage: Int(input.byte()), in: files[file]), file)
    }

    /// A number near the beginning of a page: its kind, its cells, where they are.
    private mutating func header(_ input: inout FuzzInput, _ file: Int) {
        let page = place(ofPage: Int(input.byte()), in: files[file])
        let inside = Int(input.byte() % 64) + (page == 0 ? 100 : 0)
        put([input.byte(), input.byte()], at: page + inside, file)
    }

    /// Behind frame headers in a WAL.
    private func place(ofPage page: Int, in file: [UInt8]) -> Int {
        let isWAL = walIndex.map { files[$0].count == file.count } ?? false
        let (first, stride) = isWAL ? (56, Self.pageSize + 24) : (0, Self.pageSize)
        let pages = max(1, (file.count - min(first, file.count) + stride - 1) / stride)
        return min(file.count, first + page % pages * stride)
    }

    /// Gives the WAL's frames the checksums that their bytes have: SQLite passes by frames whose
    /// checksums are wrong, and so would the fuzzer.
    private mutating func seal() {
        guard let walIndex, files[walIndex].count >= 32 else { return }
        var wal = files[walIndex]
        var sum: (UInt32, UInt32) = (0, 0)
        Self.add(wal[0..<24], to: &sum)
        Self.store(sum, in: &wal, at: 24)
        var frame = 32
        while frame + 24 + Self.pageSize <= wal.count {
            Self.add(wal[frame..<frame + 8], to: &sum)
            Self.add(wal[frame + 24..<frame + 24 + Self.pageSize], to: &sum)
            Self.store(sum, in: &wal, at: frame + 16)
            frame += 24 + Self.pageSize
        }
        files[walIndex] = wal
    }

    /// SQLite file format, section 4.2; the words as this WAL's magic number has them.
    private static func add(_ bytes: ArraySlice<UInt8>, to sum: inout (UInt32, UInt32)) {
        var index = bytes.startIndex
        while index + 8 <= bytes.endIndex {
            sum.0 &+= word(bytes, index) &+ sum.1
            sum.1 &+= word(bytes, index + 4) &+ sum.0
            index += 8
        }
    }

    private static func word(_ bytes: ArraySlice<UInt8>, _ index: Int) -> UInt32 {
        (0..<4).reversed().reduce(0) { $0 << 8 | UInt32(bytes[index + $1]) }
    }

    private static func store(_ sum: (UInt32, UInt32), in wal: inout [UInt8], at index: Int) {
        for (offset, shift) in [24, 16, 8, 0].enumerated() {
            wal[index + offset] = UInt8(truncatingIfNeeded: sum.0 >> UInt32(shift))
            wal[index + 4 + offset] = UInt8(truncatingIfNeeded: sum.1 >> UInt32(shift))
        }
    }
}
