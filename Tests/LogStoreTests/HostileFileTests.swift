import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import SQLiteStore
import Testing

/// Files that somebody made so that reading them never ends. SQLite finds nothing wrong with a page
/// that many others lead to, and runs what a file says its tables are.
@Suite("Files made to stall", .timeLimit(.minutes(1)))
struct HostileFileTests {
    /// Rows without end, each of them a fit for `events` and `orphan`.
    private static let endless = """
        AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
        SELECT i AS seq, zeroblob(32) AS record_hash, zeroblob(32) AS chain, \
        zeroblob(9) AS record, i AS key, 'log_id' AS name, zeroblob(16) AS value, \
        zeroblob(16) AS log_id, i AS after_seq, zeroblob(32) AS after_chain, i AS epoch, \
        i AS last FROM n WHERE i < 0
        """

    private static func putView(inPlaceOf table: String, in path: String) throws {
        let connection = try SQLiteConnection(path: path, access: .readWrite)
        try connection.execute("PRAGMA writable_schema=1")
        try connection.execute(
            "UPDATE sqlite_schema SET type='view', rootpage=0, "
                + "sql='CREATE VIEW \(table) \(endless.replacing("'", with: "''"))' "
                + "WHERE name='\(table)'")
        try connection.execute("DELETE FROM sqlite_schema WHERE type='trigger'")
        try connection.close()
    }

    private func stopped(events count: Int) throws -> LogFixture {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(count, itemBytes: 20))
        try writer.close()
        return fixture
    }

    private func expectRefused(_ fixture: LogFixture) {
        #expect(throws: LogError.self) { try fixture.open() }
        #expect(throws: LogError.self) { try LogReader.open(directory: fixture.directory) }
    }

    @Test(
        "A log with a view in the place of a table is refused, and not run (G12)",
        arguments: ["events", "requests", "meta"])
    func views(_ table: String) throws {
        let fixture = try stopped(events: 3)
        try Self.putView(inPlaceOf: table, in: fixture.logPath)
        expectRefused(fixture)
        try FileManager.default.removeItem(atPath: fixture.anchorPath)
        expectRefused(fixture)
    }

    @Test(
        "A tail's file with a view in the place of a table is refused, and not run (G12)",
        arguments: ["events", "orphan"])
    func orphans(_ table: String) throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(4))
        try writer.stepDown(behind: Seq(2), epochNumber: 1)
        try writer.close()
        let file = try #require(try OrphanFile.all(in: fixture.directory).first)
        try Self.putView(inPlaceOf: table, in: file.path)
        #expect(throws: LogError.self) { try OrphanFile.all(in: fixture.directory) }
        #expect(throws: LogError.self) { try file.rows(from: .zero) }
    }

    // MARK: Pages that lead to each other

    private static let pageSize = 8_192
    /// Levels of the tree; SQLite takes 20.
    private static let levels = 9

    private static func big(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// Appends pages, each of which leads to the next alone and many times; the last is the leaf.
    private static func chain(
        _ file: inout Data, of inner: Data, children: [Int], to leaf: Int
    ) -> Int {
        let first = file.count / pageSize + 1
        for level in 0..<levels {
            let next = level + 1 == levels ? leaf : first + level + 1
            var page = inner
            for place in children { page.replaceSubrange(place..<place + 4, with: big(next)) }
            file.append(page)
        }
        file.replaceSubrange(28..<32, with: big(file.count / pageSize))
        return first
    }

    @Test("A request index whose pages lead to one page over and over is refused (G12)")
    func index() throws {
        let fixture = try stopped(events: 8_000)
        let connection = try SQLiteConnection(path: fixture.logPath, access: .readOnly)
        let root = try #require(
            try connection.integer("SELECT rootpage FROM sqlite_schema WHERE name='requests'"))
        try connection.close()
        var file = try fixture.read(fixture.logPath)
        let place = (Int(root) - 1) * Self.pageSize
        let inner = file.subdata(in: place..<place + Self.pageSize)
        #expect(inner[0] == 2, "the index is one page")
        let cells = Int(inner[3]) << 8 | Int(inner[4])
        #expect(cells > 10, "\(cells) cells")
        let children =
            [8]
            + (0..<cells).map { cell in
                Int(inner[12 + 2 * cell]) << 8 | Int(inner[13 + 2 * cell])
            }
        let leaf = inner[8..<12].reduce(0) { $0 << 8 | Int($1) }
        let first = Self.chain(&file, of: inner, children: children, to: leaf)
        for child in children {
            file.replaceSubrange(place + child..<place + child + 4, with: Self.big(first))
        }
        try fixture.write(file, to: fixture.logPath)
        #expect(throws: LogError.self) { try fixture.open() }
    }

    @Test("A schema whose pages lead to one page over and over is refused (G12)")
    func schema() throws {
        let fixture = try stopped(events: 3)
        var file = try fixture.read(fixture.logPath)
        // The schema's own page, as a leaf elsewhere: the first page has 100 bytes before it.
        var leaf = file.subdata(in: 0..<Self.pageSize)
        leaf.replaceSubrange(0..<500, with: file.subdata(in: 100..<600))
        file.append(leaf)
        let leafNumber = file.count / Self.pageSize
        // An inner page: a row number in each cell, and as many children.
        let cells = 200
        var inner = Data(count: Self.pageSize)
        let content = Self.pageSize - 6 * cells
        inner.replaceSubrange(
            0..<8, with: [5, 0, 0, 0, UInt8(cells), UInt8(content >> 8), UInt8(content & 0xFF), 0])
        var children = [8]
        for cell in 0..<cells {
            let place = content + 6 * cell
            let pointer = 12 + 2 * cell
            inner.replaceSubrange(
                pointer..<pointer + 2, with: [UInt8(place >> 8), UInt8(place & 0xFF)])
            inner.replaceSubrange(
                place + 4..<place + 6, with: [0x81, UInt8(cell & 0x7F)])
            children.append(place)
        }
        let first = Self.chain(&file, of: inner, children: children, to: leafNumber)
        let root = file.subdata(in: (first - 1) * Self.pageSize..<first * Self.pageSize)
        // In the first page the same, behind the file's header.
        var page = root
        page.replaceSubrange(100..<600, with: root.subdata(in: 0..<500))
        page.replaceSubrange(0..<100, with: file.subdata(in: 0..<100))
        file.replaceSubrange(0..<Self.pageSize, with: page)
        try fixture.write(file, to: fixture.logPath)
        expectRefused(fixture)
    }
}
