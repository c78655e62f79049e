internal import EndpointModel
internal import EndpointState
internal import ReplicaCore
internal import SyncProtocol

/// Whatever records an upstream sends: what a follower takes continues its log, and its state is
/// the fold of it; what it refuses changes nothing (G4, G5).
enum FollowerClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let began = try KnownLog.begin()
        var follower = FollowerCore(
            view: began.view, head: began.head,
            lastTime: Timestamp(seconds: Int64(input.number(bytes: 4))), pledge: .none)
        var staging = RecordStaging()
        while !input.isEmpty {
            guard case .records(let records)? = try? ServerMessage(decoding: input.piece()) else {
                continue
            }
            let portion = staging.stage(records.records) ?? staging.marked(follower.head)
            try take(portion.records, &follower)
        }
    }

    private static func take(_ records: [EncodedRecord], _ follower: inout FollowerCore) throws {
        let upstream = follower.head.epoch
        guard let intake = try? follower.check(records, from: upstream) else { return }
        let before = follower.head
        follower.committed(intake)
        var (chain, seq) = (before.chain, before.seq)
        for record in intake.records {
            try claim(record.seq == seq.next, "record \(record.seq) behind \(seq)")
            (chain, seq) = (chain.followed(by: record.hash), record.seq)
        }
        let head = follower.head
        try claim(head.chain == chain && head.seq == seq, "the head is \(head)")
        try claim(head.epoch >= before.epoch, "an epoch goes back")
        try claim(follower.view.seq == seq, "the view is at \(follower.view.seq)")
        let state = follower.view.state
        try claim(state.digest == state.recomputedDigest(), "the state's digest")
    }
}
