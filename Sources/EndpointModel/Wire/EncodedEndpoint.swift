/// An endpoint's bytes, known to be canonical, with the places of the fields that routing reads:
/// what the item of a put is made around without being looked through again.
package struct EncodedEndpoint: Sendable {
    package let bytes: [UInt8]
    /// Whether every field in it is one that this program knows.
    package let isWhollyKnown: Bool
    let labels: Range<Int>
    let node: Range<Int>
    let keepsMetadata: Bool

    /// Takes bytes of our own encoder or of a peer, after checking that they are canonical.
    package init(validating bytes: [UInt8]) throws(WireError) {
        let scan = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in try EndpointScanner(raw, range: 0..<raw.count) }
        }
        let found = try scan.get()
        self.bytes = bytes
        isWhollyKnown = found.isWhollyKnown
        labels = found.labels
        node = found.node
        keepsMetadata = found.keepsMetadata
    }
}
