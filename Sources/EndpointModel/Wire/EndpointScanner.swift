/// Judges the bytes of an `Endpoint` by the canonical encoding, and notes where the fields stand
/// that routing reads. It makes no strings: about a tenth of a full decode.
///
/// A record enters a log only through this check, so a scan that reads only some fields can
/// never disagree with a full decoder.
struct EndpointScanner {
    /// The span of all label fields, tags included; empty when there are none.
    private(set) var labels: Range<Int>
    /// The text of `spec.node`; empty when there is none.
    private(set) var node: Range<Int>
    /// Whether there is metadata that an update without any leaves as it stands.
    private(set) var keepsMetadata = false
    /// Whether no field was met that this program does not know.
    private(set) var isWhollyKnown = true
    private var lastKey: Range<Int>?

    /// Scans `range` of `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, range: Range<Int>) throws(WireError) {
        try self.init(bytes, range: range, through: range.upperBound)
    }

    /// Scans `range` of `bytes`, in which a field must end at `place`, or begin.
    init(_ bytes: UnsafeRawBufferPointer, range: Range<Int>, through place: Int) throws(WireError) {
        labels = range.lowerBound..<range.lowerBound
        node = range.lowerBound..<range.lowerBound
        var reader = ProtoReader(bytes, range: range, order: .ascending)
        var isThrough = place == range.lowerBound
        while let field = try reader.next() {
            try take(field, from: &reader)
            if reader.offset == place { isThrough = true }
        }
        guard isThrough || place == range.upperBound else { throw .truncated(offset: place) }
    }

    private mutating func take(_ field: ProtoReader.Field, from reader: inout ProtoReader)
        throws(WireError)
    {
        switch field.number {
        case EndpointField.labels:
            try checkLabel(field, &reader)
            labels = labels.lowerBound..<reader.offset
        case EndpointField.annotations:
            try checkLabel(field, &reader)
        case EndpointField.node:
            node = try reader.singleTextRange(field)
        case EndpointField.orchestrator, EndpointField.workload, EndpointField.containerID,
            EndpointField.pod, EndpointField.endpoint, EndpointField.serviceAccountName,
            EndpointField.interfaceName, EndpointField.mac, EndpointField.ipv4Gateway,
            EndpointField.ipv6Gateway, EndpointField.unknownFields:
            _ = try reader.singleTextRange(field)
        case EndpointField.generateName, EndpointField.otherMetadata:
            _ = try reader.singleTextRange(field)
            keepsMetadata = true
        case EndpointField.ipNetworks, EndpointField.profiles,
            EndpointField.allowSpoofedSourcePrefixes:
            try reader.checkText(field, reader.body(field))
        case EndpointField.ports: try checkPort(field, &reader)
        case EndpointField.ipNATs: try checkTexts(field, &reader, last: 2)
        case EndpointField.qosControls:
            // A number of fields of its own; some may be of a later version.
            _ = try reader.qos(field)
            isWhollyKnown = false
        default: try skip(field, &reader)
        }
    }

    private mutating func skip(_ field: ProtoReader.Field, _ reader: inout ProtoReader)
        throws(WireError)
    {
        isWhollyKnown = false
        try reader.skip(field)
    }

    /// Keys ascend within one field number and none is empty.
    private mutating func checkLabel(_ field: ProtoReader.Field, _ reader: inout ProtoReader)
        throws(WireError)
    {
        var inner = reader.nested(try reader.body(field))
        var key: Range<Int>?
        while let part = try inner.next() {
            switch part.number {
            case 1: key = try inner.singleTextRange(part)
            case 2: _ = try inner.singleTextRange(part)
            default: try skip(part, &inner)
            }
        }
        guard let key else { throw .fieldMissing(field: field.number) }
        if field.isRepeat, let lastKey,
            ByteOrder.compare(reader.slice(lastKey), reader.slice(key)) >= 0
        {
            throw .keysNotAscending(field: field.number)
        }
        lastKey = key
    }

    private mutating func checkPort(_ field: ProtoReader.Field, _ reader: inout ProtoReader)
        throws(WireError)
    {
        var inner = reader.nested(try reader.body(field))
        var isNumber = false
        while let part = try inner.next() {
            switch part.number {
            case 1, 6: _ = try inner.singleTextRange(part)
            case 2:
                _ = try inner.number(part, atMost: UInt64(UInt8.max))
                isNumber = true
            case 3:
                _ = try inner.singleTextRange(part)
                if isNumber { throw .inconsistent("a port's protocol is a number and a name") }
            case 4, 5: _ = try inner.number(part, atMost: UInt64(UInt16.max))
            default: try skip(part, &inner)
            }
        }
    }

    private mutating func checkTexts(
        _ field: ProtoReader.Field, _ reader: inout ProtoReader, last: Int
    ) throws(WireError) {
        var inner = reader.nested(try reader.body(field))
        while let part = try inner.next() {
            if part.number <= last {
                _ = try inner.singleTextRange(part)
            } else {
                try skip(part, &inner)
            }
        }
    }
}
