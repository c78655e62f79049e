package import EndpointModel
internal import EndpointState
package import Projection

/// A time during which one endpoint had an address, without a break.
package struct AddressHolding: Hashable, Sendable {
    package var key: EndpointKey
    package var uid: UID?
    /// The event that gave the endpoint the address.
    package var from: Seq
    /// The event that took it away; nil when it was held at the end of what was asked for.
    package var until: Seq?
}

extension Past {
    /// Who had `address` after any of the events `first` to `last`: every holding that touches
    /// that range, in the order in which they began. `from` is exact even when it lies before the
    /// range. (G14)
    ///
    /// An endpoint has an address when one of its `ipNetworks` covers it, however that was
    /// typed; NAT's external addresses are not the endpoint's own.
    package func holders(of address: IPAddress, from first: Seq, through last: Seq)
        throws(ProjectionError) -> [AddressHolding]
    {
        try check(max(first, last))
        try checkKnown(max(first, last))
        var open = OrderedItems()
        var began: [Seq: Seq] = [:]
        var closed: [AddressHolding] = []
        for item in try state(after: first).items(after: nil, limit: .max)
        where try item.holds(address) {
            _ = open.put(item)
            began[item.seq] = try beginning(of: item, address)
        }
        var scan = EventScan(events, from: first.next, through: last)
        while let item = try scan.nextEvent()?.item {
            guard item.kind != .control else { continue }
            let holding = open.remove(keyOf: item)
            let start = holding.flatMap { began.removeValue(forKey: $0.seq) }
            if try item.holds(address) {
                _ = open.put(item)
                began[item.seq] = start ?? item.seq
            } else if let start {
                closed.append(
                    AddressHolding(key: item.key, uid: item.uid, from: start, until: item.seq))
            }
        }
        for item in open {
            let start = began[item.seq] ?? item.seq
            closed.append(AddressHolding(key: item.key, uid: item.uid, from: start, until: nil))
        }
        return closed.sorted { $0.from < $1.from }
    }

    /// Who had `address` after event `seq`.
    package func holders(of address: IPAddress, at seq: Seq) throws(ProjectionError)
        -> [AddressHolding]
    {
        try holders(of: address, from: seq, through: seq)
    }

    /// The event with which the holding began that `item` is part of.
    private func beginning(of item: EncodedItem, _ address: IPAddress) throws(ProjectionError)
        -> Seq
    {
        var start = item
        while start.previousSeq > .zero {
            let older = try events.event(at: start.previousSeq).item
            guard try older.holds(address) else { break }
            start = older
        }
        return start.seq
    }
}

extension EncodedItem {
    /// Whether this is a put of an endpoint that has the address.
    fileprivate func holds(_ address: IPAddress) throws(ProjectionError) -> Bool {
        guard let endpoint = try liveEndpoint() else { return false }
        return endpoint.spec.ipNetworks.contains { typed in
            // What an import brought may be no network at all; then it covers nothing.
            guard let network = IPNetwork(typed) else { return false }
            var asked = network
            asked.address = address
            return asked.masked == network.masked
        }
    }
}
