internal import EndpointModel

/// A number of things done in a time.
struct Rate {
    let count: Int
    let elapsed: Duration

    var seconds: Double { elapsed.inSeconds }

    var members: [(String, DocumentValue?)] {
        [
            ("count", .integer(count)), ("seconds", .decimal(seconds)),
            ("perSecond", .decimal(seconds > 0 ? Double(count) / seconds : 0)),
        ]
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
