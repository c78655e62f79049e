package import EndpointModel
package import EndpointState

/// Whether a node may begin the next epoch: a value that is told what the others promised (G10).
///
/// What was acknowledged is on `minAcks` voters, so one of them is among any `voters - minAcks + 1`;
/// a promise from so many, each with what it holds, shows the candidate whether it holds it all.
/// Without `minAcks` no voter need hold anything, and only the leader itself can say what it
/// acknowledged: its seal.
package struct Candidacy: Sendable {
    package struct Promise: Hashable, Sendable {
        package let position: Position
        package let seal: Seal

        package init(position: Position, seal: Seal) {
            self.position = position
            self.seal = seal
        }
    }

    /// Whether the promise came from the leader.
    package enum Seal: UInt8, Hashable, Sendable {
        case none = 0
        /// It led until it promised: its head is the last that it acknowledged.
        case head = 1
    }

    /// What an unforced promotion lacks; of a forced one what may be lost by it.
    package enum Lack: Hashable, Sendable {
        case holdsMore(String, Position, than: Position)
        case promises(given: [String], needed: Int, of: [String])
        case seal
    }

    private let membership: MembershipStanding
    /// What the candidate holds; it grows no more, for it has promised too.
    private let own: Position
    private var promises: [String: Promise] = [:]

    package init(own: Position, membership: MembershipStanding) {
        self.own = own
        self.membership = membership
    }

    package mutating func promised(_ promise: Promise, by address: String) {
        promises[address] = promise
    }

    /// Nothing: the candidate is elected.
    package var lacks: [Lack] {
        var lacks = holdingMore
        for electorate in membership.inForce {
            if let needed = electorate.promisesNeeded {
                let given = electorate.voters.filter { promises[$0] != nil }
                if given.count < needed {
                    lacks.append(.promises(given: given, needed: needed, of: electorate.voters))
                }
            } else if electorate == membership.current, !isSealed {
                // Of the membership before, whoever holds the change of it holds all that it let
                // be acknowledged.
                lacks.append(.seal)
            }
        }
        return lacks
    }

    private var holdingMore: [Lack] {
        promises.sorted { $0.key < $1.key }.compactMap { address, promise in
            promise.position.isBeyond(own)
                ? .holdsMore(address, promise.position, than: own) : nil
        }
    }

    private var isSealed: Bool {
        promises.values.contains { promise in
            promise.seal == .head && promise.position.seq <= own.seq
                && promise.position.epoch == own.epoch
        }
    }
}

extension Position {
    /// Whether it has more of what may have been acknowledged, by epoch, then seq.
    package func isBeyond(_ other: Position) -> Bool {
        epoch == other.epoch ? seq > other.seq : epoch > other.epoch
    }
}

extension Candidacy.Lack: CustomStringConvertible {
    package var description: String {
        switch self {
        case .holdsMore(let address, let theirs, let ours):
            "\(address) holds more, seq \(theirs.seq) of epoch \(theirs.epoch.number), and this"
                + " node seq \(ours.seq) of epoch \(ours.epoch.number): promote that one"
        case .promises(let given, let needed, let voters):
            "\(needed) of the voters \(voters.joined(separator: ", ")) must promise, and"
                + (given.isEmpty ? " none did" : " only \(given.joined(separator: ", ")) did")
        case .seal:
            "with min-acks 0 only the leader knows what it acknowledged, and it did not seal its"
                + " log at what this node holds"
        }
    }
}
