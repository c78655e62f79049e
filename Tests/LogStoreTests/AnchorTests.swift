import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import Testing

/// What the anchor says, and what it is compared with.
@Suite("The anchor")
struct AnchorTests {
    @Test("G1: the anchor names the last batch, however often the log was opened or killed")
    func namesTheLastBatch() throws {
        let fixture = try LogFixture()
        var history = History()
        for turn in 0..<4 {
            let writer = try turn == 0 ? fixture.create() : fixture.open()
            #expect(
                try LogReader.open(directory: fixture.directory).anchor?.head == history.head)
            // Odd and even counts in turn, so that either slot is the newest at some opening.
            for _ in 0..<8 + turn {
                try writer.append(history.entries(2))
                let reader = try LogReader.open(directory: fixture.directory)
                #expect(reader.anchor?.head == history.head)
            }
            if turn == 1 { try writer.close() }
        }
    }

    @Test("G1, G3: a log as long as the anchor says, on another history, is refused")
    func otherHistory() throws {
        let fixture = try LogFixture()
        var history = try fixture.killed(checkpointed: 20, inWAL: 0)
        try fixture.open().close()
        let old = try fixture.read(fixture.logPath)
        let oldAnchor = try fixture.read(fixture.anchorPath)
        var other = history
        try append(history.entries(5), to: fixture)
        let anchor = try fixture.read(fixture.anchorPath)
        // An older copy comes back with its anchor, and goes on in another way.
        try fixture.write(old, to: fixture.logPath)
        try fixture.write(oldAnchor, to: fixture.anchorPath)
        try append(other.entries(5, itemBytes: 300), to: fixture)
        #expect(try LogReader.open(directory: fixture.directory).head == other.head)

        try fixture.write(anchor, to: fixture.anchorPath)
        #expect(#expect(throws: LogError.self) { try fixture.open() }?.code == "damaged")
        let error = #expect(throws: LogError.self) {
            try LogReader.open(directory: fixture.directory)
        }
        #expect(error?.code == "damaged")
    }

    private func append(_ entries: [LogEntry], to fixture: LogFixture) throws {
        let writer = try fixture.open()
        try writer.append(entries)
        try writer.close()
    }
}
