internal import EndpointModel
internal import EndpointState

/// Which feeds an event may touch, by lookup: a feed is entered under the most that its selection
/// demands of every endpoint in it (its node, its namespace, values of a label, a label), and only
/// one that demands nothing is asked about each event.
///
/// Routes are kept by 64-bit hashes of what they are named after, seeded for each process: two
/// that collide cost a feed a question, never an event.
struct FeedRouter {
    private enum Kind: UInt8 {
        case node, namespace, label, labelValue
    }

    private var routes: [UInt64: [FeedID]] = [:]
    private var always: [FeedID] = []
    /// How many feeds are routed by labels: without any, labels are not read.
    private var labelFeeds = 0

    /// A label that may have more values than this is looked up by its presence.
    private static let mostValues = 64

    mutating func insert(_ feed: FeedID, of selection: Selection) {
        switch Self.ways(to: selection) {
        case .always: always.append(feed)
        case .routes(let keys, let byLabel):
            for key in keys { routes[key, default: []].append(feed) }
            if byLabel { labelFeeds += 1 }
        }
    }

    mutating func remove(_ feed: FeedID, of selection: Selection) {
        switch Self.ways(to: selection) {
        case .always: always.removeAll { $0 == feed }
        case .routes(let keys, let byLabel):
            for key in keys {
                routes[key]?.removeAll { $0 == feed }
                if routes[key]?.isEmpty == true { routes[key] = nil }
            }
            if byLabel { labelFeeds -= 1 }
        }
    }

    /// Calls `body` with each feed that the change may touch; with some of them twice.
    func forEachFeed(touchedBy change: EndpointView.Change, _ body: (FeedID) -> Void) {
        guard change.item.kind != .control else { return }
        for feed in always { body(feed) }
        guard !routes.isEmpty else { return }
        if change.item.kind == .put { visit(change.item, body) }
        if let previous = change.previous { visit(previous, body) }
    }

    private func visit(_ item: EncodedItem, _ body: (FeedID) -> Void) {
        item.withNodeBytes { visit(Self.key(.node, $0), body) }
        item.withNamespaceBytes { visit(Self.key(.namespace, $0), body) }
        guard labelFeeds > 0 else { return }
        item.forEachLabel { name, value in
            visit(Self.key(.label, name), body)
            visit(Self.key(.labelValue, name, value), body)
        }
    }

    private func visit(_ key: UInt64, _ body: (FeedID) -> Void) {
        guard let feeds = routes[key] else { return }
        for feed in feeds { body(feed) }
    }

    // MARK: Where a selection is entered

    private enum Ways {
        case always
        case routes([UInt64], byLabel: Bool)
    }

    private static func ways(to selection: Selection) -> Ways {
        if let node = selection.node { return .routes([key(.node, node)], byLabel: false) }
        if let namespace = selection.namespace {
            return .routes([key(.namespace, namespace)], byLabel: false)
        }
        let demands = selection.selector.restrictions.sorted { $0.key < $1.key }
        let byValue = demands.compactMap { name, demand in demand.oneOf.map { (name, $0) } }
            .min { $0.1.count < $1.1.count }
        if let (name, values) = byValue, values.count <= mostValues {
            return .routes(values.map { key(name, value: $0) }, byLabel: true)
        }
        guard let (name, _) = demands.first(where: { $0.value.mustBePresent }) else {
            return .always
        }
        return .routes([key(.label, name)], byLabel: true)
    }

    private static func key(_ kind: Kind, _ text: String) -> UInt64 {
        text.utf8.span.withUnsafeBytes { key(kind, $0) }
    }

    private static func key(_ label: String, value: [UInt8]) -> UInt64 {
        label.utf8.span.withUnsafeBytes { name in
            value.withUnsafeBytes { key(.labelValue, name, $0) }
        }
    }

    private static func key(
        _ kind: Kind, _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(kind.rawValue)
        hasher.combine(name.count)
        hasher.combine(bytes: name)
        hasher.combine(bytes: value)
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }
}
