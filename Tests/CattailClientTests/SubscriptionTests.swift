import CattailClient
import EndpointModel
import EndpointState
import Foundation
import SyncProtocol
import SyncTransport
import Testing

@Suite("A subscription over sockets")
struct SubscriptionTests {
    private func world(_ count: Int) -> World {
        var world = World()
        for number in 0..<count { world.put(number, "first") }
        return world
    }

    private func configuration(_ servers: [ServerAddress]) -> ClientConfiguration {
        var configuration = ClientConfiguration(servers: servers, actor: "test")
        configuration.pauses = .milliseconds(1)...(.milliseconds(2))
        // Scripts speak when the tests' small pool of threads lets them: no time-out of the
        // client may end a wait for that.
        configuration.timeout = .seconds(3600)
        return configuration
    }

    /// Takes updates up to and with the next `inSync`.
    private func untilInSync(_ iterator: inout EndpointSubscription.Iterator) async throws
        -> (statuses: [String], changes: [EndpointChange], digest: StateDigest?)
    {
        var statuses: [String] = []
        var changes: [EndpointChange] = []
        var digest: StateDigest?
        while let update = try await iterator.next() {
            switch update {
            case .changes(let batch):
                changes += batch.changes
                digest = batch.mark.digest
            case .status(.connecting): statuses.append("connecting")
            case .status(.resync(let kind, let seq)): statuses.append("resync \(kind) \(seq)")
            case .status(.disconnected): statuses.append("disconnected")
            case .status(.digestDiffers(let seq)): statuses.append("differs \(seq)")
            case .status(.unverified(let seq)): statuses.append("unverified \(seq)")
            case .status(.behind(let head)): statuses.append("behind \(head)")
            case .status(.stale): statuses.append("stale")
            case .status(.goodbye(let code, _)): statuses.append("goodbye \(code)")
            case .status(.cacheUnusable): statuses.append("cache unusable")
            case .status(.inSync(let kind, let seq)):
                statuses.append("in sync \(kind) \(seq)")
                return (statuses, changes, digest)
            }
        }
        throw ScriptedServer.Ended()
    }

