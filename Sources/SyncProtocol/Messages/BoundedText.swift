package import EndpointModel

extension String {
    /// The text, or as much of it as fits with an ellipsis: whoever asked with a megabyte must not
    /// be answered with one.
    package func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: max(0, limit - 3))
        while String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end]) + "…"
    }
}

extension [FieldFault] {
    /// The faults, each text of them cut, or the first ones and one that says that there were
    /// more.
    package func cut(toBytes limit: Int) -> [FieldFault] {
        var kept: [FieldFault] = []
        var byteCount = 0
        for fault in self {
            let cut = FieldFault(
                field: fault.field.cut(toBytes: Limits.messageBytes),
                value: fault.value.cut(toBytes: Limits.messageBytes),
                reason: fault.reason.cut(toBytes: Limits.messageBytes))
            byteCount += cut.byteCountBound
            guard byteCount <= limit else {
                let rest = count - kept.count
                let reason = "has \(rest) more faults, not listed here"
                kept.append(FieldFault(field: "document", reason: reason))
                break
            }
            kept.append(cut)
        }
        return kept
    }
}
