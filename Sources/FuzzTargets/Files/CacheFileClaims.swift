internal import EndpointModel
internal import NIOCore
internal import SyncProtocol

/// However the bytes of a cache file are cut, they give the same entries and the same fault; what
/// reads is written again as a file that reads the same.
enum CacheFileClaims {
    private struct Outcome: Equatable {
        var held: CacheFile.Held?
        var changes: [Changes] = []
        var consumed = 0
        var fault: CacheFileError?
    }

    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let mode = input.byte()
        let file = mode & 1 == 0 ? Array(input.rest) : framed(&input)
        let whole = read(file, pattern: 0)
        let cut = read(file, pattern: max(1, mode))
        try claim(whole == cut, "cut by \(mode): \(cut.fault as Any), not \(whole.fault as Any)")
        try claim(whole.consumed <= file.count, "more was read than there is")
        try again(whole)
    }

    /// A file whose blocks pass their checks, around the fuzzer's bodies.
    private static func framed(_ input: inout FuzzInput) -> [UInt8] {
        let held = CacheFile.Held(
            wanted: .of(input.take(1)), given: .of(input.take(1)))
        var file = CacheFileEncoder.beginning(held)
        while !input.isEmpty {
            let body = input.piece()
            file.writeInteger(UInt32(body.count))
            file.writeInteger(Hash256.of(body).lane0)
            file.writeBytes(body)
        }
        return Array(file.readableBytesView)
    }

    private static func read(_ file: [UInt8], pattern: UInt8) -> Outcome {
        var reader = CacheFileReader()
        var outcome = Outcome()
        file.withUnsafeBytes { raw in
            for chunk in Chunks(raw, pattern: pattern) where outcome.fault == nil {
                reader.push(chunk)
                do throws(CacheFileError) {
                    while let entry = try reader.next() {
                        switch entry {
                        case .selection(let found): outcome.held = found
                        case .changes(let changes): outcome.changes.append(changes)
                        }
                    }
                } catch { outcome.fault = error }
            }
        }
        outcome.consumed = reader.consumedBytes
        return outcome
    }

    private static func again(_ outcome: Outcome) throws {
        guard let held = outcome.held else { return }
        var file = CacheFileEncoder.beginning(held)
        let batches = outcome.changes.compactMap { changes in
            changes.mark.map { (changes.changes, $0) }
        }
        for (changes, mark) in batches {
            var batch = CacheFileEncoder.batch(changes, mark: mark)
            file.writeBuffer(&batch)
        }
        let read = read(Array(file.readableBytesView), pattern: 0)
        try claim(read.fault == nil, "what was written does not read: \(read.fault as Any)")
        try claim(read.held == held, "another selection")
        let found = read.changes.compactMap(\.mark)
        try claim(found == batches.map(\.1), "the marks come back otherwise")
    }
}
