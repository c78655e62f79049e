import EndpointModel
import Feeds
import SyncProtocol
import Testing

/// What a node makes of the position that a subscriber brings: a decision without its log, or the
/// question to put to it.
@Suite("What a position is worth")
struct PositionClaimTests {
    static let head = position(100)
    static let selection = Selection.everything.fingerprint

    static func position(_ seq: UInt64, logID: LogID = LogID(high: 1, low: 2)) -> Position {
        Position(
            logID: logID, epoch: Epoch(number: 1, leaderID: 7), seq: Seq(seq),
            chain: Hash256.of([UInt8(truncatingIfNeeded: seq)]))
    }

    static func token(_ position: Position) -> PositionClaim {
        .token(position, fingerprint: selection, selection: selection)
    }

    static func cursor(
        start: UInt64, highest: UInt64, token: ResumeToken? = nil
    ) -> PositionClaim {
        let cursor = SnapshotCursor(
            start: position(start), fingerprint: selection,
            last: EndpointKey(namespace: "n", name: "e"), highest: Seq(highest))
        return .cursor(cursor, selection: selection, token: token)
    }

    @Test("A position ahead of a follower waits for it, ahead of its leader it is no history (G7)")
    func ahead() {
        let claim = Self.token(Self.position(101))
        #expect(claim.standing(at: Self.head, role: .follower) == .known(.ahead(Seq(101))))
        #expect(claim.standing(at: Self.head, role: .leader) == .known(.otherHistory))
        let caughtUp = Self.position(101)
        #expect(claim.standing(at: caughtUp, role: .follower) == .known(.here(caughtUp)))
    }

    @Test("Ahead of a history that another epoch goes on, a position waits for nothing (G7)")
    func aheadOfAnotherEpoch() {
        var head = Self.head
        head.epoch.number += 1
        let claim = Self.token(Self.position(101))
        #expect(claim.standing(at: head, role: .follower) == .known(.otherHistory))
        let cut = Self.cursor(start: 90, highest: 120)
        #expect(cut.standing(at: head, role: .follower) == .known(.otherHistory))
        // Without its epoch nobody knows.
        var bare = Self.position(101)
        bare.epoch = Epoch(number: 0, leaderID: 0)
        #expect(
            Self.token(bare).standing(at: head, role: .follower) == .known(.ahead(Seq(101))))
    }

    @Test("What was staged of a cut snapshot counts as seen, beyond its start (G7)")
    func staged() {
        let seen = Self.cursor(start: 90, highest: 120)
        #expect(seen.standing(at: Self.head, role: .follower) == .known(.ahead(Seq(120))))
        #expect(seen.standing(at: Self.head, role: .leader) == .known(.otherHistory))
        for highest in [0, 90, 100] as [UInt64] {
            let claim = Self.cursor(start: 90, highest: highest)
            #expect(
                claim.standing(at: Self.head, role: .follower) == .look(Self.position(90)))
        }
    }

    @Test("Only a position whose chain hash the log has is on this history (G7)")
    func history() {
        let claimed = Self.position(60)
        #expect(
            Self.token(claimed).standing(at: Self.head, role: .leader) == .look(claimed))
        for (there, standing) in [
            (claimed.chain, .here(claimed)), (Self.head.chain, .otherHistory), (nil, .otherHistory),
        ] as [(Hash256?, PositionStanding)] {
            #expect(Self.token(claimed).standing(of: claimed, chainThere: there) == standing)
        }
        // At the head itself too: the same seq of another history is to be looked up.
        var forked = Self.head
        forked.chain = claimed.chain
        #expect(Self.token(forked).standing(at: Self.head, role: .leader) == .look(forked))
    }

    @Test("A token of another log is worth nothing, however far it is (G7)")
    func others() {
        let other = LogID(high: 3, low: 4)
        for seq in [1, 100, 500] as [UInt64] {
            for role in [NodeRole.leader, .follower] {
                let stranger = Self.token(Self.position(seq, logID: other))
                #expect(stranger.standing(at: Self.head, role: role) == .known(.otherLog))
            }
        }
        #expect(PositionClaim.nothing.standing(at: Self.head, role: .leader) == .known(.none))
    }

    @Test("Who holds another selection hears all the same that its history is gone (G7)")
    func otherSelection() {
        func reselected(_ seq: UInt64) -> PositionClaim {
            .token(Self.position(seq), fingerprint: .zero, selection: Self.selection)
        }
        let lost = reselected(500).standing(at: Self.head, role: .leader)
        #expect(lost == .known(.otherHistory))
        let ahead = reselected(500).standing(at: Self.head, role: .follower)
        #expect(ahead == .known(.ahead(Seq(500))))
        let here = reselected(100).standing(at: Self.head, role: .leader)
        #expect(here == .known(.otherSelection))
        let held = Self.position(60)
        #expect(reselected(60).standing(at: Self.head, role: .leader) == .look(held))
        for (there, standing) in [
            (held.chain, .otherSelection), (Self.head.chain, .otherHistory),
        ] as [(Hash256, PositionStanding)] {
            #expect(reselected(60).standing(of: held, chainThere: there) == standing)
        }
    }

    @Test("When a cut snapshot cannot go on, the token beside it is judged by itself (G8)")
    func withoutCursor() {
        let token = ResumeToken(position: Self.position(70), fingerprint: Self.selection)
        let claim = Self.cursor(start: 90, highest: 120, token: token)
        #expect(PositionStanding.otherHistory.isWorthless)
        #expect(
            claim.withoutCursor?.standing(at: Self.head, role: .leader)
                == .look(Self.position(70)))
        let bare = Self.cursor(start: 90, highest: 120).withoutCursor
        #expect(bare?.standing(at: Self.head, role: .leader) == .known(.none))
        #expect(Self.token(Self.position(70)).withoutCursor == nil)
    }
}
