extension EncodedItem {
    /// The labels of a put, looked up in its bytes: they ascend by key, so a lookup ends at the
    /// first key behind the wanted one. No strings are made.
    public struct Labels: LabelSource {
        fileprivate let item: EncodedItem

        public func withValue<Result>(
            of label: LabelName, _ body: (UnsafeRawBufferPointer?) -> Result
        ) -> Result {
            item.withLabelBytes { bytes in
                label.bytes.withUnsafeBytes { wanted in body(Self.value(of: wanted, in: bytes)) }
            }
        }

        /// The bytes were judged when the item was made; what does not read ends the search.
        private static func value(
            of wanted: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer
        )
            -> UnsafeRawBufferPointer?
        {
            var reader = ProtoReader(bytes, order: .ascending)
            while let field = try? reader.next(), let range = try? reader.body(field) {
                var label = reader.nested(range)
                guard let keyField = try? label.next(), let key = try? label.body(keyField) else {
                    return nil
                }
                let order = ByteOrder.compare(label.slice(key), wanted)
                if order > 0 { return nil }
                if order == 0 {
                    guard let valueField = try? label.next(), valueField.number == 2,
                        let value = try? label.body(valueField)
                    else { return UnsafeRawBufferPointer(start: nil, count: 0) }
                    return label.slice(value)
                }
            }
            return nil
        }
    }

    public var labels: Labels { Labels(item: self) }

    /// Calls `body` with key and value of each label, ascending by key, in UTF-8.
    package func forEachLabel(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) {
        withLabelBytes { bytes in
            var reader = ProtoReader(bytes, order: .any)
            while let field = try? reader.next(), let range = try? reader.body(field) {
                var label = reader.nested(range)
                var key = 0..<0
                var value = 0..<0
                while let part = try? label.next(), let text = try? label.body(part) {
                    if part.number == 1 { key = text } else if part.number == 2 { value = text }
                }
                body(label.slice(key), label.slice(value))
            }
        }
    }
}

extension Selection {
    /// Whether the endpoint of this put is selected; nothing but a put is.
    public func matches(_ item: EncodedItem) -> Bool {
        guard item.kind == .put else { return false }
        guard !isEverything else { return true }
        return item.withNamespaceBytes { namespace in
            item.withNodeBytes { node in
                matches(namespace: namespace, node: node, labels: item.labels)
            }
        }
    }

    public var isEverything: Bool { self == .everything }
}
