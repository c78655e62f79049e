/// Which addresses the pods of a node get: as Calico's own address management gives them out, in
/// blocks that belong to one node, of 64 addresses or, where that would need more than
/// `10.0.0.0/8`, of fewer.
struct Addresses {
    /// `10.0.0.64`, so that the network's own address is nobody's.
    private static let firstIPv4: UInt32 = (10 << 24) | 64
    private static let available = (1 << 24) - 64

    private let nodes: Int
    private let blockAddresses: Int

    init(nodes: Int, mostPodsPerNode: Int) {
        self.nodes = nodes
        var size = 64
        while size > 1, nodes * ((mostPodsPerNode + size - 1) / size) * size > Self.available {
            size /= 2
        }
        blockAddresses = size
    }

    /// Counts the addresses of the cluster from 0; `pod` counts those of the node.
    func ordinal(node: Int, pod: Int) -> Int {
        let block = pod / blockAddresses * nodes + node
        return block * blockAddresses + pod % blockAddresses
    }

    static func ipv4(_ ordinal: Int) -> String {
        let address = firstIPv4 + UInt32(ordinal)
        return "10.\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)/32"
    }

    /// In canonical form: neither half of the ordinal is written away.
    static func ipv6(_ ordinal: Int) -> String {
        let high = String((ordinal >> 16) + 1, radix: 16)
        return "fd00:ca77::\(high):\(String(ordinal & 0xFFFF, radix: 16))/128"
    }
}
