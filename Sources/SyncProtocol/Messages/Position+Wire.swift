package import EndpointModel

extension Position: WireMessage {
    package func write(to writer: inout ProtoWriter) {
        writer.data(1, logID.bytes)
        writer.number(2, epoch.number)
        writer.fixed64(3, epoch.leaderID)
        writer.number(4, seq.rawValue)
        writer.hash(5, chain)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var logID: LogID?
        var epoch = Epoch.none
        var seq = Seq.zero
        var chain: Hash256?
        while let field = try reader.next() {
            switch field.number {
            case 1: logID = LogID(bytes: reader.slice(try reader.singleBody(field, bytes: 16)))
            case 2: epoch.number = try reader.number(field)
            case 3: epoch.leaderID = try reader.fixed64(field)
            case 4: seq = try reader.seq(field)
            case 5: chain = try reader.hash(field)
            default: try reader.skip(field)
            }
        }
        self.init(
            logID: try required(logID, field: 1), epoch: epoch, seq: seq,
            chain: try required(chain, field: 5))
    }
}
