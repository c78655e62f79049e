internal import NIOCore

/// What sessions and feeds measure time with: milliseconds that never go back, from any
/// beginning. Tests give their own, so that a deadline of ten seconds takes none.
package struct SessionClock: Sendable {
    private let read: @Sendable () -> UInt64

    package init(_ read: @escaping @Sendable () -> UInt64) { self.read = read }

    package var milliseconds: UInt64 { read() }

    package static let system = SessionClock { NIODeadline.now().uptimeNanoseconds / 1_000_000 }
}
