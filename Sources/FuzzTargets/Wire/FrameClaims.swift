internal import NIOCore
internal import SyncProtocol

/// However a peer's bytes are cut, they give the same frames and the same fault, every byte of
/// them is accounted for, and what waits is bounded.
enum FrameClaims {
    private struct Outcome: Equatable {
        var bodies: [ByteBuffer] = []
        var wireBytes = 0
        var waiting = 0
        var prefaceWasRead = false
        var fault: FrameError?
    }

    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let pattern = input.byte()
        let whole = try read(input.rest, pattern: 0)
        let cut = try read(input.rest, pattern: max(1, pattern))
        try claim(whole == cut, "cut by \(pattern): \(cut.fault as Any), not \(whole.fault as Any)")
        for body in whole.bodies {
            try claim(
                body.readableBytes <= Limits.inflatedBytes, "a body of \(body.readableBytes) bytes")
        }
        guard whole.fault == nil else { return }
        let preface = whole.prefaceWasRead ? FrameFormat.preface.count : 0
        try claim(
            preface + whole.wireBytes + whole.waiting == input.rest.count, "bytes were lost")
    }

    private static func read(_ stream: UnsafeRawBufferPointer, pattern: UInt8) throws -> Outcome {
        var decoder = FrameDecoder()
        var outcome = Outcome()
        for chunk in Chunks(stream, pattern: pattern) {
            decoder.push(ByteBuffer(bytes: chunk))
            do throws(FrameError) {
                while let frame = try decoder.next() {
                    outcome.bodies.append(frame.body)
                    outcome.wireBytes += frame.wireBytes
                }
            } catch {
                outcome.fault = error
                outcome.waiting = decoder.bufferedBytes
                try claim(decoder.bufferedBytes == 0, "a failed decoder holds bytes")
                return outcome
            }
            let limit = outcome.bodies.isEmpty ? Limits.handshakeFrameBytes : Limits.frameBytes
            try claim(
                decoder.bufferedBytes < FrameFormat.lengthBytes + limit, "more waits than a frame")
        }
        outcome.waiting = decoder.bufferedBytes
        outcome.prefaceWasRead = decoder.prefaceWasRead
        return outcome
    }
}
