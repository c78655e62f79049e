internal import EndpointModel

/// The members of one object as they are read, each key once.
///
/// Short objects are searched in order; from 16 members on an index is kept, so that an object
/// of a hundred thousand keys costs no square.
struct MemberCollector {
    enum Outcome {
        case added
        /// The key was there with an equal value: dropped, worth a warning.
        case repeated
        /// The key was there with another value.
        case contradicted
    }

    private(set) var members: [DocumentValue.Member] = []
    private var index: [String: Int] = [:]
    private static let indexedFrom = 16

    mutating func add(_ key: String, _ value: DocumentValue) -> Outcome {
        if let known = position(of: key) {
            return members[known].value == value ? .repeated : .contradicted
        }
        members.append(DocumentValue.Member(key, value))
        if members.count > Self.indexedFrom {
            index[key] = members.count - 1
        } else if members.count == Self.indexedFrom {
            for (position, member) in members.enumerated() { index[member.key] = position }
        }
        return .added
    }

    private func position(of key: String) -> Int? {
        members.count < Self.indexedFrom
            ? members.firstIndex { $0.key == key } : index[key]
    }
}
