internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import SyncProtocol

/// What really happened, as nobody in the simulation may know it: every event that was ever durable
/// anywhere, as a tree of histories; what each node's log holds; what writers were told, and what
/// agents hold. Its judgements use none of the code that they judge: states are folded into
/// dictionaries, selections are rules on what writers wrote, hashes are computed anew.
final class History {
    unowned let world: World
    var events: [Event] = []
    var byChain: [[UInt8]: Int] = [:]
    /// By epoch, which node wrote its events.
    var writers: [Epoch: Int] = [:]
    /// By parent and epoch, the one event that goes on.
    var children: [Branch: Int] = [:]
    /// Of each node, the events of its log, as far as it has said that they are durable.
    var logs: [Int: [Int]] = [:]
    /// What left a log, and must be in a file beside it.
    var owed: [Int: [Int]] = [:]
    /// All events of rights.
    var rulings: [Int] = []
    /// How often events have left a log.
    var cuts: [Int: Int] = [:]
    /// How each epoch came about.
    var elections: [Epoch: Election] = [:]
    var requests: [String: Request] = [:]
    var byRequest: [String: [Int]] = [:]
    /// Events that somebody was told to be stored for good, with who said so.
    var acknowledged: [Int: String] = [:]
    var agents: [String: AgentBook] = [:]
    var counts = Counts()

    struct Branch: Hashable {
        let parent: Int
        let epoch: Epoch
    }

    struct Election {
        let node: Int
        let isForced: Bool
    }

    /// One event, at its place in the tree.
    struct Event {
        let parent: Int
        let seq: UInt64
        let epoch: Epoch
        let kind: Kind
        let chain: [UInt8]
        /// With its actor, whose it is; empty for an event that nobody asked for.
        let requestID: String
        let actor: String
        let itemBytes: [UInt8]
        /// The event of the rights in force behind this one; -1: there are none yet.
        let rights: Int

        enum Kind {
            case put(EndpointKey, Written)
            case delete(EndpointKey)
            case epoch
            case membership(voters: [String], minAcks: Int)
            case rights(Ruling)
            case other
        }
    }

    /// What a writer asked for.
    struct Request {
        let id: String
        let actor: String
        let isDelete: Bool
        let key: EndpointKey
        let written: Written

        var name: String { Self.key(actor, id) }

        /// Each actor has request IDs of its own.
        static func key(_ actor: String, _ id: String) -> String { "\(actor)/\(id)" }
    }

    /// What a run has seen, so that it can be said to have attacked something.
    struct Counts {
        var acknowledged = 0
        var marks = 0
        var resyncs = 0
        var restarts = 0
        var elections = 0
        var stepDowns = 0
        var orphaned = 0
        var restored = 0
        var rights = 0
        var denials = 0
    }

    init(_ world: World) { self.world = world }

    func violates(_ guarantee: String, _ what: String) {
        world.fail("\(guarantee) does not hold: \(what)")
    }

    // MARK: The tree

    /// The event behind `parent` (-1: the beginning) with these bytes; made when it is new.
    func event(behind parent: Int, record: EncodedRecord, at node: Int) -> Int {
        let before = parent < 0 ? ChainRule.origin(world.logID) : events[parent].chain
        let item = record.item.bytes
        let chain = ChainRule.next(behind: before, item: item, audit: record.auditBytes)
        if let known = byChain[chain] { return known }
        return add(record, item, chain, behind: parent, at: node)
    }

