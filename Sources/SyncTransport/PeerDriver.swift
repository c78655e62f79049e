package import EndpointModel
package import SyncProtocol

/// What decides at one end of a connection: it is told what arrives and says, through the link,
/// what is to be sent. All of it happens on the connection's event loop.
///
/// Both ends are alike but for what they receive and send; `PeerHandler` carries out either.
package protocol PeerDriver: AnyObject, SendableMetatype {
    associatedtype Incoming: WireMessage
    associatedtype Outgoing: WireMessage

    /// The connection stands: under TLS when the handshake is done and the peer's certificate has
    /// passed. `link` is good until `closed`.
    func opened(_ link: PeerLink<Outgoing>)
    /// The peer's preface came, and is ours.
    func prefaceReceived()
    /// One message, in the order of the bytes.
    func received(_ message: Incoming)
    /// Everything that one read brought, or that had waited while reading was paused, was handed
    /// over: the time to act on what was gathered.
    func receivedAll()
    /// Bytes that were given to `PeerLink.write(frames:)` are on their way; `byteCount` of them.
    func flushed(byteCount: Int)
    /// The connection is gone, or never stood because of TLS; nothing follows but the
    /// `receivedAll` of a read underway.
    func closed(_ reason: PeerClosure)
}

extension PeerDriver {
    package func prefaceReceived() {}
    package func receivedAll() {}
    package func flushed(byteCount: Int) {}
}

/// Why a connection is gone.
package enum PeerClosure: Error, Sendable, CustomStringConvertible {
    /// The peer closed it, or the network did without a word.
    case ended
    /// This end closed it.
    case endedHere
    /// The peer's bytes are no frame.
    case frameMalformed(FrameError)
    /// The peer's bytes are a frame and no message.
    case messageMalformed(WireError)
    /// TLS let it not come about, or ended it.
    case insecure(TLSFault)
    /// The peer speaks TLS, and this end does not.
    case peerSpeaksTLS
    /// The network's word.
    case failed(String)

    package var description: String {
        switch self {
        case .ended: "the peer closed the connection"
        case .endedHere: "the connection was closed here"
        case .frameMalformed(let error): "the peer's bytes are no frame: \(error)"
        case .messageMalformed(let error): "the peer's frame is no message: \(error)"
        case .insecure(let fault): fault.what
        case .peerSpeaksTLS: "the peer speaks TLS"
        case .failed(let error): error
        }
    }
}
