/// Bytes that are kept only up to a bound: what grows past it is dropped, and known to have been.
struct BoundedText {
    private(set) var bytes: [UInt8] = []
    private(set) var isOversize = false
    let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func append(_ byte: UInt8) {
        guard !isOversize else { return }
        guard bytes.count < limit else { return overflow() }
        bytes.append(byte)
    }

    mutating func append(_ more: some Collection<UInt8>) {
        guard !isOversize else { return }
        guard more.count <= limit - bytes.count else { return overflow() }
        bytes.append(contentsOf: more)
    }

    mutating func dropLast() { _ = bytes.popLast() }

    private mutating func overflow() {
        isOversize = true
        bytes = []
    }

    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        isOversize = false
    }
}
