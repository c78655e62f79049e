import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import Feeds
import Foundation
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    @Suite("A critical event of an unknown type (R19)")
    struct UnknownEvents {
        /// Where nobody listens: a node over a written log has no upstream.
        private static let nobody = ServerAddress(host: "127.0.0.1", port: 1)

        private static let unknown = ControlEvent.unknown(type: 900, criticality: .critical)

        /// A log up to seq 3, of the epoch and two endpoints.
        private func written(_ directory: String) throws -> WrittenLog {
            var log = try WrittenLog(in: directory)
            try log.append(.put(Sample.endpoint(1)), .put(Sample.endpoint(2)))
            return log
        }

        @Test("R19: it and what follows is stored and forwarded; whoever wants a state is sent on")
        func met() async throws {
            let folder = try TemporaryFolder()
            var log = try written(folder.path("top"))
            var top = try await TestNode.follower(in: folder.path("top"), of: Self.nobody)
            let middle = try await TestNode.follower(in: folder.path("middle"), of: top.address)
            var leaf = try await TestNode.follower(in: folder.path("leaf"), of: middle.address)
            let agent = await Agent.start(leaf.address)
            try await agent.until(seq: Seq(3))
            let waiting = try await ahead(of: leaf, logID: try await leaf.status().logID)
            try await top.stop()

            try log.append(
                .control(Self.unknown), .put(Sample.endpoint(3)), .delete(Sample.key(7)))
            top = try await TestNode.follower(
                in: folder.path("top"), of: Self.nobody, port: top.address.port)
            for node in [top, middle, leaf] {
                let status = try await node.status("stored and forwarded") { $0.seq == 6 }
                #expect(status.notServing?.hasPrefix("event-unknown: the event at seq 4") == true)
                #expect(status.views.seq == 3)
                #expect(status.views.digest == (await agent.held.digest).description)
                #expect(try await Truth(of: node).records.map(\.bytes) == log.records.map(\.bytes))
            }
            // Who was served, who waited, who comes.
            try await agent.until("turned away") { $0.goodbyes.contains("event-unknown") }
            #expect(await agent.mark?.seq == Seq(3))
            #expect(await agent.held.count == 2)
            #expect(try await waiting.goodbye()?.code == .eventUnknown)
            let late = try await RawClient(to: leaf.address)
            await late.greet(ClientHello(role: .state))
            let goodbye = try await late.goodbye()
            #expect(goodbye?.code == .eventUnknown)
            #expect(goodbye?.addresses.contains(middle.address.description) == true)
            try await expectQueries(leaf)

            // A restart finds it again, in the views or in the log.
            try await leaf.stop()
            leaf = try await TestNode.follower(in: folder.path("leaf"), of: middle.address)
            #expect(try await leaf.status().notServing != nil)
            try await leaf.stop()
            try FileManager.default.removeItem(atPath: folder.path("leaf/views.sqlite"))
            leaf = try await TestNode.follower(in: folder.path("leaf"), of: middle.address)
            #expect(try await leaf.status().notServing != nil)
            await agent.close()
            for node in [leaf, middle, top] { try await node.stop() }
        }

        /// A subscriber that holds more than the node has, and was told to wait.
        private func ahead(of node: TestNode, logID text: String) async throws -> RawClient {
            guard let logID = LogID(text) else { throw Unexpected(text) }
            let client = try await RawClient(to: node.address)
            let position = Position(
                logID: logID, epoch: Epoch(number: 1, leaderID: 7), seq: Seq(100),
                chain: .of([1]))
            await client.greet(
                ClientHello(
                    role: .state,
                    resume: ResumeToken(
                        position: position, fingerprint: Selection.everything.fingerprint)))
            while let message = try await client.next() {
                if case .behind = message { return client }
            }
            throw Unexpected("no behind")
        }

        /// States before the event are told, later ones are not; records are told as they stand.
        private func expectQueries(_ node: TestNode) async throws {
            let client = node.client()
            let before = try await client.list(.everything, at: .seq(Seq(3))).collect()
            #expect(before.elements.count == 2)
            #expect(try await client.get(Sample.key(2), at: .seq(Seq(3))) != nil)
            let refused: [() async throws -> Void] = [
                { _ = try await client.get(Sample.key(2)) },
                { _ = try await client.get(Sample.key(2), at: .seq(Seq(4))) },
                { _ = try await client.list(.everything).collect() },
                { _ = try await client.diff(from: .seq(Seq(1)), to: .seq(Seq(5))).collect() },
            ]
            for ask in refused {
                let error = await #expect(throws: ClientError.self) { try await ask() }
                #expect(error?.code == .eventUnknown)
            }
            #expect(
                try await client.history(Sample.key(3)).collect().elements.map(\.seq)
                    == [Seq(5)])
            let verified = try await client.verify()
            #expect(verified.firstBad == nil && verified.checked == 6)
            #expect(verified.why.hasPrefix("event-unknown: the event at seq 4"))
            await client.close()
        }

        @Test("R19: a leader does not begin over a log that it cannot judge, and lets go of it")
        func leader() async throws {
            let folder = try TemporaryFolder()
            var log = try written(folder.path("l"))
            try log.append(.control(.unknown(type: 900, criticality: .ignorable)))
            let sound = try await TestNode.leader(in: folder.path("l"))
            #expect(sound.readyLine.hasSuffix("seq=4"))
            try await sound.stop()
            try log.append(.control(Self.unknown))
            for _ in 0..<2 {
                let error = await #expect(throws: UnknownEvent.self) {
                    try await TestNode.leader(in: folder.path("l")).stop()
                }
                #expect(error == UnknownEvent(seq: Seq(5), type: 900))
                #expect(try Held.files(in: folder.path).isEmpty)
            }
        }
    }
}

extension Agent {
    /// The codes of the goodbyes that it was said.
    var goodbyes: [String] {
        statuses.compactMap { if case .goodbye(let code, _) = $0 { code } else { nil } }
    }
}
