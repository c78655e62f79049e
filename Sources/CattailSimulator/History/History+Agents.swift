internal import CattailClient
internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import SyncProtocol

/// What agents are told.
extension History {
    func forgot(_ agent: SimulatedAgent) { agents[agent.name] = AgentBook() }

    /// A new process: of a snapshot that was on its way nothing is left.
    func began(_ agent: SimulatedAgent) {
        agents[agent.name]?.stagedPuts = 0
        agents[agent.name]?.isInSnapshot = false
        agents[agent.name]?.wasReset = false
    }

    func says(_ hello: ClientHello, _ agent: SimulatedAgent, to server: String) {
        var book = agents[agent.name] ?? AgentBook()
        // A snapshot that was cut off need not begin anew (G8).
        if book.stagedPuts > 0, hello.cursor == nil {
            violates(
                "G8",
                "\(agent.name) had \(book.stagedPuts) endpoints of a snapshot, and does not"
                    + " say so")
        }
        book.hello = .init(
            server: server, token: hello.resume?.position, hasCursor: hello.cursor != nil,
            cutsBefore: cuts(of: server))
        agents[agent.name] = book
    }

    func heard(_ message: ServerMessage, _ agent: SimulatedAgent) {
        guard case .changes(let changes) = message,
            agents[agent.name]?.isInSnapshot == true
        else { return }
        agents[agent.name]?.stagedPuts += changes.changes.count { change in
            if case .put = change { true } else { false }
        }
    }

    func finished(_ agent: SimulatedAgent, _ code: ClientError.Code) {
        guard code == .notAllowed else {
            return violates("G7", "\(agent.name) gives up: \(code)")
        }
        counts.denials += 1
        if !isDeniedSomewhere(agent.name, .reading) {
            violates("G13", "\(agent.name) is sent away, and no rights keep it out")
        }
    }

    func told(_ agent: SimulatedAgent, _ update: EndpointUpdate) {
        switch update {
        case .changes(let changes): told(agent, changes)
        case .status(let status): told(agent, status)
        }
    }

    private func told(_ agent: SimulatedAgent, _ status: SubscriptionStatus) {
        switch status {
        case .resync(let kind, let seq):
            counts.resyncs += 1
            checkCheapness(agent, kind, seq)
            agents[agent.name]?.isInSnapshot = kind == .snapshot || kind == .reset
            if kind == .reset { agents[agent.name]?.wasReset = true }
            // A snapshot that goes on, unless rights have changed what it is of.
            let hello = agents[agent.name]?.hello
            if hello?.hasCursor != true || hello?.isAnswered == true {
                agents[agent.name]?.stagedPuts = 0
            }
            agents[agent.name]?.hello?.isAnswered = true
        case .digestDiffers(let seq):
            violates("G6", "\(agent.name) finds another digest at \(seq)")
        case .unverified(let seq): violates("G6", "\(agent.name) is unverified at \(seq)")
        case .disconnected(let error) where error.code == .protocolBroken:
            violates("G6", "\(agent.name): the protocol is broken: \(error.message)")
        case .behind:
            // What was staged may be thrown away for another server's.
            break
        case .connecting, .inSync, .stale, .disconnected, .goodbye, .cacheUnusable: break
        }
    }

    // MARK: Marks

    private func told(_ agent: SimulatedAgent, _ changes: EndpointChanges) {
        counts.marks += 1
        var book = agents[agent.name] ?? AgentBook()
        defer { agents[agent.name] = book }
        book.stagedPuts = 0
        book.isInSnapshot = false
        let position = changes.mark.position
        guard let place = place(of: position), place < 0 || events[place].epoch == position.epoch
        else {
            return violates(
                "G7",
                "\(agent.name) is told of \(position.seq) in \(position.epoch), which no log"
                    + " has")
        }
        // A subscriber never goes back unseen (G7).
        let goesOn = book.place.map { isAncestor($0, of: place) } ?? true
        if !goesOn, !book.wasReset {
            return violates("G7", "\(agent.name) goes from \(book.place ?? -1) to \(place) unseen")
        }
        book.wasReset = false
        take(changes.changes, into: &book.told)
        // A node goes by the rights of its head, and what it sends may lie behind that (R67).
        let ruled = rights(from: place)
        let likely = ruled.contains(book.rights) ? [book.rights] : []
        var difference = "\(agent.name) is told of \(position.seq), where it may see nothing"
        for rights in likely + ruled {
            guard let held = sight(of: agent.name, by: rights) else { continue }
            var attempt = book
            bring(&attempt, to: place, by: rights, goesOn) { agent.wanted.matches($0) && held($0) }
            guard let found = self.difference(agent, attempt, changes.state) else {
                book = attempt
                return
            }
            difference = found
        }
        violates(ruled == [-1] ? "G6" : "G13", difference)
    }

