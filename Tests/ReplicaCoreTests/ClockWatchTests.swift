import EndpointModel
import ReplicaCore
import Testing

@Suite("The wall clock under a leader")
struct ClockWatchTests {
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    @Test("A clock that goes back is told of once, and again when it has been there in between")
    func back() {
        var watch = ClockWatch(lastTime: at(100))
        #expect(watch.jumpBack(at: at(110)) == nil)
        #expect(watch.jumpBack(at: at(50)) == 60_000_000)
        #expect(watch.jumpBack(at: at(51)) == nil)
        #expect(watch.jumpBack(at: at(40)) == nil)
        #expect(watch.jumpBack(at: at(111)) == nil)
        #expect(watch.jumpBack(at: at(100)) == 11_000_000)
    }

    @Test("The steps of a time daemon are none, and a log from the future is one")
    func small() {
        var watch = ClockWatch(lastTime: at(100))
        #expect(watch.jumpBack(at: at(99)) == nil)
        #expect(watch.jumpBack(at: at(98)) == 2_000_000)
    }
}
