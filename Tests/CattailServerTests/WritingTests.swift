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
    @Suite("Writing")
    struct Writing {
        @Test("Apply, create, replace and delete answer what they did, and conflict when they must")
        func operations() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            let one = Sample.endpoint(1, labels: ["app": "a"])
            let relabelled = Sample.endpoint(1, labels: ["app": "b"])

            let created = try await client.apply(one)
            guard case .created(let first) = created.outcome else {
                throw Unexpected("\(created.outcome)")
            }
            #expect(first == Seq(2), "seq 1 begins the epoch")
            guard case .unchanged(first) = try await client.apply(one).outcome else {
                throw Unexpected("the same again is unchanged")
            }
            await #expect(throws: ClientError.self) { try await client.create(one) }
            guard
                case .configured(let second) = try await client.replace(
                    relabelled, expecting: first
                ).outcome
            else { throw Unexpected("replace") }
            #expect(second == Seq(3))
            do {
                try await client.apply(one, expecting: first)
                Issue.record("an old resourceVersion conflicts")
            } catch {
                #expect(error.code == .conflict)
                #expect(error.standingSeq == second)
            }
            let dry = try await client.delete(one.key, effect: .dryRun)
            guard case .deleted = dry.outcome else { throw Unexpected("\(dry.outcome)") }
            #expect(try await client.get(one.key)?.seq == second)
            guard case .deleted(let third) = try await client.delete(one.key).outcome else {
                throw Unexpected("delete")
            }
            #expect(third == Seq(4))
            do {
                try await client.replace(one)
                Issue.record("nothing stands")
            } catch { #expect(error.code == .notFound) }
            do {
                try await client.delete(one.key)
                Issue.record("nothing stands")
            } catch { #expect(error.code == .notFound) }
            // Created anew it has another uid, and its past goes on.
            try await client.create(one)
            let again = try #require(try await client.get(one.key))
            #expect(again.previousSeq == third)
            await client.close()
            try await node.stop()
        }

        @Test("Every fault of an invalid endpoint comes back at once, and nothing is stored")
        func invalid() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            var wrong = Sample.endpoint(1)
            wrong.spec.ipNetworks = ["nowhere"]
            wrong.spec.interfaceName = "much too long a name for an interface"
            do {
                try await client.apply(wrong)
                Issue.record("invalid")
            } catch {
                #expect(error.code == .invalid)
                #expect(error.faults.count >= 2)
            }
            #expect(try await node.status().seq == 1)
            await client.close()
            try await node.stop()
        }

        @Test("An import keeps what breaks the rules, and where it came from")
        func importing() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            var odd = Sample.endpoint(1)
            odd.spec.interfaceName = "much too long a name for an interface"
            try await client.importing(odd, origin: Origin(resourceVersion: "77", uid: "old"))
            let entry = try #require(try await client.log(key: odd.key).collect().elements.first)
            let audit = try entry.record.audit()
            #expect(audit.origin?.resourceVersion == "77")
            #expect(audit.origin?.faults.isEmpty == false)
            #expect(
                try await client.get(odd.key)?.endpoint().spec.interfaceName
                    == odd.spec.interfaceName)
            await client.close()
            try await node.stop()
        }

        @Test("G12: an import with more of an origin than a record holds is refused, others go on")
        func largeOrigin() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            let long = String(repeating: "x", count: 70_000)
            do {
                try await client.importing(Sample.endpoint(1), origin: Origin(uid: long))
                Issue.record("no record has room for it")
            } catch { #expect(error.code == .tooLong) }
            // Faults that are found here are cut instead: the document itself is legal.
            var odd = Sample.endpoint(2)
            odd.spec.ipNetworks = (0..<400).map { "\($0) " + String(repeating: "y", count: 250) }
            try await client.importing(odd, origin: Origin())
            let log = try await client.log().collect().elements
            #expect(log.last?.record.item.key == odd.key)
            let follower = try await TestNode.follower(
                in: folder.path("follower"), of: node.address)
            _ = try await follower.status("has it") { $0.seq == 2 }
            await client.close()
            try await follower.stop()
            try await node.stop()
        }

        @Test("G11: a request ID takes effect once and gets its answer again, also after a restart")
        func once() async throws {
            let folder = try TemporaryFolder()
            var node = try await TestNode.leader(in: folder.path("leader"))
            var client = node.client()
            var request = MutationRequest(.create, Sample.endpoint(1))
            request.requestID = "only-once"
            let first = try await client.perform(request)
            let again = try await client.perform(request)
            #expect("\(first.outcome)" == "\(again.outcome)")
            await client.close()
            try await node.stop()

            node = try await TestNode.leader(in: folder.path("leader"))
            client = node.client()
            let afterRestart = try await client.perform(request)
            #expect("\(first.outcome)" == "\(afterRestart.outcome)")
            #expect(try await node.status().seq == 2)
            var other = MutationRequest(.create, Sample.endpoint(2))
            other.requestID = "only-once"
            do {
                try await client.perform(other)
                Issue.record("another body under the same ID")
            } catch { #expect(error.code == .requestIDReused) }
            // Another actor's IDs are its own.
            let stranger = node.client(actor: "other")
            #expect(try await stranger.perform(other).seq == Seq(3))
            await stranger.close()
            await client.close()
            try await node.stop()
        }

        @Test("G2: many writers at once leave no gap and no repeat among the seqs they are told")
        func concurrentWriters() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let seqs = try await withThrowingTaskGroup(of: [UInt64].self) { group in
                for writer in 0..<16 {
                    group.addTask {
                        let client = node.client(actor: "writer-\(writer)")
                        var seqs: [UInt64] = []
                        for number in 0..<25 {
                            // Every key is written by two writers.
                            let result = try await client.apply(
                                Sample.endpoint(
                                    (writer / 2) * 100 + number, labels: ["by": "w\(writer)"]))
                            if let seq = result.seq { seqs.append(seq.rawValue) }
                        }
                        await client.close()
                        return seqs
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(seqs.sorted() == Array(2...401))
            let truth = try await Truth(of: node)
            #expect(truth.records.map(\.seq.rawValue) == Array(1...401))
            #expect(try await node.status().views.digest == truth.digest().description)
            try await node.stop()
        }

        @Test("G1: what was acknowledged is in the log of a node that never got to close it")
        func crashImage() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            let requests = (0..<500).map { MutationRequest(.apply, Sample.endpoint($0)) }
            var acknowledged: Set<EndpointKey> = []
            try await client.submit(requests) { result in
                #expect(result.error == nil)
                acknowledged.insert(result.key)
            }
            // The files as a crash at this moment would leave them; the WAL first, for what it
            // loses to a checkpoint is then in the file that is copied behind it.
            let image = folder.path("image")
            try FileManager.default.createDirectory(
                atPath: image, withIntermediateDirectories: false)
            for name in ["anchor", "log.sqlite-wal", "log.sqlite"] {
                try FileManager.default.copyItem(
                    atPath: node.directory + "/" + name, toPath: image + "/" + name)
            }
            let risen = try await TestNode.leader(in: image)
            let truth = try await Truth(of: risen)
            #expect(try Set(truth.items().keys) == acknowledged)
            #expect(try await risen.status().views.digest == truth.digest().description)
            await client.close()
            try await risen.stop()
            try await node.stop()
        }

        @Test("G9: who sends more at once than may be unanswered gets an answer to each")
        func flood() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let peer = try await RawClient(to: node.address)
            await peer.greet()
            // Frames so small that many of them wait behind the bound, read and not handed over.
            let count = UInt64(Limits.outstandingMutations * 6)
            let frames = (0..<count).map { number in
                PlainFrame.bytes(
                    ClientMessage.mutations([
                        Mutation(
                            ticket: number, requestID: "r\(number)", operation: .delete,
                            key: Sample.key(1))
                    ]))
            }
            async let isSent = peer.send(Array(frames.joined()))
            var tickets: [UInt64] = []
            while tickets.count < count, let message = try await peer.next() {
                if case .answers(let answers) = message {
                    tickets += answers.map(\.ticket)
                    #expect(answers.allSatisfy { $0.code == .notFound })
                }
            }
            #expect(await isSent)
            #expect(tickets == Array(0..<count))
            try await node.stop()
        }

        @Test("G11: a bulk of mutations through a window is answered in order, each once")
        func bulk() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            let requests = (0..<5_000).map { MutationRequest(.apply, Sample.endpoint($0)) }
            var keys: [EndpointKey] = []
            var seqs: [UInt64] = []
            try await client.submit(requests) { result in
                keys.append(result.key)
                if let seq = result.seq { seqs.append(seq.rawValue) }
            }
            #expect(keys == requests.map(\.key))
            #expect(seqs == Array(2...5_001))
            await client.close()
            try await node.stop()
        }
    }
}
