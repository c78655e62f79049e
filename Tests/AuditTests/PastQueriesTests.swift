import Audit
import EndpointModel
import EndpointState
import LogStore
import Projection
import Testing

/// Each answer about the past against the plainest model of it: all states, one after the other.
@Suite("Questions about the past")
struct PastQueriesTests {
    static func pasts(_ history: RandomHistory) throws -> [Past] {
        var view = PositionedView(emptyLog: history.log.logID)
        try view.fold(history.log, through: try history.log.head.seq)
        return [try Past(history.log), try Past(history.log, current: view.view)]
    }

    @Test(
        "A history holds every event of its key, newest first, page by page (G14)",
        arguments: [1, 2] as [UInt64])
    func history(seed: UInt64) throws {
        let history = try RandomHistory(seed: seed, events: 250)
        for past in try Self.pasts(history) {
            for key in history.keys {
                let expected = history.items.filter { $0.kind != .control && $0.key == key }
                var versions: [EndpointVersion] = []
                var next: Seq? = past.head
                while let last = next {
                    let page = try past.history(of: key, upTo: last, limit: 3)
                    versions += page.versions
                    next = page.next
                }
                #expect(versions.map(\.event.seq) == expected.reversed().map(\.seq))
                for version in versions {
                    let seq = Int(version.event.seq.rawValue)
                    let old = try history.states[seq - 1][key]?.endpoint()
                    let new = try history.states[seq][key]?.endpoint()
                    #expect(version.fields == FieldChange.between(old, new))
                    #expect((version.change == .created) == (old == nil))
                    #expect((version.change == .deleted) == (new == nil))
                }
            }
            let unknown = EndpointKey(namespace: "x", name: "y")
            #expect(try past.history(of: unknown).versions.isEmpty)
        }
    }

    @Test("A difference between any two seqs is that of the model's states (G14)")
    func differences() throws {
        let history = try RandomHistory(seed: 3, events: 60)
        let past = try Past(history.log)
        for from in 0...60 {
            for to in 0...60 {
                let found = try past.difference(from: Seq(UInt64(from)), to: Seq(UInt64(to)))
                let (before, after) = (history.states[from], history.states[to])
                let expected = Set(before.keys).union(after.keys).sorted()
                    .filter { before[$0]?.hash != after[$0]?.hash }
                #expect(found.map(\.key) == expected)
                for one in found {
                    #expect(one.before?.hash == before[one.key]?.hash)
                    #expect(one.after?.hash == after[one.key]?.hash)
                }
            }
        }
    }

    /// Who has the address in a state, judged by the texts that the histories type.
    static func holders(_ state: [EndpointKey: EncodedItem], _ typed: Set<String>) throws
        -> Set<EndpointKey>
    {
        Set(
            try state.filter { try !typed.isDisjoint(with: $0.value.endpoint().spec.ipNetworks) }
                .keys)
    }

