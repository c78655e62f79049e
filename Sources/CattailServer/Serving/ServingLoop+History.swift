internal import EndpointModel
internal import Feeds
internal import LogStore
internal import NIOCore
internal import SyncProtocol

extension ServingLoop {
    /// A log subscriber holds a position of another history: it is told what stands here in its
    /// place, so that whoever runs it can see where the two part (G4).
    func refuseHistory(of claim: PositionClaim, for id: ConnectionID) {
        guard case .token(let held, _, _) = claim else { return }
        let head = hub.position
        let holding = "at seq \(held.seq) of log \(held.logID) the chain hash held is \(held.chain)"
        guard held.seq <= head.seq else {
            connections[id]?.refuse(
                .historyOther,
                "\(holding), here the log ends at seq \(head.seq) with \(head.chain)")
            return
        }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        readers.run { reader in
            let chain = reader.flatMap { reader in
                Result { () throws(LogError) in try reader.chain(at: held.seq) }
            }
            loop.execute {
                let serving = bound.value
                switch chain {
                case .success(let here):
                    serving.connections[id]?.refuse(
                        .historyOther,
                        "\(holding), here it is \(here.map(\.description) ?? "not known")")
                case .failure(let error): serving.fail(id, error)
                }
            }
        }
    }
}
