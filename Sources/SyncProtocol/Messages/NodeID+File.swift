internal import EndpointModel

/// A node's ID as the file that keeps it says it, for people to read: 32 lower-case hexadecimal
/// digits and a newline.
extension NodeID {
    package var file: String { "\(self)\n" }

    /// Nil for anything but what `file` says of some ID.
    package init?(file: [UInt8]) {
        guard file.last == UInt8(ascii: "\n") else { return nil }
        let line = String(decoding: file.dropLast(), as: UTF8.self)
        guard let id = Hexadecimal.bytes(line)?.withUnsafeBytes({ NodeID(bytes: $0) }),
            id.file.utf8.elementsEqual(file)
        else { return nil }
        self = id
    }
}
