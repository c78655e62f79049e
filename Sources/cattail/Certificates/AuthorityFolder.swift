internal import CattailServer
internal import EndpointModel
internal import Foundation
internal import Glibc
internal import SyncTransport

/// The folder of a development authority: its certificate and key, what it has issued, and its
/// list of what it has taken back.
struct AuthorityFolder {
    let path: String

    func file(_ name: String) -> String { path + "/" + name }

    var authority: CertificateAuthority {
        get throws { try CertificateAuthority(certificate: text("ca.pem"), key: text("ca.key")) }
    }

    /// From a little before now on: clocks differ.
    static func validity(days: Int) throws(UsageFault) -> CertificateValidity {
        guard (1...7300).contains(days) else {
            throw UsageFault("--days \(days) is no life", remedy: "give 1 to 7300 days")
        }
        let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
        let minute: Int64 = 60_000_000
        return CertificateValidity(
            notBefore: Timestamp(microseconds: now.microseconds - 5 * minute),
            notAfter: Timestamp(microseconds: now.microseconds + Int64(days) * 1440 * minute))
    }

    // MARK: Making

    func make(_ authority: CertificateAuthority) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw unwritable(SystemCause.text(path))
        }
        try add(authority.key, as: "ca.key", mode: 0o600)
        try add(authority.certificate, as: "ca.pem", mode: 0o644)
        try replaceList(of: [])
    }

    func keep(_ issued: CertificateAuthority.Issued, as name: String) throws {
        try add(issued.key, as: name + ".key", mode: 0o600)
        try add(issued.certificate, as: name + ".pem", mode: 0o644)
    }

    /// Takes a certificate back: it is on the list from now on.
    func revoke(_ certificate: String) throws {
        let earlier =
            FileManager.default.fileExists(atPath: file("revoked.pem"))
            ? try text("revoked.pem") : ""
        let all = earlier.contains(certificate) ? earlier : earlier + certificate
        try replace("revoked.pem", with: all)
        try replaceList(of: Self.certificates(in: all))
    }

    private func replaceList(of certificates: [String]) throws {
        let validity = try Self.validity(days: 30)
        let list = try authority.revocationList(
            of: certificates, at: validity.notBefore, nextUpdate: validity.notAfter)
        try replace("crl.pem", with: list)
    }

    private static let end = "-----END CERTIFICATE-----\n"

    private static func certificates(in text: String) -> [String] {
        text.split(separator: end, omittingEmptySubsequences: true).map { $0 + end }
            .filter { $0.contains("-----BEGIN CERTIFICATE-----") }
    }

    // MARK: Files

    func text(_ name: String) throws -> String {
        String(decoding: try PEMFile.read(file(name)), as: UTF8.self)
    }

    /// What is there stays: a key that is gone is gone for good.
    private func add(_ text: String, as name: String, mode: mode_t) throws(Fault) {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            guard errno == EEXIST else { throw unwritable(SystemCause.text(file(name))) }
            throw Fault(
                code: FaultCode.alreadyExists, what: "\(file(name)) is there already",
                remedy: "remove it, or choose another name")
        }
        defer { close(descriptor) }
        try write(text, to: descriptor, name)
    }

    private func replace(_ name: String, with text: String) throws(Fault) {
        let temporary = file(".\(name).\(getpid())")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw unwritable(SystemCause.text(temporary)) }
        defer { close(descriptor) }
        try write(text, to: descriptor, name)
        guard rename(temporary, file(name)) == 0 else {
            throw unwritable(SystemCause.text(file(name)))
        }
    }

    private func write(_ text: String, to descriptor: Int32, _ name: String) throws(Fault) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw unwritable(SystemCause.text(file(name))) }
            rest = rest.dropFirst(count)
        }
    }

    private func unwritable(_ what: String) -> Fault {
        Fault(
            code: FaultCode.outputFailed, what: what,
            remedy: "look at the folder's rights and at the disk")
    }
}
