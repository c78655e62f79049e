package import LogStore
package import Logging

/// Who is told whether the log takes writes.
package protocol LogHealth: Sendable {
    func noteWritable()
    func noteReadOnly(_ why: String)
}

extension Logger {
    package func error(_ message: Message, _ error: LogError) {
        self.error(message, metadata: ["code": "\(error.code)", "error": "\(error.description)"])
    }
}