    @Test("a snapshot arrives, then a cut shows as a resume and one change (G8)")
    func resume() async throws {
        var world = world(10)
        let server = try await ScriptedServer.start()
        let subscription = EndpointSubscription(configuration: configuration([server.address]))
        var iterator = subscription.makeAsyncIterator()

        let first = try await server.accept()
        let hello = try await first.greet(world)
        #expect(hello.role == .state)
        #expect(hello.resume == nil)
        first.sendSnapshot(world)
        let snapshot = try await untilInSync(&iterator)
        #expect(snapshot.statuses == ["connecting", "resync snapshot 10", "in sync snapshot 10"])
        #expect(snapshot.changes.count == 10)
        #expect(snapshot.digest == world.digest(at: Seq(10)))
        guard case .applied(let position, let digest)? = await first.next() else {
            Issue.record("the server is not told what is applied")
            return
        }
        #expect(position == world.head)
        #expect(digest == world.digest(at: Seq(10)))

        first.cut()
        world.put(3, "second")
        let second = try await server.accept()
        let again = try await second.greet(world)
        #expect(again.resume?.position == world.position(Seq(10)))
        second.send(
            .resync(world.resync(.deltas, world.position(Seq(10)))),
            .changes(
                Changes(
                    changes: world.deltas(after: Seq(10), through: Seq(11)),
                    mark: world.mark(Seq(11), .inSync))))
        let resumed = try await untilInSync(&iterator)
        #expect(
            resumed.statuses == [
                "disconnected", "connecting", "resync deltas 10", "in sync deltas 11",
            ])
        #expect(resumed.changes.map(\.key) == [World.key(3)])
        #expect(subscription.lag == 0)
        #expect(subscription.snapshot().digest == world.digest(at: Seq(11)))
        await subscription.close()
        await server.stop()
    }

    @Test("a dead server is passed over for the next in the list")
    func failover() async throws {
        let world = world(3)
        let dead = try await ScriptedServer.start()
        await dead.stop()
        let server = try await ScriptedServer.start()
        let subscription = EndpointSubscription(
            configuration: configuration([dead.address, server.address]))
        var iterator = subscription.makeAsyncIterator()
        let peer = try await server.accept()
        _ = try await peer.greet(world)
        peer.sendSnapshot(world)
        let told = try await untilInSync(&iterator)
        #expect(told.statuses.prefix(3) == ["connecting", "disconnected", "connecting"])
        #expect(told.changes.count == 3)
        await subscription.close()
        await server.stop()
    }

    @Test("damage is refused with a reason, reported and repaired (G6)")
    func damage() async throws {
        var world = world(5)
        let server = try await ScriptedServer.start()
        let subscription = EndpointSubscription(configuration: configuration([server.address]))
        var iterator = subscription.makeAsyncIterator()
        let first = try await server.accept()
        _ = try await first.greet(world)
        first.sendSnapshot(world)
        _ = try await untilInSync(&iterator)
        _ = await first.next()  // applied
        #expect(try await subscription.damageForTest(World.key(2)))

        world.put(4, "second")
        first.send(
            .changes(
                Changes(
                    changes: world.deltas(after: Seq(5), through: Seq(6)),
                    mark: world.mark(Seq(6), .inSync))))
        guard case .refusal(let refusal)? = await first.next() else {
            Issue.record("the server is not told")
            return
        }
        #expect(refusal.code == "digest-mismatch")

        let second = try await server.accept()
        let hello = try await second.greet(world)
        #expect(hello.resume == nil)
        second.sendSnapshot(world)
        let repaired = try await untilInSync(&iterator)
        #expect(
            repaired.statuses == [
                "differs 6", "connecting", "resync snapshot 6", "in sync snapshot 6",
            ])
        #expect(Set(repaired.changes.map(\.key)) == [World.key(2), World.key(4)])
        await subscription.close()
        await server.stop()
    }

    @Test("three differences in a row make what is held unverified (G6)")
    func unverified() async throws {
        let world = world(2)
        let server = try await ScriptedServer.start()
        let subscription = EndpointSubscription(configuration: configuration([server.address]))
        var iterator = subscription.makeAsyncIterator()
        for _ in 0..<3 {
            let peer = try await server.accept()
            _ = try await peer.greet(world)
            let mark = Mark(position: world.head, digest: .empty, sync: .inSync)
            peer.send(
                .resync(world.resync(.snapshot, world.head)),
                .changes(Changes(changes: world.items(after: nil), mark: mark)))
        }
        let good = try await server.accept()
        _ = try await good.greet(world)
        good.sendSnapshot(world)
        let told = try await untilInSync(&iterator)
        #expect(told.statuses.filter { $0 == "differs 2" }.count == 3)
        #expect(told.statuses.filter { $0 == "unverified 0" }.count == 1)
        #expect(told.changes.count == 2)
        await subscription.close()
        await server.stop()
    }

    @Test("a selector that no server takes ends the subscription with its code")
    func permanent() async throws {
        let world = world(1)
        let server = try await ScriptedServer.start()
        let subscription = EndpointSubscription(configuration: configuration([server.address]))
        let peer = try await server.accept()
        _ = try await peer.greet(world)
        peer.send(.goodbye(Goodbye(code: .selectorInvalid, message: "at byte 3")))
        let error = await #expect(throws: ClientError.self) {
            for try await _ in subscription {}
        }
        #expect(error?.code == .selectorInvalid)
        await server.stop()
    }

    @Test("a subscriber that does not read makes the server's writes stall, and loses nothing (G9)")
    func backpressure() async throws {
        var world = world(1)
        let server = try await ScriptedServer.start()
        let subscription = EndpointSubscription(configuration: configuration([server.address]))
        let peer = try await server.accept()
        _ = try await peer.greet(world)
        peer.sendSnapshot(world)
        for number in 0..<500 {
            world.put(0, "version \(number)")
            let seq = world.head.seq
            peer.send(
                .changes(
                    Changes(
                        changes: world.deltas(after: Seq(seq.rawValue - 1), through: seq),
                        mark: world.mark(seq, .inSync))))
        }
        var mirror = Mirror()
        for try await update in subscription {
            guard case .changes(let batch) = update else { continue }
            mirror.take(batch)
            if batch.mark.seq == world.head.seq { break }
        }
        #expect(mirror.faults == [])
        #expect(mirror.marks.map(\.seq.rawValue) == Array(1...501))
        await subscription.close()
        await server.stop()
    }

    @Test("a restarted subscriber goes on from its cache file and is told only what is new (G8)")
    func cache() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "held").path
        var world = world(40)
        let server = try await ScriptedServer.start()
        let wanted = SubscriptionConfiguration(cache: .file(path))

        let before = EndpointSubscription(
            configuration: configuration([server.address]), subscription: wanted)
        var iterator = before.makeAsyncIterator()
        let first = try await server.accept()
        _ = try await first.greet(world)
        first.sendSnapshot(world)
        _ = try await untilInSync(&iterator)
        world.delete(7)
        first.send(
            .changes(
                Changes(
                    changes: world.deltas(after: Seq(40), through: Seq(41)),
                    mark: world.mark(Seq(41), .inSync))))
        _ = try await iterator.next()
        await before.close()

        // Bytes that a crash tore off or damaged at the end are of no consequence.
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data([0, 0, 1, 0, 9, 9, 9]))
        try handle.close()

        world.put(2, "second")
        let after = EndpointSubscription(
            configuration: configuration([server.address]), subscription: wanted)
        var later = after.makeAsyncIterator()
        #expect(after.snapshot().digest == world.digest(at: Seq(41)))
        let second = try await server.accept()
        let hello = try await second.greet(world)
        #expect(hello.resume?.position == world.position(Seq(41)))
        second.send(
            .resync(world.resync(.deltas, world.position(Seq(41)))),
            .changes(
                Changes(
                    changes: world.deltas(after: Seq(41), through: Seq(42)),
                    mark: world.mark(Seq(42), .inSync))))
        let told = try await untilInSync(&later)
        #expect(told.changes.map(\.key) == [World.key(2)])
        await after.close()
        await server.stop()
    }

    @Test("what had arrived and was not told when it was closed is not told, and not kept (G7)")
    func closed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let world = world(5)
        let server = try await ScriptedServer.start()
        let wanted = SubscriptionConfiguration(cache: .file(folder.appending(path: "held").path))
        let before = EndpointSubscription(
            configuration: configuration([server.address]), subscription: wanted)
        let peer = try await server.accept()
        _ = try await peer.greet(world)
        peer.sendSnapshot(world)
        guard case .applied(world.head, _)? = await peer.next() else {
            throw ScriptedServer.Ended()
        }
        await before.close()
        var iterator = before.makeAsyncIterator()
        #expect(try await iterator.next() == nil)

        let after = EndpointSubscription(
            configuration: configuration([server.address]), subscription: wanted)
        #expect(after.snapshot().isEmpty)
        let hello = try await server.accept().greet(world)
        #expect(hello.resume == nil)
        await after.close()
        await server.stop()
    }
}
