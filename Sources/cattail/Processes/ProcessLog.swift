internal import ArgumentParser
internal import EndpointDocuments
internal import EndpointModel
internal import Foundation
internal import Logging

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// The log of a process on standard error, one line for each message.
enum ProcessLog {
    static func bootstrap(level: Logger.Level, format: LogFormat) -> Logger {
        LoggingSystem.bootstrap { _ in ProcessLogHandler(level: level, format: format) }
        return Logger(label: "cattail")
    }

    /// Client commands say what went wrong themselves.
    static func bootstrapSilent() {
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
    }
}

/// `2026-11-23T10:42:00.123456Z info listening listen=127.0.0.1:5474`, or the same as JSON.
struct ProcessLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: LogFormat
    private static let stream = OutputStream(descriptor: 2)

    init(level: Logger.Level, format: LogFormat) {
        logLevel = level
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .sorted { $0.key < $1.key }
        let line =
            switch format {
            case .text: Self.text(event, facts)
            case .json: Self.json(event, facts)
            }
        // There is nobody to be told that standard error is gone.
        try? Self.stream.line(line)
        try? Self.stream.flush()
    }

    private static var now: Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    private static func text(
        _ event: LogEvent, _ facts: [(key: String, value: Logger.MetadataValue)]
    ) -> String {
        let shown = facts.map { " \($0.key)=\(quoted("\($0.value)"))" }.joined()
        return OneLine.text("\(now) \(event.level) \(event.message)\(shown)")
    }

    private static func quoted(_ value: String) -> String {
        value.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) || value.isEmpty
            ? DocumentValue.string(value).compactJSON : value
    }

    private static func json(
        _ event: LogEvent, _ facts: [(key: String, value: Logger.MetadataValue)]
    ) -> String {
        JSONLine(
            [
                ("time", .text(now)), ("level", .string("\(event.level)")),
                ("message", .string("\(event.message)")),
            ] + facts.map { ($0.key, .string("\($0.value)")) }
        ).text
    }
}
