import EndpointModel
import ReplicaCore
import Testing

@Suite("How far a follower is behind")
struct UpstreamLagTests {
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    @Test("It is behind from the moment when it hears of more until it holds that")
    func behind() {
        var lag = UpstreamLag(held: Seq(10))
        lag.greeted(head: Seq(10), at: at(1))
        #expect(lag.behindSince == nil)
        lag.heard(head: Seq(12), at: at(5))
        lag.heard(head: Seq(15), at: at(7))
        #expect(lag.behindSince == at(5))
        lag.stored(Seq(11))
        #expect(lag.behindSince == at(5))
        lag.stored(Seq(12))
        #expect(lag.behindSince == at(7))
        lag.stored(Seq(15))
        #expect(lag.behindSince == nil)
    }

    @Test("One that keeps up under load is as far behind as what is on its way, not longer")
    func load() {
        var lag = UpstreamLag(held: .zero)
        for second in 1...100 {
            lag.heard(head: Seq(UInt64(second)), at: at(Int64(second)))
            if second > 1 { lag.stored(Seq(UInt64(second - 1))) }
            #expect(lag.behindSince == at(Int64(second)))
        }
    }

    @Test("Dialing again does not make it less late; another upstream's head is what counts then")
    func again() {
        var lag = UpstreamLag(held: Seq(5))
        lag.greeted(head: Seq(9), at: at(10))
        lag.greeted(head: Seq(20), at: at(60))
        #expect(lag.behindSince == at(10))
        lag.greeted(head: Seq(5), at: at(70))
        #expect(lag.behindSince == nil)
        lag.heard(head: Seq(4), at: at(80))
        #expect(lag.behindSince == nil)
    }
}
