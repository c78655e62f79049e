import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import Feeds
import Foundation
import NIOCore
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Bad input over sockets (G12)")
    struct BadInput {
        @Test("G12: every malformed connection gets its coded goodbye, and the node works on")
        func malformed() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            try await putAndGet(node, 0)
            let rounds = scale("CATTAIL_TEST_ROUNDS", 10)
            var settled = 0
            for round in 0..<rounds {
                for input in Malformed.all {
                    let peer = try await RawClient(to: node.address)
                    await input.send(peer)
                    let goodbye = try await peer.goodbye()
                    #expect(goodbye?.code == input.code, "\(input.name)")
                    if let goodbye { #expect(!goodbye.message.isEmpty, "\(input.name)") }
                }
                try await putAndGet(node, round)
                if round == rounds / 4 { settled = try Held.residentBytes() }
            }
            try await until(node, holds: 0)
            let counters = try await node.status("the asker alone") { $0.connections == 1 }.counters
            for (code, inputs) in Dictionary(grouping: Malformed.all, by: \.code) {
                // Each that is told nothing speaks another protocol, or has ended by itself.
                guard let code else { continue }
                #expect(counters["closings.\(code)"] == UInt64(rounds * inputs.count), "\(code)")
            }
            #expect(counters["closings.preface-mismatch"] == UInt64(rounds * 2))
            let grown = try Held.residentBytes() - settled
            print("bad input: \(rounds) rounds, memory grown by \(grown >> 10) KiB")
            // Other tests of the process move this figure too, unless they are away.
            if rounds >= 100 { #expect(grown < settled / 5) }
            try await node.stop()
        }

        private func putAndGet(_ node: TestNode, _ number: Int) async throws {
            try await putAndGet(node.address, number)
        }

        private func putAndGet(_ address: ServerAddress, _ number: Int) async throws {
            try await within(30, "a put and a get") {
                let client = EndpointClient(configuration: .test(address))
                try await client.apply(Sample.endpoint(number))
                #expect(try await client.get(Sample.key(number)) != nil)
                await client.close()
            }
        }

        @Test("G12: who says nothing, half a preface or half a hello is cut after the deadline")
        func late() async throws {
            let folder = try TemporaryFolder()
            let clock = ManualClock()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.sessionClock = clock.clock
            }
            let silent = try await RawClient(to: node.address)
            let half = try await RawClient(to: node.address)
            await half.send(Array(FrameFormat.preface.prefix(4)))
            let greeted = try await RawClient(to: node.address)
            await greeted.sendPreface()
            await greeted.send(Array(PlainFrame.bytes(Malformed.hello).dropLast(3)))
            // Its own preface back says that what it sent has been read.
            var prefaced: [UInt8] = []
            while prefaced.count < 8, let bytes = try await greeted.receive() { prefaced += bytes }
            _ = try await node.status("three and the asker") { $0.connections == 4 }
            clock.advance(seconds: 9)
            try await node.tick()
            #expect(try Held.connections(of: node.address) >= 3)
            clock.advance(seconds: 2)
            try await node.tick()
            #expect(try await silent.goodbye() == nil && silent.isAtEnd)
            #expect(try await half.goodbye() == nil && half.isAtEnd)
            let last = try RawClient.messages(try await rest(of: greeted, after: prefaced))
            guard case .goodbye(let goodbye)? = last.last else {
                throw Unexpected("no goodbye")
            }
            #expect(goodbye.code == .helloLate)
            let counters = try await node.status("the asker alone") { $0.connections == 1 }.counters
            #expect(counters["closings.hello-late"] == 3)
            try await until(node, holds: 0)
            try await putAndGet(node, 1)
            try await node.stop()
        }

        private func rest(of peer: RawClient, after bytes: [UInt8]) async throws -> [UInt8] {
            var all = bytes
            while let more = try await peer.receive() { all += more }
            return all
        }

        @Test("One byte at a time is slow and legal")
        func byteByByte() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let peer = try await RawClient(to: node.address)
            let mutation = Mutation(
                ticket: 5, requestID: "slow", operation: .apply, key: Sample.key(1),
                endpoint: Sample.endpoint(1).encodedEndpoint())
            let bytes =
                FrameFormat.preface + PlainFrame.bytes(Malformed.hello)
                + PlainFrame.bytes(ClientMessage.mutations([mutation]))
            for byte in bytes { #expect(await peer.send([byte])) }
            var answer: Answer?
            while answer == nil, let message = try await peer.next() {
                if case .answers(let answers) = message { answer = answers.first }
            }
            #expect(answer?.outcome == .created)
            #expect(answer?.ticket == 5)
            try await node.stop()
        }

        @Test("A non-canonical endpoint is refused with its code, and the connection goes on")
        func nonCanonical() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let peer = try await RawClient(to: node.address)
            await peer.greet()
            let good = Sample.endpoint(1, labels: ["a": "1", "b": "2"]).encodedEndpoint()
            let bad: [[UInt8]] = [
                [0xFF], Array(good.dropLast()), good + [0x08], good + good,
                Array(repeating: 0x80, count: 400), [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            ]
            for operation in [SyncProtocol.Operation.apply, .create, .replace, .importing] {
                for (index, endpoint) in bad.enumerated() {
                    let mutation = Mutation(
                        ticket: UInt64(index), requestID: "bad-\(operation)-\(index)",
                        operation: operation, key: Sample.key(1), endpoint: endpoint)
                    await peer.send(.mutations([mutation]))
                    var answer: Answer?
                    while answer == nil, let message = try await peer.next() {
                        if case .answers(let answers) = message { answer = answers.first }
                    }
                    #expect(answer?.outcome == .failed, "\(operation) \(index)")
                    #expect(answer?.code == .invalid, "\(operation) \(index)")
                }
            }
            try await putAndGet(node, 1)
            #expect(try await node.status().seq == 2)
            try await node.stop()
        }

        @Test("G9, G12: who asks and never reads is not read any more, and costs little")
        func deaf() async throws {
            // In a process of its own: in this one other tests move the memory too.
            let folder = try TemporaryFolder()
            let node = try await NodeChild.leader(data: folder.path("leader"))
            let address = try #require(ServerAddress(node.listen))
            let client = EndpointClient(configuration: .test(address))
            let note = String(repeating: "n", count: 200_000)
            try await client.apply(Sample.endpoint(1, annotation: note))
            let peer = try await RawClient(to: address, receiveBuffer: 4 << 10)
            await peer.greet()
            let before = try Held.peakBytes(of: node.process.pid)
            // 3,000 times 200 KB would be 600 MB of answers.
            let count = 3_000
            let creates = (0..<count).map { number in
                PlainFrame.bytes(
                    ClientMessage.mutations([
                        Mutation(
                            ticket: UInt64(number), requestID: "r\(number)", operation: .create,
                            key: Sample.key(1), endpoint: Sample.endpoint(1).encodedEndpoint())
                    ]))
            }
            var unsent = Array(creates.joined())[...]
            unsent = unsent.dropFirst(max(0, peer.sendWithoutWaiting(Array(unsent))))
            try await putAndGet(address, 2)
            unsent = unsent.dropFirst(max(0, peer.sendWithoutWaiting(Array(unsent))))
            try await pingDeafly(address)
            // Now it reads, and every one is answered.
            peer.limitReceiveBuffer(1 << 20)
            let rest = Array(unsent)
            async let isSent = peer.send(rest)
            var answered = 0
            while answered < count, let message = try await peer.next() {
                if case .answers(let answers) = message {
                    answered += answers.count
                    #expect(answers.allSatisfy { $0.code == .alreadyExists })
                }
            }
            #expect(await isSent)
            #expect(answered == count)
            let grown = try Held.peakBytes(of: node.process.pid) - before
            #expect(grown < 150 << 20, "\(grown >> 20) MiB")
            await client.close()
            try await node.stop()
        }

        /// Pings without end, reads no pong, and goes.
        private func pingDeafly(_ address: ServerAddress) async throws {
            let peer = try await RawClient(to: address, receiveBuffer: 4 << 10)
            await peer.greet()
            let pings = Array(
                repeating: PlainFrame.bytes(ClientMessage.ping(7)), count: 100_000
            ).flatMap { $0 }
            for _ in 0..<50 {
                guard peer.sendWithoutWaiting(pings) > 0 else { break }
                await Task.yield()
            }
            try await putAndGet(address, 3)
            withExtendedLifetime(peer) {}
        }

        @Test("G12: a goodbye to a peer that does not read gives its descriptor back all the same")
        func lingers() async throws {
            let folder = try TemporaryFolder()
            let clock = ManualClock()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.sessionClock = clock.clock
            }
            let client = node.client()
            var generator = SplitMix(seed: 4)
            for number in 0..<60 {
                let noise = (0..<15_000).map { _ in
                    String(generator.next(), radix: 36)
                }.joined()
                try await client.apply(Sample.endpoint(number, annotation: noise))
            }
            let peer = try await RawClient(to: node.address, receiveBuffer: 4 << 10)
            await peer.greet(ClientHello(role: .state))
            _ = try await node.status("it is there") { !$0.subscribers.isEmpty }
            // A rule broken, with megabytes on their way to it.
            await peer.send(Malformed.hello)
            _ = try await node.status("it is gone") { $0.subscribers.isEmpty }
            await client.close()
            clock.advance(seconds: 6)
            try await node.tick()
            try await until(node, holds: 0)
            try await putAndGet(node, 1)
            try await node.stop()
            withExtendedLifetime(peer) {}
        }
    }
}

