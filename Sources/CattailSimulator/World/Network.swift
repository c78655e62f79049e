internal import NIOCore

/// The links between hosts: late, cut, half-open, partitioned. Connections share nothing, so what
/// two of them carry comes in any order.
final class Network {
    let timeline: Timeline
    var dice: Dice
    private let trace: Trace
    private var listeners: [String: (Socket) -> Void] = [:]
    private var sockets: [Socket] = []
    private var cuts: Set<[String]> = []
    /// How long a byte is on its way, in microseconds; what a socket's buffers hold.
    var latencies: ClosedRange<UInt64> = 50...2_000
    var capacities: ClosedRange<UInt64> = 2_000...40_000

    init(_ timeline: Timeline, _ trace: Trace, _ dice: Dice) {
        self.timeline = timeline
        self.trace = trace
        self.dice = dice
    }

    static func host(of address: String) -> String {
        String(address.prefix { $0 != ":" })
    }

    func latency() -> UInt64 { dice.between(latencies.lowerBound, latencies.upperBound) }

    // MARK: Connections

    func listen(at address: String, _ accept: @escaping (Socket) -> Void) {
        listeners[address] = accept
    }

    func stopListening(at address: String) { listeners[address] = nil }

    /// - Parameter done: Takes the near end, or nil when nobody is there.
    func dial(from host: String, to address: String, _ done: @escaping (Socket?) -> Void) {
        timeline.after(latency() + latency()) { [weak self] in
            guard let self else { return }
            let there = Self.host(of: address)
            guard !isCut(host, there) else {
                timeline.after(2_000_000) { done(nil) }
                return
            }
            guard let accept = listeners[address] else { return done(nil) }
            let near = socket(host, there)
            let far = socket(there, host)
            near.meet(far)
            far.meet(near)
            accept(far)
            done(near)
        }
    }

    private func socket(_ host: String, _ peerHost: String) -> Socket {
        let capacity = Int(dice.between(capacities.lowerBound, capacities.upperBound))
        let socket = Socket(host: host, peerHost: peerHost, capacity: capacity, network: self)
        sockets.append(socket)
        return socket
    }

    func forget(_ socket: Socket) { sockets.removeAll { $0 === socket } }

    // MARK: Faults

    func isCut(_ one: String, _ other: String) -> Bool { cuts.contains([one, other].sorted()) }

    func cut(_ one: String, _ other: String) { cuts.insert([one, other].sorted()) }
    func heal(_ one: String, _ other: String) { cuts.remove([one, other].sorted()) }
    func healAll() { cuts = [] }

    /// A process has ended. Its kernel says so to its peers, unless the power went.
    func ended(_ host: String, _ farewell: Socket.Farewell) {
        for socket in sockets where socket.host == host { socket.reset(farewell) }
    }

    /// One connection breaks: both ends hear of it, or only one does.
    func breakOne() {
        guard !sockets.isEmpty else { return }
        let chosen = sockets[dice.below(sockets.count)]
        let farewell: Socket.Farewell = dice.oneIn(3) ? .silent : .told
        trace.note("network", "breaks \(chosen.host)-\(chosen.peerHost) \(farewell)")
        let owner = chosen.owner
        chosen.reset(farewell)
        owner?.closed()
    }

    func close() {
        listeners = [:]
        for socket in sockets { socket.reset(.silent) }
    }
}
