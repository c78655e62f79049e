import EndpointModel
import Feeds
import NIOCore
import SyncProtocol

/// What is at the far end of one connection: a subscriber with its session, and the bytes that
/// its socket has not taken yet.
struct ModelConnection {
    enum Subject {
        case state(HeldState)
        /// The records received, behind `from`.
        case log(from: Position, staged: [EncodedRecord], held: Position)
    }

    /// Whether its socket takes anything.
    enum Socket {
        case drains
        case stuck
    }

    let id: SubscriberID
    let start: SubscriptionStart?
    var subject: Subject
    var socket = Socket.drains
    /// Written and not yet taken.
    private(set) var inFlight = ByteBuffer()
    private(set) var resyncs: [Resync] = []
    private(set) var marks = 0
    private(set) var isInSync = false
    /// Whether it was given another selection than it came for.
    private(set) var isMoved = false
    private var session: ClientSessionStateMachine
    private var decoder = FrameDecoder()

    /// - Parameter start: What the server made of the hello; nil for a subscriber of the log.
    init(
        id: SubscriberID, subject: Subject, start: SubscriptionStart?, hello: ClientHello,
        head: Position
    ) throws {
        self.id = id
        self.subject = subject
        self.start = start
        session = ClientSessionStateMachine(hello: hello, at: Instant(milliseconds: 0))
        decoder.push(FrameFormat.preface)
        let greeting = ServerHello(version: 1, role: .leader, head: head)
        decoder.push(try FrameEncoder().frame(ServerMessage.hello(greeting)))
        guard let frame = try decoder.next() else { throw Violation("no hello") }
        _ = session.messageReceived(
            try ServerMessage(decoding: frame.body), at: Instant(milliseconds: 0))
    }

    /// What the server gives it, as soon as it hears of it; nil of a subscriber of the log.
    var wantedSelection: Selection? {
        if case .state(let held) = subject { held.newestSelection } else { nil }
    }

    var inFlightBytes: Int { inFlight.readableBytes }
    var heldSeq: Seq { heldPosition?.seq ?? .zero }
    var heldPosition: Position? {
        switch subject {
        case .state(let held): held.position
        case .log(_, _, let held): held
        }
    }

    mutating func move(to selection: Selection) {
        guard case .state(var held) = subject else { return }
        held.move(to: selection)
        subject = .state(held)
        isMoved = true
        isInSync = false
    }

    mutating func write(_ buffer: ByteBuffer) {
        inFlight.writeImmutableBuffer(buffer)
        inFlight.discardReadBytes()
    }

    /// The socket takes so many bytes, and the subscriber reads them at once.
    mutating func take(_ byteCount: Int, _ log: ModelLog) throws {
        guard let slice = inFlight.readSlice(length: byteCount) else {
            throw Violation("\(byteCount) bytes of \(inFlightBytes)")
        }
        decoder.push(slice)
        while let frame = try decoder.next() {
            let message = try ServerMessage(decoding: frame.body)
            for action in session.messageReceived(message, at: Instant(milliseconds: 0)) {
                try carryOut(action, log)
            }
        }
    }

    private mutating func carryOut(_ action: ClientSessionStateMachine.Action, _ log: ModelLog)
        throws
    {
        switch (action, subject) {
        case (.reportResync(let resync, let staged), .state(var held)):
            try held.resync(resync, staged)
            subject = .state(held)
            resyncs.append(resync)
            isInSync = false
        case (.stage(let changes), .state(var held)):
            try held.stage(changes.changes)
            subject = .state(held)
        case (.commit(let mark, let position, _), .state(var held)):
            try held.commit(mark, at: position, log)
            subject = .state(held)
            marks += 1
        case (.reportResync(let resync, _), .log): resyncs.append(resync)
        case (.stageRecords(let records), .log(let from, let staged, let held)):
            subject = .log(from: from, staged: staged + records.records, held: held)
        case (.commit(_, let position, _), .log(let from, let staged, let held)):
            try check(staged, behind: held, position, log)
            subject = .log(from: from, staged: [], held: position)
            marks += 1
        case (.reportInSync, _): isInSync = true
        case (.send, _): break
        default: throw Violation("the session of \(id.rawValue) did \(action)")
        }
    }

    private func check(
        _ staged: [EncodedRecord], behind held: Position, _ target: Position, _ log: ModelLog
    ) throws {
        let range = Int(held.seq.rawValue)..<Int(target.seq.rawValue)
        guard staged.map(\.bytes) == log.records[range].map(\.bytes) else {
            throw Violation("the records \(range) are not the log's (G2, G4)")
        }
        guard target == log.position(at: target.seq) else {
            throw Violation("the mark at \(target.seq) is not on the log's history (G7)")
        }
    }
}