    @Test(
        "Who had an address, however it was typed, is exact at every seq and over ranges (G14)",
        arguments: [
            ("10.0.0.1", ["10.0.0.1/32", "10.0.0.1"]), ("fd00::1", ["fd00::1/128", "FD00:0::1"]),
            ("10.0.0.9", []),
        ])
    func addresses(text: String, typed: [String]) throws {
        let address = try #require(IPAddress(text))
        let history = try RandomHistory(seed: 5, events: 120)
        let model = try history.states.map { try Self.holders($0, Set(typed)) }
        for past in try Self.pasts(history) {
            for seq in 0...120 {
                let found = try past.holders(of: address, at: Seq(UInt64(seq)))
                #expect(Set(found.map(\.key)) == model[seq])
                #expect(found.allSatisfy { $0.until == nil })
            }
            for (first, last) in [(0, 120), (30, 90), (60, 61), (119, 120)] {
                let found = try past.holders(
                    of: address, from: Seq(UInt64(first)), through: Seq(UInt64(last)))
                let expected = Self.holdings(model, first, last)
                #expect(
                    Set(found.map { [$0.key.description, "\($0.from)", "\($0.until ?? .zero)"] })
                        == expected)
                #expect(found.count == expected.count)
            }
        }
    }

    /// Every unbroken holding that touches `first...last`, as texts of key, from, until (or 0).
    static func holdings(_ model: [Set<EndpointKey>], _ first: Int, _ last: Int)
        -> Set<[String]>
    {
        var result: Set<[String]> = []
        for key in Set(model.joined()) {
            var seq = first
            while seq <= last {
                guard model[seq].contains(key) else {
                    seq += 1
                    continue
                }
                var start = seq
                while start > 0, model[start - 1].contains(key) { start -= 1 }
                var end = seq
                while end <= last, model[end].contains(key) { end += 1 }
                result.insert([key.description, "\(start)", end > last ? "0" : "\(end)"])
                seq = end
            }
        }
        return result
    }

    @Test("The log by key, actor and range is the model's, through pages of any size (G14)")
    func events() throws {
        let history = try RandomHistory(seed: 6, events: 200)
        let past = try Past(history.log)
        let key = RandomHistory.key(3)
        let filters = [
            EventFilter(), EventFilter(key: key), EventFilter(actor: "actor-1"),
            EventFilter(key: key, actor: "actor-2"), EventFilter(actor: "nobody"),
        ]
        for filter in filters {
            for (eventsLimit, readLimit) in [(1, 1), (3, 10), (1_000, 17), (1_000, 10_000)] {
                var limits = EventPageLimits()
                limits.events = eventsLimit
                limits.eventsRead = readLimit
                var seqs: [UInt64] = []
                var next: Seq? = Seq(20)
                while let first = next {
                    let page = try past.events(
                        matching: filter, from: first, through: Seq(150), limits: limits)
                    seqs += page.events.map(\.seq.rawValue)
                    next = page.next
                }
                let expected = (20...150 as ClosedRange<UInt64>).filter { seq in
                    let item = history.items[Int(seq) - 1]
                    let isKey = filter.key == nil || item.kind != .control && item.key == filter.key
                    return isKey && [nil, "actor-\(seq % 3)"].contains(filter.actor)
                }
                #expect(seqs == expected)
            }
        }
    }
}

@Suite("Changes of fields")
struct FieldChangeTests {
    @Test("A change names JSON path, old and new value; lists are compared place by place")
    func paths() {
        var old = WorkloadEndpoint()
        old.metadata.labels = ["app": "a", "gone": "x"]
        old.spec.node = "node1"
        old.spec.ipNetworks = ["10.0.0.1/32", "10.0.0.2/32"]
        old.spec.ports = [EndpointPort(name: "http", transport: .name("TCP"), port: 80)]
        var new = old
        new.metadata.labels = ["app": "b", "new": ""]
        new.spec.ipNetworks = ["10.0.0.1/32"]
        new.spec.ports[0].port = 8080
        new.spec.ports[0].transport = .number(17)
        new.spec.qosControls = QoSControls()
        new.spec.qosControls?.ingressBandwidth = 1_000
        let expected = [
            FieldChange(path: "metadata.labels[app]", old: .string("a"), new: .string("b")),
            FieldChange(path: "metadata.labels[new]", old: nil, new: .string("")),
            FieldChange(path: "spec.ports[0].protocol", old: .string("TCP"), new: .number("17")),
            FieldChange(path: "spec.ports[0].port", old: .number("80"), new: .number("8080")),
            FieldChange(
                path: "spec.qosControls.ingressBandwidth", old: nil, new: .number("1000")),
            FieldChange(path: "metadata.labels[gone]", old: .string("x"), new: nil),
            FieldChange(path: "spec.ipNetworks[1]", old: .string("10.0.0.2/32"), new: nil),
        ]
        #expect(FieldChange.between(old, new) == expected)
        #expect(FieldChange.between(old, old).isEmpty)
        #expect(FieldChange.between(nil, nil).isEmpty)
        #expect(FieldChange.between(nil, old).allSatisfy { $0.old == nil && $0.new != nil })
        #expect(FieldChange.between(old, nil).count == FieldChange.between(nil, old).count)
    }
}
