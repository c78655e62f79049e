package import EndpointModel

/// Changes or records, sound as a message, in which an item or record is not canonical. That is
/// no bad body: a subscriber answers it by a refusal and leaves (R15). It is only ever read.
package struct UnreadableContents: Hashable, Sendable {
    /// By the number of the message in the schema.
    package enum Kind: Int, Hashable, Sendable {
        case changes = 3
        case records = 4
    }

    package let kind: Kind
    /// Of the first that is not canonical.
    package let error: WireError

    package init(kind: Kind, error: WireError) {
        self.kind = kind
        self.error = error
    }
}
