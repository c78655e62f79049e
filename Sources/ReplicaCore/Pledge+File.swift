import EndpointModel

/// A promise as the file that keeps it says it, for people to read: the epoch's number and leader
/// ID in hexadecimal, then `ourselves`, or `to` and where the node serves to which it was given; a
/// newline.
extension Pledge {
    package var file: String {
        let id = String(epoch.leaderID, radix: 16)
        return switch holder {
        case .ourselves: "\(epoch.number) \(id) ourselves\n"
        case .candidate(let address): "\(epoch.number) \(id) to \(address)\n"
        }
    }

    /// Nil for anything but what `file` says of some promise.
    package init?(file: [UInt8]) {
        guard file.last == UInt8(ascii: "\n"), let pledge = Pledge(line: file.dropLast()),
            pledge.file.utf8.elementsEqual(file)
        else { return nil }
        self = pledge
    }

    private init?(line: ArraySlice<UInt8>) {
        let words = String(decoding: line, as: UTF8.self)
            .split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard words.count >= 3, let number = UInt64(words[0]),
            let id = UInt64(words[1], radix: 16)
        else { return nil }
        let epoch = Epoch(number: number, leaderID: id)
        switch (words[2], words.count) {
        case ("ourselves", 3): self.init(epoch: epoch, holder: .ourselves)
        case ("to", 4): self.init(epoch: epoch, holder: .candidate(String(words[3])))
        default: return nil
        }
    }
}
