import EndpointModel
import SyncProtocol
import Testing

@Suite("How many answers go into one frame")
struct AnswerCuttingTests {
    private static func text(_ range: Range<Int>, _ dice: inout some RandomNumberGenerator)
        -> String
    {
        String(repeating: "é", count: Int.random(in: range, using: &dice))
    }

    private static func answer(_ ticket: UInt64, _ dice: inout some RandomNumberGenerator)
        -> Answer
    {
        let faults = (0..<Int.random(in: 0..<300, using: &dice)).map { _ in
            FieldFault(
                field: text(0..<300, &dice), value: text(0..<200, &dice),
                reason: text(0..<200, &dice))
        }
        return Answer(
            ticket: ticket, outcome: .failed, seq: Seq(.random(in: 0...(.max >> 2), using: &dice)),
            code: FailureCode(text(0..<20, &dice)), message: text(0..<600, &dice), faults: faults,
            leader: text(0..<200, &dice))
    }

    @Test("G12: whatever the answers hold, a frame of them is never longer than a frame may be")
    func bound() {
        var dice = SeededGenerator(state: 41)
        var rest = (0..<400).map { Self.answer(.max - UInt64($0), &dice) }[...]
        var frames = 0
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(Answer.fitting(rest)))
            let frame = ServerMessage.answers(chunk).encoded().count
            #expect(frame <= Limits.frameBytes - 1)
            #expect(frame <= chunk.reduce(8) { $0 + $1.byteCountBound })
            rest = rest.dropFirst(chunk.count)
            frames += 1
        }
        #expect(frames > 1)
    }

    @Test("Small answers share a frame, and a large one has its own")
    func sharing() {
        let small = Answer(ticket: 1, outcome: .created)
        var large = small
        large.message = String(repeating: "x", count: Limits.answerCutBytes)
        #expect(Answer.fitting([Answer]()) == 0)
        #expect(Answer.fitting([small, small, small]) == 3)
        #expect(Answer.fitting([small, large, small]) == 1)
        #expect(Answer.fitting([large, small]) == 1)
    }

    @Test("G12: the faults of one answer are bounded, and say how many more there were")
    func faults() {
        let fault = FieldFault(
            field: String(repeating: "f", count: 1 << 20), value: String(repeating: "v", count: 99),
            reason: "r")
        let cut = Array(repeating: fault, count: 1_000).cut(toBytes: Limits.faultBytes)
        let answer = Answer(ticket: 1, outcome: .failed, faults: cut)
        #expect(answer.encoded().count < Limits.faultBytes + 1_024)
        #expect(cut.count > 100)
        #expect(cut.last?.reason == "has \(1_000 - (cut.count - 1)) more faults, not listed here")
        let few = [FieldFault(field: "spec.node", value: "!", reason: "is wrong")]
        #expect(few.cut(toBytes: Limits.faultBytes) == few)
    }

    @Test("G12: what an end says or is told for people is bounded, its addresses too")
    func farewells() throws {
        let long = String(repeating: "x", count: 3_000)
        let addresses = [long] + (0..<40).map { "a:\($0)" }
        let said = Goodbye(code: .draining, message: long, addresses: addresses)
        #expect(said.message.utf8.count == Limits.messageBytes)
        #expect(said.addresses == (0..<Limits.addresses).map { "a:\($0)" })
        #expect(Refusal(code: "c", message: long).message.utf8.count == Limits.messageBytes)

        var writer = ProtoWriter()
        writer.text(1, "draining")
        writer.text(2, long)
        for address in addresses { writer.explicitText(4, address) }
        #expect(try Goodbye(decoding: writer.bytes) == said)
    }
}