/// One kind of bytes that no honest peer sends, and what it is told.
struct Malformed: Sendable {
    let name: String
    /// Nil: told nothing, for it would not understand.
    let code: GoodbyeCode?
    let send: @Sendable (RawClient) async -> Void

    static let hello = ClientMessage.hello(ClientHello(role: .requests, actor: "raw"))

    static let all: [Malformed] = [
        Malformed(name: "another protocol", code: nil) {
            await $0.send(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        },
        Malformed(name: "a preface of another version", code: nil) {
            await $0.send(Array("CATTAIL".utf8) + [9])
        },
        Malformed(name: "the end", code: nil) { $0.shutdownSending() },
        Malformed(name: "half a hello and the end", code: nil) {
            await $0.sendPreface()
            await $0.send([0, 0, 0, 40, 0, 10])
            $0.shutdownSending()
        },
        Malformed(name: "garbage behind the preface", code: .frameMalformed) {
            await $0.send(FrameFormat.preface + noise(400))
        },
        Malformed(name: "a first frame of 4 GiB", code: .frameMalformed) {
            await $0.send(FrameFormat.preface + [0xFF, 0xFF, 0xFF, 0xFF])
        },
        Malformed(name: "a hello over its limit", code: .frameMalformed) {
            await $0.greet(
                ClientHello(role: .requests, actor: String(repeating: "x", count: 20_000)))
        },
        Malformed(name: "an actor over its limit", code: .limitExceeded) {
            await $0.greet(ClientHello(role: .requests, actor: String(repeating: "x", count: 300)))
        },
        Malformed(name: "a compressed hello", code: .frameMalformed) {
            await $0.sendPreface()
            let long = ClientHello(role: .requests, client: String(repeating: "x", count: 200))
            await $0.send(compressed(.hello(long)))
        },
        Malformed(name: "no version in common", code: .versionUnsupported) {
            await $0.greet(
                ClientHello(versions: VersionRange(lowest: 90, highest: 99), role: .requests))
        },
        Malformed(name: "a query before hello", code: .messageUnexpected) {
            await $0.sendPreface()
            await $0.send(.query(1, .status))
        },
        Malformed(name: "hello twice", code: .messageUnexpected) {
            await $0.greet()
            await $0.send(hello)
        },
        Malformed(name: "a mutation on a subscription", code: .messageUnexpected) {
            await $0.greet(ClientHello(role: .state))
            await $0.send(.mutations([]))
        },
        Malformed(name: "a ticket in use", code: .messageUnexpected) {
            await $0.greet()
            await $0.send(
                PlainFrame.bytes(ClientMessage.query(1, .verify(from: .zero)))
                    + PlainFrame.bytes(ClientMessage.query(1, .verify(from: .zero))))
        },
        Malformed(name: "a frame of 4 GiB behind hello", code: .frameMalformed) {
            await $0.greet()
            await $0.send([0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 2, 3])
        },
        Malformed(name: "an empty frame", code: .frameMalformed) {
            await $0.greet()
            await $0.send([0, 0, 0, 0])
        },
        Malformed(name: "an unknown codec", code: .frameMalformed) {
            await $0.greet()
            await $0.send([0, 0, 0, 2, 0x0E, 0])
        },
        Malformed(name: "a body that inflates to more than it says", code: .frameMalformed) {
            await $0.greet()
            await $0.send(compressed(large, stating: -1))
        },
        Malformed(name: "a body that inflates to less than it says", code: .frameMalformed) {
            await $0.greet()
            await $0.send(compressed(large, stating: 1))
        },
        Malformed(name: "a body that says it inflates to 4 GiB", code: .frameMalformed) {
            await $0.greet()
            var bytes = compressed(large)
            bytes.replaceSubrange(5..<9, with: [0xFF, 0xFF, 0xFF, 0xFF])
            await $0.send(bytes)
        },
        Malformed(name: "a damaged deflate stream", code: .frameMalformed) {
            await $0.greet()
            var bytes = compressed(large)
            bytes[bytes.count / 2] ^= 0x10
            await $0.send(bytes)
        },
        Malformed(name: "a frame that is no message", code: .messageMalformed) {
            await $0.greet()
            await $0.send([0, 0, 0, 4, 0, 0x12, 0xFF, 0xFF])
        },
        Malformed(name: "a mutation without a request ID", code: .messageMalformed) {
            await $0.greet()
            await $0.send(
                .mutations([
                    Mutation(ticket: 1, requestID: "", operation: .delete, key: Sample.key(1))
                ]))
        },
        Malformed(name: "a selector that does not parse", code: .selectorInvalid) {
            await $0.greet(
                ClientHello(role: .state, selection: SelectionRequest(selector: "app == ")))
        },
        Malformed(name: "a selector over its limit", code: .limitExceeded) {
            await $0.greet(
                ClientHello(
                    role: .state,
                    selection: SelectionRequest(
                        selector: String(repeating: "!", count: 5_000) + "all()")))
        },
        Malformed(name: "a log's token of another log", code: .logOther) {
            let position = Position(
                logID: LogID(high: 4, low: 2), epoch: .none, seq: Seq(1),
                chain: Hash256.of([1]))
            await $0.greet(ClientHello(role: .log, resume: ResumeToken(position: position)))
        },
    ]

    /// Compresses well, so that the encoder does.
    private static let large = ClientMessage.mutations(
        (0..<20).map { number in
            Mutation(
                ticket: UInt64(number), requestID: "request-\(number)", operation: .delete,
                key: Sample.key(number))
        })

    /// A compressed frame, stating another inflated size by `difference`.
    static func compressed(_ message: ClientMessage, stating difference: Int32 = 0) -> [UInt8] {
        guard var frame = try? FrameEncoder().frame(message, .whenItPays),
            let stated: UInt32 = frame.getInteger(at: frame.readerIndex + 5)
        else { return [] }
        frame.setInteger(
            UInt32(bitPattern: Int32(bitPattern: stated) &+ difference),
            at: frame.readerIndex + 5)
        return Array(frame.readableBytesView)
    }

    /// The same each time; its first four bytes name no length that is allowed.
    private static func noise(_ count: Int) -> [UInt8] {
        var generator = SplitMix(seed: 5)
        return [0xF0] + (1..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

/// How large a test is: CI's size, unless the environment names another.
func scale(_ variable: String, _ standard: Int) -> Int {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? standard
}
