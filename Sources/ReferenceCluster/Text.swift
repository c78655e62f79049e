/// The texts of an endpoint, written digit by digit: a million of them are made in seconds.
enum Text {
    private static let hexadecimal = Array("0123456789abcdef".utf8)
    /// The letters and digits of which Kubernetes makes names: without vowels and without those
    /// that look alike, so that no words and no mistakes come out.
    private static let safe = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
    static let safeCount = 27

    static func safe(_ number: UInt64, digits: Int) -> String {
        written(digits) { target in
            var rest = number
            for index in 0..<digits {
                target[index] = safe[Int(rest % UInt64(safeCount))]
                rest /= UInt64(safeCount)
            }
        }
    }

    /// 16 hexadecimal digits of each word.
    static func hexadecimal(_ words: (UInt64, UInt64, UInt64, UInt64)) -> String {
        written(64) { target in
            for (place, word) in [words.0, words.1, words.2, words.3].enumerated() {
                for digit in 0..<16 {
                    let nibble = word >> UInt64(60 - 4 * digit) & 15
                    target[16 * place + digit] = hexadecimal[Int(nibble)]
                }
            }
        }
    }

    /// A locally administered unicast address from 48 bits: `9e:40:c2:05:77:1b`.
    static func mac(_ bits: UInt64) -> String {
        let address = bits & ~(3 << 40) | 2 << 40
        return written(17) { target in
            for index in 0..<17 {
                if index % 3 == 2 {
                    target[index] = UInt8(ascii: ":")
                } else {
                    let nibble = index / 3 * 2 + index % 3
                    target[index] = hexadecimal[Int(address >> UInt64(44 - 4 * nibble) & 15)]
                }
            }
        }
    }

    /// `node-00017`.
    static func node(_ ordinal: Int) -> String {
        let digits = String(ordinal + 1)
        return "node-" + String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
    }

    private static func written(
        _ count: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Void
    ) -> String {
        String(unsafeUninitializedCapacity: count) { target in
            write(UnsafeMutableBufferPointer(rebasing: target[0..<count]))
            return count
        }
    }
}
