/// Takes a fuzzer's bytes apart. Behind the end everything is zero and empty, so that any bytes are
/// an input.
struct FuzzInput {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { take(1).first ?? 0 }

    /// So many bytes, little-endian.
    mutating func number(bytes count: Int) -> Int {
        take(count).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// At most so many bytes.
    mutating func take(_ count: Int) -> UnsafeRawBufferPointer {
        let taken = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        return taken
    }

    /// Two bytes of length, then so many.
    mutating func piece() -> UnsafeRawBufferPointer { take(number(bytes: 2)) }

    /// Up to the next zero byte, which goes too.
    mutating func line() -> UnsafeRawBufferPointer {
        let end = rest.firstIndex(of: 0) ?? rest.count
        let line = take(end)
        _ = take(1)
        return line
    }

    /// A line as text, with what is no UTF-8 replaced.
    mutating func text() -> String { String(decoding: line(), as: UTF8.self) }
}

/// Cuts bytes into chunks whose lengths follow from a number, so that a reader's chunks are the
/// fuzzer's choice.
struct Chunks: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer
    private var state: UInt64

    /// - Parameter pattern: 0: all at once; else lengths from 1 to the pattern.
    init(_ bytes: UnsafeRawBufferPointer, pattern: UInt8) {
        rest = bytes
        state = UInt64(pattern)
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard !rest.isEmpty else { return nil }
        var count = rest.count
        if state > 0 {
            state = state & 0xFF | (state &* 0x9E37_79B9_7F4A_7C15) & ~0xFF
            count = 1 + Int((state >> 32) % (state & 0xFF))
        }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count)) }
        return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }
}
