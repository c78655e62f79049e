import EndpointModel
import ReplicaCore
import SyncProtocol
import Testing

@Suite("Admission")
struct AdmissionTests {
    static func failure(_ mutation: Mutation) -> MutationFailure? {
        switch Admission.admit(mutation, from: Fixture.actor) {
        case .success: nil
        case .failure(let failure): failure
        }
    }

    @Test("A valid endpoint gets its name and its implicit labels")
    func prepared() throws {
        var endpoint = Fixture.endpoint("a")
        endpoint.metadata.name = ""
        let admitted = try Admission.admit(
            Fixture.mutation(.create, endpoint), from: Fixture.actor
        ).get()
        #expect(admitted.key == Fixture.key("a"))
        let stored = try WorkloadEndpoint(encodedEndpoint: #require(admitted.endpoint).bytes)
        #expect(stored.metadata.labels[WorkloadEndpoint.namespaceLabel] == "default")
        #expect(stored.metadata.labels[WorkloadEndpoint.orchestratorLabel] == "k8s")
    }

    @Test("An invalid endpoint is refused with all of its faults at once")
    func allFaults() throws {
        var endpoint = Fixture.endpoint("a")
        endpoint.spec.ipNetworks = ["10.0.0.300/32"]
        endpoint.spec.mac = "no mac"
        endpoint.metadata.labels["bad key!"] = "x"
        let failure = try #require(Self.failure(Fixture.mutation(.apply, endpoint)))
        #expect(failure.code == .invalid)
        #expect(failure.faults.count >= 3)
        for field in ["spec.ipNetworks", "spec.mac", "metadata.labels"] {
            #expect(failure.faults.contains { $0.field.hasPrefix(field) })
        }
        let answer = failure.answer(ticket: 9)
        #expect(answer.ticket == 9)
        #expect(answer.outcome == .failed)
    }

    @Test("An import is never refused for the resource's rules: what it breaks is kept as origin")
    func imports() throws {
        var endpoint = Fixture.endpoint("a")
        endpoint.metadata.name = "not-the-derived-name"
        endpoint.spec.mac = "no mac"
        let origin = Origin(
            resourceVersion: "814", uid: "u", creationTimestamp: "2021-01-01T00:00:00Z",
            faults: ["document: seen before"])
        let admitted = try Admission.admit(
            Fixture.mutation(.importing, endpoint, origin: origin), from: Fixture.actor
        ).get()
        #expect(admitted.key.name == "not-the-derived-name")
        #expect(admitted.origin?.resourceVersion == "814")
        let faults = try #require(admitted.origin?.faults)
        #expect(faults.first == "document: seen before")
        #expect(faults.contains { $0.hasPrefix("spec.mac") })
        #expect(faults.contains { $0.hasPrefix("metadata.name") })
        var nameless = endpoint
        nameless.metadata.name = ""
        nameless.metadata.namespace = ""
        #expect(Self.failure(Fixture.mutation(.importing, nameless))?.code == .invalid)
    }

    @Test("Only an import has an origin: what another mutation claims of one is dropped")
    func foreignOrigin() throws {
        let origin = Origin(resourceVersion: "814")
        let admitted = try Admission.admit(
            Fixture.mutation(.apply, Fixture.endpoint("a"), origin: origin), from: Fixture.actor
        ).get()
        #expect(admitted.origin == nil)
    }

    @Test("Bytes that are no endpoint are refused, whatever the operation (G12)")
    func unreadable() throws {
        var dice = Dice(seed: 77)
        for operation in [SyncProtocol.Operation.apply, .create, .replace, .importing] {
            for length in 0..<200 {
                var mutation = Fixture.mutation(operation, Fixture.endpoint("a"))
                var bytes = mutation.endpoint
                if length < bytes.count { bytes.removeLast(length) }
                if !bytes.isEmpty { bytes[dice.below(bytes.count)] = UInt8(dice.below(256)) }
                mutation.endpoint = bytes
                _ = Self.failure(mutation)
            }
            var mutation = Fixture.mutation(operation, Fixture.endpoint("a"))
            mutation.endpoint = [0xFF, 0xFF, 0xFF]
            #expect(Self.failure(mutation)?.code == .invalid)
        }
    }

    @Test("What is admitted is what our encoder writes, whatever bytes came (G12)")
    func canonical() throws {
        var dice = Dice(seed: 78)
        var endpoint = Fixture.endpoint("a", containerID: "c1")
        endpoint.metadata.generateName = "a-"
        endpoint.metadata.annotations = ["note": "x"]
        endpoint.spec.ports = [EndpointPort(name: "http", transport: .name("TCP"), port: 80)]
        for prepared in [endpoint, try endpoint.prepared(for: .apply)] {
            let good = prepared.encodedEndpoint()
            var admittedCount = 0
            for _ in 0..<4_000 {
                var mutation = Fixture.mutation(.apply, prepared)
                mutation.endpoint = good
                mutation.endpoint[dice.below(good.count)] = UInt8(dice.below(256))
                guard let admitted = try? Admission.admit(mutation, from: Fixture.actor).get()
                else { continue }
                admittedCount += 1
                let bytes = try #require(admitted.endpoint).bytes
                #expect(try WorkloadEndpoint(encodedEndpoint: bytes).encodedEndpoint() == bytes)
            }
            #expect(admittedCount > 200)

            // Field 1000, of a later version: the leader stores what it has judged.
            var later = Fixture.mutation(.apply, prepared)
            later.endpoint = good + [0xC0, 0x3E, 0x01]
            let admitted = try Admission.admit(later, from: Fixture.actor).get()
            #expect(
                admitted.endpoint?.bytes == (try endpoint.prepared(for: .apply)).encodedEndpoint())
        }
    }