    /// What it should hold there, by writers' words alone.
    private func bring(
        _ book: inout AgentBook, to place: Int, by rights: Int, _ goesOn: Bool,
        _ isHeld: (Written) -> Bool
    ) {
        let isFurther = goesOn && book.rights == rights
        if !isFurther { book.expected = [:] }
        for index in path(from: isFurther ? book.place ?? -1 : -1, to: place) {
            switch events[index].kind {
            case .put(let key, let written): book.expected[key] = isHeld(written) ? index : nil
            case .delete(let key): book.expected[key] = nil
            case .epoch, .membership, .rights, .other: break
            }
        }
        book.place = place
        book.rights = rights
    }

    private func take(_ changes: [EndpointChange], into told: inout [EndpointKey: UInt64]) {
        for change in changes {
            switch change {
            case .put(let item): told[item.key] = item.seq.rawValue
            case .removal(let key, _): told[key] = nil
            }
        }
    }

    private func cuts(of server: String) -> Int {
        world.node(at: server).flatMap { cuts[$0.number] } ?? 0
    }

    /// At every mark a subscriber holds its selection of the view there (G6), and so does whoever
    /// only took the changes that it was told.
    private func difference(
        _ agent: SimulatedAgent, _ book: AgentBook, _ state: EndpointSet
    ) -> String? {
        let place = book.place ?? -1
        let seq = place < 0 ? 0 : events[place].seq
        guard state.count == book.expected.count, book.told.count == book.expected.count else {
            return "\(agent.name) (\(agent.wanted.name)) holds \(state.count) at \(seq), was"
                + " told \(book.told.count), and should have \(book.expected.count)"
        }
        for (key, index) in book.expected {
            guard let item = state.item(forKey: key), item.bytes == events[index].itemBytes,
                book.told[key] == events[index].seq
            else { return "\(agent.name) (\(agent.wanted.name)) has another \(key) at \(seq)" }
        }
        return nil
    }

    // MARK: Cheapness (G8)

    /// On one history and within retention no reconnect costs a whole snapshot.
    ///
    /// What a server answered may be heard when its log has become another: then nobody can say.
    private func checkCheapness(_ agent: SimulatedAgent, _ kind: ResyncKind, _ start: Seq) {
        guard let book = agents[agent.name], let hello = book.hello, let token = hello.token,
            !hello.hasCursor, hello.cutsBefore == cuts(of: hello.server),
            let node = world.node(at: hello.server),
            let held = place(of: token), let log = logs[node.number]
        else { return }
        let place = Int(token.seq.rawValue) - 1
        guard held >= 0, log.indices.contains(place), log[place] == held else { return }
        // Other rights make another selection of it, which begins with a snapshot (R67).
        guard rights(at: held) == rights(at: log.last ?? -1) else { return }
        switch kind {
        case .deltas, .netChange: return
        case .reset: violates("G8", "\(agent.name) is reset, and its position is there")
        case .snapshot:
            let limit = world.scenario.feeds.deltaEvents
            let end = min(Int(start.rawValue), log.count)
            guard end > place + 1 else {
                return violates("G8", "\(agent.name) gets a snapshot for nothing")
            }
            let touched = Set(log[(place + 1)..<end].compactMap { events[$0].key })
            if UInt64(end - place - 1) <= limit || touched.count <= Int(limit) {
                violates(
                    "G8",
                    "\(agent.name) gets a snapshot for \(touched.count) keys in"
                        + " \(end - place - 1) events")
            }
        }
    }
}

extension History.Event {
    var key: EndpointKey? {
        switch kind {
        case .put(let key, _), .delete(let key): key
        case .epoch, .membership, .rights, .other: nil
        }
    }
}
