internal import Crypto
internal import EndpointModel
internal import Foundation
internal import SQLiteStore

/// A log file's rows as they lie there, read by plain SQL: nothing of what stores them is asked.
enum RawLog {
    struct Row {
        let seq: UInt64
        let record: [UInt8]
        let chain: [UInt8]
    }

    static func rows(of path: String) throws -> [Row] {
        let connection = try SQLiteConnection(path: path, access: .readOnly)
        let query = try SQLiteStatement(
            connection, "SELECT seq, record, chain FROM events ORDER BY seq")
        var rows: [Row] = []
        while try query.step() {
            let record = query.withBlob(1) { Array($0) } ?? []
            let chain = query.withBlob(2) { Array($0) } ?? []
            rows.append(
                Row(seq: UInt64(query.integer(0) ?? 0), record: record, chain: chain))
        }
        return rows
    }

    /// Of every tail that was kept aside.
    static func orphans(in folder: String) throws -> [Row] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasPrefix("orphaned-") && $0.hasSuffix(".sqlite") }
            .flatMap { try rows(of: "\(folder)/\($0)") }
    }
}

/// The chain of hashes, computed here from what `docs/` says of it.
enum ChainRule {
    static func origin(_ logID: LogID) -> [UInt8] {
        Array(SHA256.hash(data: Array("cattail/log/v1".utf8) + logID.bytes))
    }

    static func next(behind chain: [UInt8], item: [UInt8], audit: [UInt8]) -> [UInt8] {
        let record = SHA256.hash(
            data: Array(SHA256.hash(data: item)) + Array(SHA256.hash(data: audit)))
        return Array(SHA256.hash(data: chain + Array(record)))
    }
}
