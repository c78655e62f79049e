internal import EndpointModel
internal import SwiftASN1
internal import SyncTransport
internal import Synchronization
internal import X509

/// The files of revocation lists, read anew when they or the authorities changed.
final class RevocationFiles: Sendable {
    private let paths: [String]
    private let state = Mutex(State())

    private struct State {
        var tried: [PEMFile.Stamp]?
        var authorities: [[UInt8]] = []
        var read: [RevocationList] = []
    }

    init(_ paths: [String]) { self.paths = paths }

    /// When the first of the lists read last should be replaced.
    var nextUpdate: Timestamp? { state.withLock { $0.read.compactMap(\.nextUpdate).min() } }

    /// What reading anew came to.
    enum Renewal: Sendable {
        case unchanged
        case renewed([RevocationList])
        /// What was read before stays in force.
        case failed(TLSFault)
    }

    /// Away from event loops: it reads files.
    func renew(_ authorities: [[UInt8]]) -> Renewal {
        state.withLock { state in
            let stamps = paths.map { PEMFile.Stamp($0) }
            guard stamps != state.tried || authorities != state.authorities else {
                return .unchanged
            }
            state.tried = stamps
            state.authorities = authorities
            let renewal = attempt(authorities)
            if case .renewed(let lists) = renewal { state.read = lists }
            return renewal
        }
    }

    private func attempt(_ authorities: [[UInt8]]) -> Renewal {
        do throws(TLSFault) { return .renewed(try read(authorities)) } catch {
            return .failed(error)
        }
    }

    private func read(_ authorities: [[UInt8]]) throws(TLSFault) -> [RevocationList] {
        let known = authorities.compactMap { try? Certificate(derEncoded: $0) }
        var lists: [RevocationList] = []
        for path in paths {
            for der in try Self.documents(in: path) {
                lists.append(try RevocationList(der: der, path: path, authorities: known))
            }
        }
        return lists
    }

    /// PEM of any number of lists, or one list in DER.
    private static func documents(in path: String) throws(TLSFault) -> [[UInt8]] {
        let bytes = try PEMFile.read(path)
        if bytes.first == 0x30 { return [bytes] }
        let text = String(decoding: bytes, as: UTF8.self)
        let lists = (try? PEMDocument.parseMultiple(pemString: text))?
            .filter { $0.discriminator == "X509 CRL" }
        guard let lists, !lists.isEmpty else {
            throw TLSFault(
                .listMalformed, "\(path) holds no list of revoked certificates",
                "give one in PEM, which begins with -----BEGIN X509 CRL-----")
        }
        return lists.map(\.derBytes)
    }
}
