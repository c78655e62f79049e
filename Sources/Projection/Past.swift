package import EndpointModel
package import EndpointState

/// The past of one log: any state since the first event, exactly (G14).
///
/// Works on events alone. A current view, where one is at hand, gives it a second end to start
/// from: a question about yesterday is then answered by going back a day, and not by folding
/// years. Why there are no checkpoints in between stands in
/// `docs/decisions/0004-as-of-from-the-nearer-end.md`.
package struct Past {
    package let events: any EventSource
    /// The fold of `events` up to some seq, if there is one.
    package let current: EndpointView?
    /// The last seq that can be asked for.
    package let head: Seq

    package init(_ events: any EventSource, current: EndpointView? = nil)
        throws(ProjectionError)
    {
        self.events = events
        self.current = current
        head = try events.headSeq
    }

    /// Throws `beyondHead` unless the log has reached `seq`.
    package func check(_ seq: Seq) throws(ProjectionError) {
        guard seq <= head else { throw .beyondHead(seq: seq, head: head) }
    }

    /// Throws `eventUnknown` when nobody here can say what the state after `seq` was: an event up
    /// to there is critical and of an unknown type (R19). Without a view at hand that costs a
    /// look at each of them.
    package func checkKnown(_ seq: Seq) throws(ProjectionError) {
        if let event = current?.unknownEvent, event.seq <= seq { throw .eventUnknown(event) }
        let seen = current?.seq ?? .zero
        guard seen < seq else { return }
        var scan = EventScan(events, from: seen.next, through: seq)
        while let item = try scan.nextEvent()?.item {
            if let event = UnknownEvent(item) { throw .eventUnknown(event) }
        }
    }

    // MARK: States

    /// The endpoints as they were after event `seq`; seq 0 is the empty state.
    package func state(after seq: Seq) throws(ProjectionError) -> EndpointSet {
        try check(seq)
        guard let current else { return try foldedForward(to: seq) }
        switch End.nearer(to: seq, current: current.state.seq) {
        case .beginning: return try foldedForward(to: seq)
        case .current: return try tracedBack(from: current.state, to: seq)
        case .behindCurrent: return try foldedOn(from: current, to: seq)
        }
    }

    /// Where a reconstruction starts.
    enum End: Hashable {
        case beginning
        case current
        /// The view lags behind what is asked for; the fold goes on from it.
        case behindCurrent

        /// An event on the way back costs up to four in a fold, when it touches a key of its own:
        /// that key's version is then read by its seq.
        static func nearer(to seq: Seq, current: Seq) -> End {
            if seq >= current { return .behindCurrent }
            let back = (current.rawValue - seq.rawValue).multipliedReportingOverflow(by: 4)
            return back.overflow || back.partialValue > seq.rawValue ? .beginning : .current
        }
    }

    func foldedForward(to seq: Seq) throws(ProjectionError) -> EndpointSet {
        try foldedOn(from: EndpointView(), to: seq)
    }

    private func foldedOn(from start: EndpointView, to seq: Seq) throws(ProjectionError)
        -> EndpointSet
    {
        var view = start
        var scan = EventScan(events, from: view.seq.next, through: seq)
        while let event = try scan.nextEvent() {
            do { try view.fold(event.item) } catch { throw .eventIllegal(error) }
        }
        if let event = view.unknownEvent, event.seq <= seq { throw .eventUnknown(event) }
        return view.state
    }

    /// Goes back from a later state. For each key touched since, the first event there names by
    /// its previous seq the version that stood at `seq`; what came after does not matter.
    package func tracedBack(from later: EndpointSet, to seq: Seq) throws(ProjectionError)
        -> EndpointSet
    {
        var state = later
        var wanted: [Seq] = []
        for (item, _) in try touched(after: seq, through: later.seq) {
            state.remove(keyOf: item)
            if item.previousSeq > .zero { wanted.append(item.previousSeq) }
        }
        wanted.sort()
        for previous in wanted {
            let item = try events.event(at: previous).item
            if item.kind == .put { state.put(item) }
        }
        state.advance(to: seq)
        return state
    }

    /// The first and the last event of each key with an event in `(from, to]`, in key order.
    package func touched(after from: Seq, through to: Seq) throws(ProjectionError)
        -> [(first: EncodedItem, last: EncodedItem)]
    {
        var firsts = OrderedItems()
        var lasts = OrderedItems()
        var scan = EventScan(events, from: from.next, through: to)
        while let event = try scan.nextEvent() {
            guard event.item.kind != .control else { continue }
            if lasts.put(event.item) == nil { _ = firsts.put(event.item) }
        }
        return zip(firsts, lasts).map { (first: $0, last: $1) }
    }

    // MARK: One endpoint

    /// The endpoint as it was after event `seq`; nil when it did not live then.
    package func item(of key: EndpointKey, after seq: Seq) throws(ProjectionError)
        -> EncodedItem?
    {
        try check(seq)
        try checkKnown(seq)
        let found = try version(of: key, atOrBefore: seq)
        return found?.kind == .put ? found : nil
    }

    /// The key's last event at or before `seq`, put or delete; nil when there is none.
    package func version(of key: EndpointKey, atOrBefore seq: Seq) throws(ProjectionError)
        -> EncodedItem?
    {
        guard let current, current.state.seq >= seq else {
            return try lastEvent(of: key, atOrBefore: seq)
        }
        var next = current.lastSeq(of: key)
        while next > .zero {
            let item = try events.event(at: next).item
            if next <= seq { return item }
            next = item.previousSeq
        }
        return nil
    }

    /// Without a view: looks for the key from `seq` backwards, page by page.
    private func lastEvent(of key: EndpointKey, atOrBefore seq: Seq) throws(ProjectionError)
        -> EncodedItem?
    {
        let pageRows: UInt64 = 1_000
        var end = seq
        while end > .zero {
            let begin = Seq(end.rawValue > pageRows ? end.rawValue - pageRows + 1 : 1)
            var scan = EventScan(events, from: begin, through: end)
            var found: EncodedItem?
            while let event = try scan.nextEvent() {
                guard event.item.kind != .control, event.item.hasKey(key) else { continue }
                found = event.item
            }
            if let found { return found }
            end = Seq(begin.rawValue - 1)
        }
        return nil
    }

    // MARK: Time

    /// The last seq whose time is not later than `time`; 0 when the log begins later.
    package func lastSeq(notAfter time: Timestamp) throws(ProjectionError) -> Seq {
        try lastSeq { $0 <= time }
    }

    /// The first seq whose time is not earlier than `time`; the one behind the head when there
    /// is none yet.
    package func firstSeq(notBefore time: Timestamp) throws(ProjectionError) -> Seq {
        try lastSeq { $0 < time }.next
    }

    /// Times never decrease along the log, so halving finds the last event of which `isBefore`
    /// is true: some 25 reads in a log of thirty million events.
    private func lastSeq(_ isBefore: (Timestamp) -> Bool) throws(ProjectionError) -> Seq {
        var low: UInt64 = 0
        var high = head.rawValue
        while low < high {
            let middle = high - (high - low) / 2
            if isBefore(try time(of: Seq(middle))) { low = middle } else { high = middle - 1 }
        }
        return Seq(low)
    }

    package func time(of seq: Seq) throws(ProjectionError) -> Timestamp {
        let record = try events.event(at: seq).record
        do { return try record.audit().time } catch {
            throw .recordMalformed(seq: seq, error)
        }
    }
}
