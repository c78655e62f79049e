import CattailClient
import SyncProtocol
import SyncTransport
import Testing

@Suite("Which server is tried next")
struct ServerRotaTests {
    private let first = ServerAddress(host: "first", port: 1)
    private let second = ServerAddress(host: "second", port: 2)
    private let named = ServerAddress(host: "named", port: 3)

    private func rota() -> ServerRota {
        ServerRota(
            servers: [first, second], pauses: .milliseconds(100)...(.seconds(5)), seed: 7)
    }

    @Test("servers are tried in order, with a pause behind each round that doubles to a bound")
    func rounds() {
        var rota = rota()
        var pauses: [Duration] = []
        for _ in 0..<10 {
            #expect(rota.take() == first)
            #expect(rota.pauseBeforeNext() == .zero)
            #expect(rota.take() == second)
            pauses.append(rota.pauseBeforeNext())
        }
        var bound = Duration.milliseconds(100)
        for pause in pauses {
            #expect(pause >= bound / 2 && pause <= bound)
            bound = min(bound * 2, .seconds(5))
        }
    }

    @Test("a name that somebody gave is tried first and at once, once")
    func named1() {
        var rota = rota()
        _ = rota.take()
        rota.goFirst(to: [named])
        #expect(rota.pauseBeforeNext() == .zero)
        #expect(rota.take() == named)
        #expect(rota.take() == second)
    }

    @Test("servers that name each other are not asked in a tight circle")
    func circle() {
        var rota = rota()
        _ = rota.take()
        rota.goFirst(to: [named])
        _ = rota.pauseBeforeNext()
        _ = rota.take()
        rota.goFirst(to: [first])
        #expect(rota.pauseBeforeNext() > .zero)
    }

    @Test("of the names that a server gives only as many are followed as it may give (G12)")
    func manyNames() {
        var rota = rota()
        let names = (1...1000).map { ServerAddress(host: "named", port: UInt16($0)) }
        rota.goFirst(to: names)
        let taken = (0..<17).map { _ in rota.take() }
        #expect(taken == Array(names.prefix(16)) + [first])
    }

    @Test("after a success it begins with the first server again, behind a short pause")
    func success() {
        var rota = rota()
        _ = rota.take()
        _ = rota.take()
        rota.succeeded()
        #expect(rota.pauseBeforeNext() > .zero)
        #expect(rota.take() == first)
    }

    @Test("who asks to be left alone is, for a minute at most, and the others are tried at once")
    func leftAlone() {
        var rota = rota()
        #expect(rota.take() == first)
        rota.heed(
            Goodbye(code: .unavailable, retryAfterMilliseconds: .max, addresses: ["first:1"]),
            from: first)
        #expect(rota.pauseBeforeNext() == .zero)
        #expect(rota.take() == second)
        var waited = Duration.zero
        var taken: [ServerAddress] = []
        while taken.last != first, taken.count < 1_000 {
            let pause = rota.pauseBeforeNext()
            #expect(pause > .zero && pause <= .seconds(5))
            waited += pause
            taken.append(rota.take())
        }
        #expect(waited >= .seconds(60) && waited <= .seconds(66))
        #expect(taken.dropLast().allSatisfy { $0 == second })
    }

    @Test("when all ask to be left alone the first of them is waited for, and no other")
    func allLeftAlone() {
        var rota = rota()
        for (server, seconds) in [(first, 50), (second, 20)] {
            #expect(rota.take() == server)
            rota.leaveAlone(server, for: .seconds(seconds))
            let pause = rota.pauseBeforeNext()
            #expect(pause == (server == first ? .zero : .seconds(20)))
        }
        #expect(rota.take() == second)
        var alone = ServerRota(
            servers: [first], pauses: .milliseconds(100)...(.seconds(5)), seed: 7)
        _ = alone.take()
        alone.leaveAlone(first, for: .seconds(4_000_000))
        #expect(alone.pauseBeforeNext() == .seconds(60))
        #expect(alone.take() == first)
    }

    @Test(
        "addresses read back as they are written",
        arguments: ["127.0.0.1:5474", "[::1]:0", "node-1.example:65535"])
    func addresses(text: String) {
        #expect(ServerAddress(text)?.description == text)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", ":1", "host", "host:", "host:65536", "::1:5474", "[]:1", "[host]:1",
            "a b:1", "host:+1", "host:1,", "[::1:5",
        ])
    func noAddresses(text: String) {
        #expect(ServerAddress(text) == nil)
    }
}
