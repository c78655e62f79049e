internal import Crypto

/// The host's end of a Kubernetes pod's interface, as Calico names it: `cali` and the first 11
/// hexadecimal digits of the SHA-1 of `NAMESPACE.POD`.
package enum PodInterfaceName {
    package static func text(namespace: String, pod: String) -> String {
        var text = "\(namespace).\(pod)"
        let digest = text.withUTF8 {
            var hasher = Insecure.SHA1()
            hasher.update(bufferPointer: UnsafeRawBufferPointer($0))
            return hasher.finalize()
        }
        // 15 bytes, the longest that Linux allows: "cali", and the digest's first 44 bits.
        return digest.withUnsafeBytes { bytes in
            String(unsafeUninitializedCapacity: 15) { target in
                _ = target.update(fromContentsOf: "cali".utf8.map { $0 })
                for index in 0..<11 {
                    let byte = bytes[index / 2]
                    let digit = index.isMultiple(of: 2) ? byte >> 4 : byte & 15
                    target[4 + index] = digit < 10 ? 0x30 + digit : 0x57 + digit
                }
                return 15
            }
        }
    }
}