    @Test("A delete needs a key")
    func deletes() throws {
        let whole = Fixture.delete("a")
        #expect(Self.failure(whole) == nil)
        for key in [
            EndpointKey(namespace: "", name: "a"), EndpointKey(namespace: "a", name: ""),
        ] {
            var mutation = whole
            mutation.key = key
            #expect(Self.failure(mutation)?.code == .invalid)
        }
    }

    @Test("What would not fit an item or a record is refused at the door (G12)")
    func sizes() throws {
        let long = String(repeating: "x", count: EncodedItem.byteLimit)
        #expect(
            Self.failure(Fixture.mutation(.importing, Fixture.endpoint("a", containerID: long)))?
                .code == .tooLong)
        var mutation = Fixture.delete("a")
        mutation.key.name = long
        #expect(Self.failure(mutation)?.code == .tooLong)
        let origin = Origin(resourceVersion: "1", faults: [String(repeating: "f", count: 200_000)])
        let refused = Fixture.mutation(.importing, Fixture.endpoint("a"), origin: origin)
        #expect(Self.failure(refused)?.code == .tooLong)
    }

    @Test("The largest endpoint with the most faults still makes a record that can be read (G12)")
    func largestRecord() throws {
        var endpoint = Fixture.endpoint("a")
        for number in 0..<400 {
            endpoint.metadata.labels["bad key \(number)"] = String(repeating: "v!", count: 60)
        }
        endpoint.spec.containerID = String(repeating: "x", count: 900_000)
        var leader = try ModelLeader()
        let answer = try leader.commit(Fixture.mutation(.importing, endpoint))
        #expect(answer.outcome == .created)
        let record = try #require(leader.records.last)
        #expect(record.byteCount <= EncodedRecord.byteLimit)
        _ = try EncodedRecord(validating: record.bytes)
        #expect(record.auditBytes.count <= EncodedRecord.byteLimit - EncodedItem.byteLimit)
    }

    @Test("However long what was asked for is, the answer is short enough to be sent (G12)")
    func shortAnswers() throws {
        var leader = try ModelLeader()
        var endpoint = Fixture.endpoint("a")
        endpoint.metadata.name = String(repeating: "n", count: 1_000_000)
        var answers = [try leader.commit(Fixture.mutation(.importing, endpoint))]
        #expect(answers[0].outcome == .created)
        var other = endpoint
        other.spec.containerID = "x"
        answers.append(
            try leader.commit(
                Fixture.mutation(.importing, other, ticket: 2, expectedSeq: 1)))
        var delete = Fixture.delete("a", ticket: 3)
        delete.key.name = String(repeating: "m", count: 1_000_000)
        answers.append(try leader.commit(delete))
        for answer in answers {
            #expect(answer.message.utf8.count <= Limits.messageBytes)
            #expect(answer.encoded().count < EncodedItem.byteLimit + 8 * Limits.messageBytes)
        }
    }
}
