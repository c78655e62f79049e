internal import EndpointModel
internal import Logging
internal import NIOCore
internal import SyncTransport

/// What became of those who may not come in, for the serving loop.
struct ServingSecurity {
    let node: NodeSecurity
    /// Since the start: by TLS, or for who they are.
    private(set) var rejections: UInt64 = 0
    private var budget = LineBudget()
    /// While somebody reads the files: kept when they were taken up.
    var renewing: EventLoopPromise<Void>?

    init(_ node: NodeSecurity) { self.node = node }

    mutating func note(_ address: String?, _ fault: TLSFault, at now: UInt64, to logger: Logger) {
        rejections += 1
        guard let leftOut = budget.admit(at: now) else { return }
        var facts: Logger.Metadata = [
            "code": "\(fault.code.rawValue)", "reason": "\(fault.what)",
            "remedy": "\(fault.remedy)",
        ]
        if let address { facts["peer"] = "\(address)" }
        if leftOut > 0 { facts["leftOut"] = "\(leftOut)" }
        logger.warning("connection rejected", metadata: facts)
    }
}

/// Who asks for files to be read anew.
enum RenewalOccasion: Hashable, Sendable {
    /// A second has passed: only what changed is worth a word.
    case second
    /// Somebody wants to know.
    case signal
}

extension ServingLoop {
    /// Nobody, when the connection is plain.
    func identify(_ certificate: PeerCertificate?) -> Result<PeerIdentity?, TLSFault> {
        guard let security else { return .success(nil) }
        // TLS itself lets nobody come so far without one.
        guard let certificate else { return .failure(.certificateRequired) }
        return Result { () throws(TLSFault) in try security.node.identify(certificate) }
    }

    func noteRejection(of address: String?, _ fault: TLSFault) {
        security?.note(address, fault, at: now, to: logger)
    }

    /// Has the files read that changed, on a reader's thread. The future is there when they are in
    /// force.
    @discardableResult
    func renewSecurity(_ occasion: RenewalOccasion) -> EventLoopFuture<Void> {
        guard let node = security?.node else { return loop.makeSucceededVoidFuture() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        if let renewing = security?.renewing?.futureResult {
            // What is being read may be older than the question.
            guard case .signal = occasion else { return renewing }
            return renewing.flatMap { bound.value.renewSecurity(occasion) }
        }
        let promise = loop.makePromise(of: Void.self)
        security?.renewing = promise
        let loop = loop
        questions(.present).compute {
            let news = node.renew()
            loop.execute { bound.value.securityRenewed(news, occasion) }
        }
        return promise.futureResult
    }

    private func securityRenewed(
        _ news: [Result<SecurityRenewal, TLSFault>], _ occasion: RenewalOccasion
    ) {
        let renewing = security?.renewing
        security?.renewing = nil
        defer { renewing?.succeed() }
        for one in news {
            switch one {
            case .success(let renewal): logger.report(renewal, at: clock.now())
            case .failure(let fault):
                logger.error(
                    "certificates not read anew: what was read before stays in force",
                    metadata: ["code": "\(fault.code.rawValue)", "reason": "\(fault.what)"])
            }
        }
        if news.isEmpty, case .signal = occasion { logger.info("certificates are as they were") }
        guard !news.isEmpty else { return }
        for connection in Array(connections.values) { connection.judgeAgain() }
    }
}

extension Logger {
    /// What certificates and lists are in force, and what of it does not hold now.
    func report(_ renewal: SecurityRenewal, at now: Timestamp) {
        guard let own = renewal.own else { return }
        info(
            "certificates read",
            metadata: [
                "certificate": "\(own.path)", "notAfter": "\(own.validity.notAfter)",
                "names": "\(own.names.joined(separator: ","))",
                "revoked": "\(renewal.revokedCount)",
            ])
        switch own.validity.standing(at: now) {
        case .now: break
        case .notYet: warn(.certificateNotYetValid, own, "good from \(own.validity.notBefore) on")
        case .noMore: warn(.certificateExpired, own, "expired at \(own.validity.notAfter)")
        }
        if let due = renewal.nextList, due < now {
            warning(
                "a list of revoked certificates should have been replaced",
                metadata: ["due": "\(due)"])
        }
    }

    private func warn(_ code: TLSFaultCode, _ own: OwnCertificate, _ what: String) {
        warning(
            "peers will not take this node's certificate",
            metadata: [
                "code": "\(code.rawValue)", "certificate": "\(own.path)", "reason": "\(what)",
            ])
    }
}
