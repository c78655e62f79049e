internal import EndpointModel
internal import Glibc
internal import LogStore
internal import ReplicaCore

/// `DIR/pledge`: the promise that this node gave last, on disk before anybody is told of it (G10).
/// One line: the epoch's number and leader ID in hexadecimal, then `ourselves`, or `to` and where the
/// node serves to which it was given.
struct PledgeFile {
    static let name = DataDirectory.Name.pledge
    private static let byteLimit = 512
    let directory: String

    func read() throws -> Pledge {
        let path = directory + "/" + Self.name
        guard let text = try SmallFile.read(path, atMost: Self.byteLimit) else { return .none }
        guard text.last == UInt8(ascii: "\n"), let pledge = Pledge(line: text.dropLast()),
            Array("\(pledge.line)\n".utf8) == text
        else { throw PledgeMalformed(path: path) }
        return pledge
    }

    func write(_ pledge: Pledge) throws(LogError) {
        try SmallFile.write("\(pledge.line)\n", to: Self.name, in: directory)
    }
}

extension Pledge {
    fileprivate var line: String {
        let id = String(epoch.leaderID, radix: 16)
        return switch holder {
        case .ourselves: "\(epoch.number) \(id) ourselves"
        case .candidate(let address): "\(epoch.number) \(id) to \(address)"
        }
    }

    fileprivate init?(line: ArraySlice<UInt8>) {
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

/// What the node promised cannot be read. Without it the node might break its word.
package struct PledgeMalformed: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String

    // error-codes
    package var code: String { "pledge-malformed" }
    package var what: String { "\(path) does not say what this node promised" }
    package var remedy: String {
        "restore it; or begin with an empty directory, and it is filled from the leader"
    }
    package var description: String { "\(code): \(what); \(remedy)" }
}
