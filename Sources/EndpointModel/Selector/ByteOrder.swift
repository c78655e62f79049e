/// Comparisons of raw bytes, eight at a time: keys, labels and values are equal, ordered and searched
/// by bytes, never by Unicode's idea of likeness.
package enum ByteOrder {
    package static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer)
        -> Bool
    {
        left.count == right.count && commonPrefix(left, right) == left.count
    }

    /// Two texts of different bytes may be equal strings; these are not.
    package static func equal(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return left.utf8.span.withUnsafeBytes { equal($0, right) }
    }

    package static func equal(_ left: UnsafeRawBufferPointer, _ right: String) -> Bool {
        guard left.count == right.utf8.count else { return false }
        return right.utf8.span.withUnsafeBytes { equal(left, $0) }
    }

    /// Less than, equal to or greater than zero, as the left is before, equal to or after the
    /// right.
    package static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer)
        -> Int
    {
        let common = commonPrefix(left, right)
        if common == left.count || common == right.count { return left.count - right.count }
        return Int(left[common]) - Int(right[common])
    }

    /// How many bytes both begin with.
    package static func commonPrefix(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) -> Int {
        let shorter = min(left.count, right.count)
        var index = 0
        while index + 8 <= shorter {
            let difference =
                left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                ^ right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if difference != 0 {
                return index + UInt64(littleEndian: difference).trailingZeroBitCount / 8
            }
            index += 8
        }
        while index < shorter, left[index] == right[index] { index += 1 }
        return index
    }

    /// How many bytes both end with.
    package static func commonSuffix(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) -> Int {
        let shorter = min(left.count, right.count)
        var count = 0
        while count + 8 <= shorter {
            let difference =
                left.loadUnaligned(fromByteOffset: left.count - count - 8, as: UInt64.self)
                ^ right.loadUnaligned(fromByteOffset: right.count - count - 8, as: UInt64.self)
            if difference != 0 {
                return count + UInt64(littleEndian: difference).leadingZeroBitCount / 8
            }
            count += 8
        }
        while count < shorter, left[left.count - count - 1] == right[right.count - count - 1] {
            count += 1
        }
        return count
    }

    static func contains(_ text: UnsafeRawBufferPointer, _ wanted: UnsafeRawBufferPointer) -> Bool {
        guard wanted.count <= text.count else { return false }
        guard let first = wanted.first else { return true }
        // Label values are at most 63 bytes by the rules, so this is the way taken. Imports
        // may hold any length; the product would let one value stall a server (G12).
        if wanted.count > 64, text.count > 512 { return containsLong(text, wanted) }
        for start in 0...(text.count - wanted.count) where text[start] == first {
            if equal(text[rebasing: start..<start + wanted.count], wanted) { return true }
        }
        return false
    }

    /// Knuth, Morris and Pratt: linear, for the price of one allocation.
    private static func containsLong(
        _ text: UnsafeRawBufferPointer, _ wanted: UnsafeRawBufferPointer
    ) -> Bool {
        // borders[n]: length of the longest proper prefix of wanted[0...n] that also ends it.
        var borders = [Int](repeating: 0, count: wanted.count)
        var length = 0
        for index in 1..<wanted.count {
            while length > 0, wanted[index] != wanted[length] { length = borders[length - 1] }
            if wanted[index] == wanted[length] { length += 1 }
            borders[index] = length
        }
        length = 0
        for byte in text {
            while length > 0, byte != wanted[length] { length = borders[length - 1] }
            if byte == wanted[length] { length += 1 }
            if length == wanted.count { return true }
        }
        return false
    }
}

extension UnsafeRawBufferPointer {
    subscript(rebasing range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[range])
    }
}
