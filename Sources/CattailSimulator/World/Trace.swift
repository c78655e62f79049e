internal import EndpointModel

/// The transcript of a run: what happened when, a line each. Two runs of one seed have the same
/// bytes.
final class Trace {
    private let timeline: Timeline
    private var bytes: [UInt8] = []

    init(_ timeline: Timeline) { self.timeline = timeline }

    func note(_ who: String, _ what: String) {
        let time = timeline.now
        var fraction = String(time % 1_000_000)
        fraction = String(repeating: "0", count: 6 - fraction.utf8.count) + fraction
        bytes.append(contentsOf: "\(time / 1_000_000).\(fraction) \(who): \(what)\n".utf8)
    }

    var hash: Hash256 { Hash256.of(bytes) }

    func last(_ count: Int) -> [String] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        return lines.suffix(count).map { String(decoding: $0, as: UTF8.self) }
    }
}
