internal import EndpointModel
package import SyncTransport
internal import Synchronization

/// How a node's connections are secured, those that it accepts and those to its upstream: what its
/// files held last, and whom it lets in. May be asked from any thread.
package final class NodeSecurity: Sendable {
    /// With a certificate: the node shows it to both sides.
    package let credentials: TLSCredentials
    private let guests: GuestList
    private let lists: RevocationFiles
    private let revoked = Mutex(RevokedCertificates())

    /// - Parameter revocationLists: their files.
    package init(
        files: TLSFiles, guests: GuestList = GuestList(), revocationLists: [String] = []
    ) {
        precondition(files.own != nil, "a node without a certificate")
        credentials = TLSCredentials(files)
        self.guests = guests
        lists = RevocationFiles(revocationLists)
    }

    /// Before the node starts: everything must be there and fit together.
    func load() throws(TLSFault) -> SecurityRenewal {
        let contexts = try credentials.load()
        switch lists.renew(contexts.authorities) {
        case .failed(let fault): throw fault
        case .renewed(let lists): take(lists)
        case .unchanged: break
        }
        return renewal(contexts)
    }

    /// While it runs: what cannot be used leaves in force what was read before. It reads files,
    /// those that changed: away from event loops.
    func renew() -> [Result<SecurityRenewal, TLSFault>] {
        var news: [Result<SecurityRenewal, TLSFault>] = []
        switch credentials.renew() {
        case .unchanged: break
        case .renewed(let contexts): news.append(.success(renewal(contexts)))
        case .failed(let fault): news.append(.failure(fault))
        }
        guard let contexts = credentials.current else { return news }
        switch lists.renew(contexts.authorities) {
        case .unchanged: break
        case .renewed(let lists):
            take(lists)
            news.append(.success(renewal(contexts)))
        case .failed(let fault): news.append(.failure(fault))
        }
        return news
    }

    private func take(_ lists: [RevocationList]) {
        var all = RevokedCertificates()
        for list in lists { all.add(list) }
        revoked.withLock { $0 = all }
    }

    private func renewal(_ contexts: TLSContexts) -> SecurityRenewal {
        SecurityRenewal(
            own: contexts.own, revokedCount: revokedCount, nextList: lists.nextUpdate)
    }

    var revokedCount: Int { revoked.withLock { $0.count } }

    // MARK: Judging

    /// Who a client is, if it may come in.
    func identify(_ certificate: PeerCertificate) throws(TLSFault) -> PeerIdentity {
        let identity = try PeerIdentity(certificate)
        try check(identity.number)
        guard guests.admits(identity) else {
            throw TLSFault(
                .notAllowed, "'\(identity.name)' may not connect to this node",
                "let --client-cn or --client-uri-san name it")
        }
        return identity
    }

    /// Why a node's certificate is not good any more; nil while it is, and without TLS.
    func fault(of certificate: PeerCertificate?) -> TLSFault? {
        guard let number = certificate.flatMap({ CertificateNumber($0) }) else { return nil }
        do throws(TLSFault) {
            try check(number)
            return nil
        } catch {
            return error
        }
    }

    func check(_ number: CertificateNumber) throws(TLSFault) {
        guard revoked.withLock({ $0.contains(number) }) else { return }
        throw TLSFault(
            .certificateRevoked, "the certificate that was shown is revoked", "get a new one")
    }
}

/// What stands in force after the files were read.
struct SecurityRenewal: Hashable, Sendable {
    let own: OwnCertificate?
    let revokedCount: Int
    /// When the first of the lists should have been replaced.
    let nextList: Timestamp?
}
