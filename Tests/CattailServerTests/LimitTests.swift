import CattailServer
import CattailTestKit
import EndpointModel
import SyncProtocol
import Testing

extension ServerTests {
    @Suite("Limits of connections (G12)")
    struct ConnectionLimits {
        private func expectServed(_ peer: RawClient, _ what: String) async throws {
            await peer.greet()
            guard case .hello = try await peer.next() else {
                Issue.record("\(what) is not served")
                return
            }
        }

        private func expectOverloaded(_ peer: RawClient, _ what: String) async throws {
            await peer.sendPreface()
            let goodbye = try await peer.goodbye()
            #expect(goodbye?.code == .overloaded, "\(what)")
            #expect(goodbye?.retryAfterMilliseconds == 1_000, "\(what)")
        }

        @Test(
            "G12: beyond so many connections one is told why, and has the next place that is free")
        func inAll() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.limits.connections = 2
            }
            let first = try await RawClient(to: node.address)
            try await expectServed(first, "the first")
            let second = try await RawClient(to: node.address)
            try await expectServed(second, "the second")
            try await expectOverloaded(RawClient(to: node.address), "the third")
            first.shutdownSending()
            _ = try await first.rest()
            let next = try await RawClient(to: node.address)
            try await expectServed(next, "the next")
            try await node.stop()
        }

        @Test("G12: beyond those of whom it tells why, a node closes what it accepts, and goes on")
        func notEvenTold() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.limits.connections = 1
            }
            let served = try await RawClient(to: node.address)
            try await expectServed(served, "the first")
            var waiting: [RawClient] = []
            for _ in 0..<Limits.connectionsToldOff {
                waiting.append(try await RawClient(to: node.address))
            }
            let beyond = try await RawClient(to: node.address)
            #expect(try await beyond.rest().isEmpty && beyond.isAtEnd)
            for peer in waiting { try await expectOverloaded(peer, "one who waits") }
            await served.send(ClientMessage.ping(7))
            guard case .pong(7) = try await served.next() else {
                Issue.record("who is served is not served any more")
                return
            }
            try await node.stop()
        }

        @Test("G12: one host has so many connections and no more, and loopback as many as all")
        func ofOneHost() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.limits.connectionsPerHost = .everyHost(most: 2)
            }
            let first = try await RawClient(to: node.address)
            try await expectServed(first, "the first")
            let second = try await RawClient(to: node.address)
            try await expectServed(second, "the second")
            try await expectOverloaded(RawClient(to: node.address), "the third")
            try await node.stop()
            var limits = ServingLimits()
            limits.connectionsPerHost = .otherMachines(most: 1)
            var ledger = ConnectionLedger(limits: limits)
            for host in ["10.0.0.1", "127.0.0.1", "127.0.0.1", "::1", "::1", "10.0.0.2"] {
                #expect(ledger.begun(from: host) == .served, "\(host)")
            }
            #expect(ledger.begun(from: "10.0.0.1") != .served)
            ledger.ended(from: "10.0.0.1", following: nil)
            #expect(ledger.begun(from: "10.0.0.1") == .served)
            #expect(ledger.served == 6)
        }

        @Test("G12: one host follows so many selections, each as often as it likes, and no more")
        func selections() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.limits.selectionsPerHost = .everyHost(most: 1)
            }
            func subscriber(_ selector: String) async throws -> RawClient {
                let peer = try await RawClient(to: node.address)
                await peer.greet(
                    ClientHello(
                        role: .state, actor: "raw",
                        selection: SelectionRequest(selector: selector)))
                guard case .hello = try await peer.next() else {
                    throw PeerTrouble()
                }
                return peer
            }
            let first = try await subscriber("app == 'a'")
            let same = try await subscriber("app == \"a\"")
            for peer in [first, same] {
                guard case .resync = try await peer.next() else { throw PeerTrouble() }
            }
            let other = try await subscriber("app == 'b'")
            #expect(try await other.goodbye()?.code == .overloaded)
            for peer in [first, same] {
                peer.shutdownSending()
                _ = try await peer.rest()
            }
            let later = try await subscriber("app == 'b'")
            guard case .resync = try await later.next() else { throw PeerTrouble() }
            try await node.stop()
        }

        private struct PeerTrouble: Error {}
    }
}
