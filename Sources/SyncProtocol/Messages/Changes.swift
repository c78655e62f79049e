package import EndpointModel

/// The endpoint is gone, or no longer in the selection. Of a key that is not held it is a legal
/// no-op: a net change may name what came and went.
package struct Removal: WireMessage {
    package var seq: Seq
    package var key: EndpointKey

    package init(seq: Seq, key: EndpointKey) {
        self.seq = seq
        self.key = key
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, seq.rawValue)
        writer.key(namespace: 2, name: 3, key)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(seq: .zero, key: EndpointKey(namespace: "", name: ""))
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: seq = try reader.seq(field)
            case 2: key.namespace = try reader.text(field)
            case 3: key.name = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        if seq == .zero { throw .fieldMissing(field: 1) }
        key = try required(key, namespace: 2, name: 3)
    }
}

/// One change to what a state subscriber holds.
package enum Change: WireMessage {
    case put(EncodedItem)
    case removal(Removal)
    case patch(Patch)

    /// The seq of the event that this change comes from.
    package var seq: Seq {
        switch self {
        case .put(let item): item.seq
        case .removal(let removal): removal.seq
        case .patch(let patch): patch.seq
        }
    }

    package func write(to writer: inout ProtoWriter) {
        switch self {
        case .put(let item): writer.item(1, item)
        case .removal(let removal): writer.nested(2, removal)
        case .patch(let patch): writer.nested(3, patch)
        }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var intake = ItemIntake(expecting: 0)
        let change = try Self.read(reader, &intake)
        intake.finish()
        self = try change.get()
    }

    /// A change of no kind that is known cannot be left out, so it is an error.
    ///
    /// - Throws: what is wrong with the message; the result's failure is what is wrong with the
    ///   item in it (R15).
    static func read(_ reader: consuming ProtoReader, _ intake: inout ItemIntake) throws(WireError)
        -> Result<Change, WireError>
    {
        var reader = reader
        var change: Result<Change, WireError>?
        while let field = try reader.next() {
            switch field.number {
            case 1: change = put(reader.slice(try reader.body(field)), &intake)
            case 2: change = .success(.removal(try reader.message(field)))
            case 3: change = .success(.patch(try reader.message(field)))
            default: try reader.skip(field)
            }
        }
        return try required(change, field: 1)
    }

    private static func put(_ bytes: UnsafeRawBufferPointer, _ intake: inout ItemIntake)
        -> Result<Change, WireError>
    {
        do throws(WireError) {
            let item = try intake.take(bytes)
            guard item.kind == .put else {
                throw .inconsistent("the item at seq \(item.seq) among changes is no put")
            }
            return .success(.put(item))
        } catch {
            return .failure(error)
        }
    }
}

/// State: changes to what is held, to be staged until the mark.
package struct Changes: WireMessage {
    package var changes: [Change]
    /// When the batch ends with this message.
    package var mark: Mark?

    package init(changes: [Change], mark: Mark? = nil) {
        self.changes = changes
        self.mark = mark
    }

    package func write(to writer: inout ProtoWriter) {
        for change in changes { writer.nested(1, change) }
        writer.nested(2, mark?.written(beside: changes.last?.seq))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self = try Self.read(reader).get()
    }

    /// - Throws: what is wrong with the message; the result's failure is what is wrong with the
    ///   first item that is not canonical (R15).
    static func read(_ reader: consuming ProtoReader) throws(WireError)
        -> Result<Changes, WireError>
    {
        var reader = reader
        var found = Changes(changes: [])
        // Some patches, or items of the usual length.
        found.changes.reserveCapacity(4 + reader.remaining / 512)
        var fault: WireError?
        var intake = ItemIntake(expecting: reader.remaining)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                switch try Change.read(reader.nested(reader.body(field)), &intake) {
                case .success(let change): found.changes.append(change)
                case .failure(let error): fault = fault ?? error
                }
            case 2: found.mark = try reader.message(field)
            default: try reader.skip(field)
            }
        }
        intake.finish()
        found.mark = found.mark?.read(beside: found.changes.last?.seq)
        return fault.map { .failure($0) } ?? .success(found)
    }
}

/// Log: whole records, in order and without a gap.
package struct Records: WireMessage {
    package var records: [EncodedRecord]
    package var mark: Mark?

    package init(records: [EncodedRecord], mark: Mark? = nil) {
        self.records = records
        self.mark = mark
    }

    package func write(to writer: inout ProtoWriter) {
        for record in records { writer.data(1, record.bytes) }
        writer.nested(2, mark)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self = try Self.read(reader).get()
    }

    /// - Throws: what is wrong with the message; the result's failure is what is wrong with the
    ///   first record that is not canonical (R15).
    static func read(_ reader: consuming ProtoReader) throws(WireError)
        -> Result<Records, WireError>
    {
        var reader = reader
        var found = Records(records: [])
        var fault: WireError?
        while let field = try reader.next() {
            switch field.number {
            case 1:
                let bytes = Array(reader.slice(try reader.body(field)))
                do throws(WireError) {
                    found.records.append(try EncodedRecord(validating: bytes))
                } catch { fault = fault ?? error }
            case 2: found.mark = try reader.message(field)
            default: try reader.skip(field)
            }
        }
        return fault.map { .failure($0) } ?? .success(found)
    }
}
