import SyncProtocol
import Testing

@Suite("Signs of life")
struct SignsOfLifeTests {
    /// Whether each reading of received, taken and unsent bytes shows one.
    private func shown(_ readings: [(UInt64, UInt64, Int)]) -> [Bool] {
        var signs = SignsOfLife()
        return readings.map { signs.shown(received: $0.0, taken: $0.1, unsent: $0.2) }
    }

    @Test("Bytes that came are a sign, bytes that vanish into a socket with room are none")
    func vanished() {
        // One's own pings are taken by this kernel, whatever became of the other end.
        let readings: [(UInt64, UInt64, Int)] = [
            (100, 50, 0), (100, 65, 0), (100, 80, 0), (115, 80, 0),
        ]
        #expect(shown(readings) == [true, false, false, true])
    }

    @Test("A socket that was full and takes more shows that somebody reads, however slowly (G9)")
    func drained() {
        let readings: [(UInt64, UInt64, Int)] = [
            (100, 50, 4_000), (100, 50, 4_015), (100, 51, 4_014), (100, 4_065, 0), (100, 4_080, 0),
        ]
        #expect(shown(readings) == [true, false, true, true, false])
    }
}
