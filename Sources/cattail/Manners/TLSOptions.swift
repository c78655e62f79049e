internal import ArgumentParser
internal import SyncTransport

/// The files of TLS, for both ends. Without any of them connections are plain.
struct TLSOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Certificates of the authorities that the other end's must come from (CATTAIL_CA).",
            valueName: "file"))
    var ca: String?

    @Option(
        help: ArgumentHelp(
            "The certificate to show, with the intermediate ones behind it (CATTAIL_CERT).",
            valueName: "file"))
    var cert: String?

    /// `log` has another `--key`, which goes first there: hence the second name.
    @Option(
        name: [.customLong("key"), .customLong("cert-key")],
        help: ArgumentHelp(
            "Its private key, without a passphrase (CATTAIL_KEY).", valueName: "file"))
    var key: String?

    /// Nil for plain TCP.
    func files() throws(UsageFault) -> TLSFiles? {
        let own = try pair()
        guard let authorities = ca ?? Setting.text("ca") else {
            guard own == nil else {
                throw UsageFault(
                    "--cert and --key without --ca",
                    remedy: "name the authority that the other end's certificate comes from")
            }
            return nil
        }
        return TLSFiles(authorities: authorities, own: own)
    }

    private func pair() throws(UsageFault) -> TLSFiles.KeyPair? {
        switch (cert ?? Setting.text("cert"), key ?? Setting.text("key")) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            return TLSFiles.KeyPair(certificate: certificate, key: key)
        case (_?, nil):
            throw UsageFault("--cert without --key", remedy: "name the certificate's key")
        case (nil, _?):
            throw UsageFault("--key without --cert", remedy: "name the key's certificate")
        }
    }
}
