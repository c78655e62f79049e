import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import Feeds
import Foundation
import LogStore
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Data directories that are refused")
    struct Directories {
        private func refusal(_ directory: String) async throws -> LogError {
            do {
                let node = try await TestNode.leader(in: directory)
                try await node.stop()
                throw Overdue(description: "it was not refused")
            } catch let error as LogError { return error }
        }

        @Test("A directory in use is refused, with its holder")
        func inUse() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let error = try await refusal(folder.path("leader"))
            #expect(error.code == "directory-in-use")
            #expect(error.description.contains("\(getpid())"))
            try await node.stop()
            let again = try await TestNode.leader(in: folder.path("leader"))
            #expect(again.readyLine.hasSuffix("seq=1"))
            try await again.stop()
        }

        @Test("A directory without parent, a file, and one of somebody else are refused")
        func foreign() async throws {
            let folder = try TemporaryFolder()
            #expect(try await refusal(folder.path("a/b")).code == "parent-missing")
            try Data("x".utf8).write(to: folder.url("file"))
            #expect(try await refusal(folder.path("file")).code == "not-a-directory")
            try FileManager.default.createDirectory(
                at: folder.url("home"), withIntermediateDirectories: false)
            try Data("x".utf8).write(to: folder.url("home/letters.txt"))
            #expect(try await refusal(folder.path("home")).code == "not-ours")
            #expect(!FileManager.default.fileExists(atPath: folder.path("home/log.sqlite")))
        }

        /// A stopped leader's directory with some events.
        private func stopped(_ folder: TemporaryFolder) async throws -> String {
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            try await write(0..<2_000, to: client)
            await client.close()
            try await node.stop()
            return folder.path("leader")
        }

        @Test(
            "G3: an empty, a shortened, a damaged and a newer log are refused, and left as they are"
        )
        func damaged() async throws {
            let folder = try TemporaryFolder()
            let original = try await stopped(folder)
            let whole = try Data(contentsOf: URL(fileURLWithPath: original + "/log.sqlite"))
            var newer = whole
            // The header's user_version.
            newer.replaceSubrange(60..<64, with: [0, 0, 0, 99])
            let cases: [(name: String, bytes: Data, codes: Set<String>)] = [
                ("empty", Data(), ["empty-file"]),
                ("shortened", whole.prefix(whole.count / 2), ["damaged"]),
                ("newer", newer, ["newer-version"]),
                (
                    "another", Data("SQLite format 3\0".utf8) + Data(count: 4080),
                    ["not-ours", "damaged"]
                ),
            ]
            for (name, bytes, codes) in cases {
                let copy = try folder.copy(original, as: name)
                let path = URL(fileURLWithPath: copy + "/log.sqlite")
                try bytes.write(to: path)
                let error = try await refusal(copy)
                #expect(codes.contains(error.code), "\(name): \(error)")
                #expect(try Data(contentsOf: path) == bytes, "\(name)")
            }
            // Untouched it opens.
            let node = try await TestNode.leader(in: original)
            #expect(node.readyLine.hasSuffix("seq=2001"))
            try await node.stop()
        }

        @Test("G5: views that are gone or damaged come back from the log")
        func views() async throws {
            let folder = try TemporaryFolder()
            let original = try await stopped(folder)
            var digests: Set<String> = []
            for damage in ["none", "gone", "cut", "noise"] {
                let copy = try folder.copy(original, as: damage)
                let path = URL(fileURLWithPath: copy + "/views.sqlite")
                switch damage {
                case "gone": try FileManager.default.removeItem(at: path)
                case "cut": try Data(contentsOf: path).prefix(5_000).write(to: path)
                case "noise": try Data((0..<9_000).map { UInt8($0 & 255) }).write(to: path)
                default: break
                }
                let node = try await TestNode.leader(in: copy)
                digests.insert(try await node.status().views.digest)
                #expect(try await Truth(of: node).digest().description == digests.first)
                try await node.stop()
            }
            #expect(digests.count == 1)
        }

        @Test("G4: a leader does not start over a follower's directory, and leaves it as it is")
        func followers() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let node = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            _ = try await node.status("has an event") { $0.seq == 1 }
            try await node.stop()
            let error = await #expect(throws: LeaderRefusal.self) {
                try await TestNode.leader(in: folder.path("f")).stop()
            }
            #expect(error?.code == "follower-directory")
            #expect(try Held.files(in: folder.path("f")).isEmpty)
            let again = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            try await again.stop()
            try await leader.stop()
        }

        @Test("A leader whose clock is far behind its log is refused; one a little behind is not")
        func clock() async throws {
            let folder = try TemporaryFolder()
            let directory = try await stopped(folder)
            let now = WallClock.system.now().microseconds
            let far = WallClock { Timestamp(microseconds: now - 3_600_000_000) }
            let error = await #expect(throws: LeaderRefusal.self) {
                try await TestNode.leader(in: directory) { $0.clock = far }.stop()
            }
            #expect(error?.code == "clock-behind")
            #expect(try Held.files(in: directory).isEmpty)
            let near = WallClock { Timestamp(microseconds: now - 60_000_000) }
            try await TestNode.leader(in: directory) { $0.clock = near }.stop()
            try await TestNode.leader(in: directory) {
                $0.clock = far
                $0.limits.clockBehindMicroseconds = .max
            }.stop()
        }

        @Test("Connections are bounded by the descriptors that there are, the node's own kept back")
        func descriptors() {
            #expect(Descriptors(available: 12_128).connections(wanted: 16_000) == 12_000)
            #expect(Descriptors(available: 1 << 20).connections(wanted: 16_000) == 16_000)
            #expect(Descriptors(available: 20).connections(wanted: 16_000) == 1)
            #expect(Descriptors.raise() == Descriptors.raise())
        }

        @Test("That nothing can be accepted is told once, and that it is over too (G12)")
        func accepting() {
            var standing = AcceptStanding()
            #expect(standing.accepted(at: 0) == nil)
            #expect(standing.failed(errno: ECONNABORTED, at: 0) == nil)
            #expect(standing.failed(errno: EMFILE, at: 0) == .exhausted(errno: EMFILE))
            // One ends, one is accepted, the next fails: for minutes, and told once.
            for second in 1...300 as ClosedRange<UInt64> {
                #expect(standing.accepted(at: second * 1_000) == nil)
                #expect(standing.failed(errno: EMFILE, at: second * 1_000 + 500) == nil)
            }
            #expect(standing.accepted(at: 310_499) == nil)
            #expect(standing.accepted(at: 310_500) == .accepting)
            #expect(standing.accepted(at: 400_000) == nil)
            #expect(standing.failed(errno: ENFILE, at: 400_000) == .exhausted(errno: ENFILE))
            #expect(AcceptStanding.pauseMilliseconds(errno: EMFILE) == 500)
            #expect(AcceptStanding.pauseMilliseconds(errno: ECONNABORTED) == nil)
        }

        @Test("When a node has ended, port, files and directory are free, whoever refers to it")
        func ended() async throws {
            let folder = try TemporaryFolder()
            var (port, ended): (UInt16, [Node]) = (0, [])
            for _ in 0..<5 {
                let node = try await Node.leader(
                    TestNode.configuration(folder.path("leader"), port: port))
                port = node.address.port
                let agent = await Agent.start(node.address)
                try await agent.untilInSync()
                node.beginDrain()
                try await node.run()
                ChildProcess.awaitStarts()
                #expect(try Held.files(in: folder.path).isEmpty)
                ended.append(node)
                await agent.close()
            }
            withExtendedLifetime(ended) {}
        }

        @Test("An address in use is refused with its code, and the directory is free again")
        func addressInUse() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("one"))
            do {
                _ = try await TestNode.leader(in: folder.path("two"), port: node.address.port)
                Issue.record("two nodes on one port")
            } catch let error as TransportError { #expect(error.code == "cannot-listen") }
            #expect(try Held.files(in: folder.path("two")).isEmpty)
            let other = try await TestNode.leader(in: folder.path("two"))
            try await other.stop()
            try await node.stop()
        }
    }
}