    private func add(
        _ record: EncodedRecord, _ item: [UInt8], _ chain: [UInt8], behind parent: Int,
        at node: Int
    ) -> Int {
        let last = parent < 0 ? 0 : events[parent].seq
        if record.seq.rawValue != last + 1 {
            violates("G2", "node-\(node) has seq \(record.seq) behind \(last)")
        }
        let (kind, begun) = kind(of: record.item)
        let epoch = begun ?? (parent < 0 ? Epoch.none : events[parent].epoch)
        let audit = try? record.audit()
        if audit?.epochNumber != epoch.number {
            violates(
                "G10", "seq \(record.seq) is of epoch \(audit?.epochNumber ?? 0), not \(epoch)")
        }
        let index = events.count
        let isRights = if case .rights = kind { true } else { false }
        let rights = isRights ? index : parent < 0 ? -1 : events[parent].rights
        if isRights {
            rulings.append(index)
            counts.rights += 1
        }
        let name = audit?.requestID ?? ""
        let requestID = name.isEmpty ? "" : Request.key(audit?.actor ?? "", name)
        events.append(
            Event(
                parent: parent, seq: record.seq.rawValue, epoch: epoch, kind: kind, chain: chain,
                requestID: requestID, actor: audit?.actor ?? "", itemBytes: item,
                rights: rights))
        byChain[chain] = index
        if !requestID.isEmpty {
            byRequest[requestID, default: []].append(index)
            check(index, against: requests[requestID])
            checkRight(index)
        }
        claim(index, by: node)
        return index
    }

    /// In one epoch only one leader's events are ever stored (G10), one behind the other.
    private func claim(_ index: Int, by node: Int) {
        let event = events[index]
        let branch = Branch(parent: event.parent, epoch: event.epoch)
        if children[branch] != nil {
            violates("G10", "two events at seq \(event.seq) in epoch \(event.epoch)")
        }
        children[branch] = index
        if let writer = writers[event.epoch], writer != node {
            violates("G10", "node-\(node) and node-\(writer) write in epoch \(event.epoch)")
        }
        writers[event.epoch] = node
    }

    private func kind(of item: EncodedItem) -> (Event.Kind, begun: Epoch?) {
        switch item.kind {
        case .put:
            guard let endpoint = try? item.endpoint() else { return (.other, nil) }
            return (.put(item.key, Written(endpoint)), nil)
        case .delete: return (.delete(item.key), nil)
        case .control:
            switch try? item.control() {
            case .epoch(let epoch): return (.epoch, epoch)
            case .membership(let membership):
                return (
                    .membership(
                        voters: membership.voters, minAcks: Int(membership.minAcks)), nil
                )
            case .rights(let rights): return (.rights(Ruling(rights, world.wanted)), nil)
            case .unknown, nil: return (.other, nil)
            }
        }
    }

    /// An event is what somebody asked for.
    private func check(_ index: Int, against request: Request?) {
        let event = events[index]
        guard let request else {
            return violates("G11", "nobody asked for \(event.requestID)")
        }
        let isAsIs: Bool =
            switch event.kind {
            case .put(let key, let written):
                !request.isDelete && key == request.key && written == request.written
            case .delete(let key): request.isDelete && key == request.key
            case .epoch, .membership, .rights, .other: false
            }
        if !isAsIs { violates("G11", "seq \(event.seq) is not what \(request.name) asked for") }
    }

    // MARK: Walking it

    func isAncestor(_ one: Int, of other: Int) -> Bool {
        guard one >= 0 else { return true }
        var place = other
        while place >= 0, events[place].seq > events[one].seq { place = events[place].parent }
        return place == one
    }

    /// The events behind one that lead to the other, which descends from it.
    func path(from one: Int, to other: Int) -> [Int] {
        var path: [Int] = []
        var place = other
        while place >= 0, place != one {
            path.append(place)
            place = events[place].parent
        }
        return path.reversed()
    }

    /// Everything that lives at an event.
    func fold(_ event: Int) -> [EndpointKey: Int] {
        var state: [EndpointKey: Int] = [:]
        for index in path(from: -1, to: event) {
            switch events[index].kind {
            case .put(let key, _): state[key] = index
            case .delete(let key): state[key] = nil
            case .epoch, .membership, .rights, .other: break
            }
        }
        return state
    }

    /// Where a position stands in the tree; nil: nowhere.
    func place(of position: Position) -> Int? {
        position.seq == .zero ? -1 : byChain[position.chain.bytes]
    }
}
