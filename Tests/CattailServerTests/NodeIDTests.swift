import CattailServer
import CattailTestKit
import EndpointModel
import Foundation
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Who replicates (R46)")
    struct NodeIDs {
        @Test("A follower says who it is and where it serves, the same after a restart (R46)")
        func kept() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            #expect(try await leader.status().nodeID == nil)
            var one = try await TestNode.follower(in: folder.path("one"), of: leader.address)
            let two = try await TestNode.follower(in: folder.path("two"), of: leader.address) {
                $0.advertise = "two.example:5474"
            }
            let id = try #require(try await one.status().nodeID)
            let other = try #require(try await two.status().nodeID)
            #expect(id.utf8.count == 32 && id != other)
            try await expect(leader, [id: one.address.description, other: "two.example:5474"])
            try await one.stop()
            #expect(try Data(contentsOf: folder.url("one/node-id")) == Data("\(id)\n".utf8))
            one = try await TestNode.follower(in: folder.path("one"), of: leader.address)
            #expect(try await one.status().nodeID == id)
            try await expect(leader, [id: one.address.description, other: "two.example:5474"])
            for node in [one, two, leader] { try await node.stop() }
        }

        /// These replicate from the leader, by its own account.
        private func expect(_ leader: TestNode, _ replicas: [String: String]) async throws {
            _ = try await leader.status("who replicates") { status in
                let found = status.subscribers.map { [$0.nodeID ?? "", $0.advertise ?? ""] }
                return Set(found) == Set(replicas.map { [$0.key, $0.value] })
            }
        }

        @Test("A file that does not name a node is refused with its code, and left as it is (G12)")
        func malformed() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let node = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            try await node.stop()
            let good = try Data(contentsOf: folder.url("f/node-id"))
            let damaged = [
                Data(), good.dropLast(), good.dropFirst(), good + Data("\n".utf8),
                Data(String(decoding: good, as: UTF8.self).uppercased().utf8) + Data("A".utf8),
                Data("ABCDEF0123456789ABCDEF0123456789\n".utf8),
                Data(repeating: 0xFF, count: 33), Data(repeating: 0x30, count: 1 << 20),
                Data(repeating: 0x30, count: 32) + Data([0]),
            ]
            for bytes in damaged {
                try bytes.write(to: folder.url("f/node-id"))
                let error = await #expect(throws: NodeIDMalformed.self) {
                    try await TestNode.follower(in: folder.path("f"), of: leader.address).stop()
                }
                #expect(error?.code == "node-id-malformed")
                #expect(error?.path == folder.path("f/node-id"))
                #expect(try Data(contentsOf: folder.url("f/node-id")) == bytes)
                #expect(try Held.files(in: folder.path("f")).isEmpty)
            }
            // Without the file it is another node.
            try FileManager.default.removeItem(at: folder.url("f/node-id"))
            let again = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            #expect(try await again.status().nodeID.map { Data("\($0)\n".utf8) } != good)
            try await again.stop()
            try await leader.stop()
        }
    }
}
