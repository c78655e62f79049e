/// A table for people, laid out as Go's tabwriter lays it out for calicoctl: columns as wide as
/// their widest cell and three blanks, five at least, the last column padded too.
///
/// Widths count Unicode scalars. Control characters in a cell are shown as escapes: a value from
/// the cluster must not move the cursor of whoever looks at it.
package struct TextTable {
    /// What follows the last row.
    package enum Ending: Sendable {
        /// A blank line, as calicoctl prints it.
        case blankLine
        case none
    }

    package let headings: [String]
    package let ending: Ending
    private var rows: [[String]] = []

    package init(headings: [String], ending: Ending = .none) {
        self.headings = headings
        self.ending = ending
    }

    /// Cells beyond the headings are dropped, missing ones are blank.
    package mutating func append(_ cells: [String]) {
        rows.append(headings.indices.map { $0 < cells.count ? TableCell.shown(cells[$0]) : "" })
    }

    package var text: String {
        var widths = headings.map(TableCell.width)
        for row in rows {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], TableCell.width(of: cell))
            }
        }
        var text = TableCell.line(headings, widths)
        for row in rows { text += TableCell.line(row, widths) }
        return ending == .blankLine ? text + "\n" : text
    }
}

/// A table whose rows are printed as they come, so that its widths must be guessed beforehand:
/// for `watch` and `log --follow`. A wider cell moves the rest of its row.
package struct RunningTable: Sendable {
    private let headings: [String]
    private let widths: [Int]

    /// `width`: of the cells that are expected, without the padding.
    package init(columns: [(heading: String, width: Int)]) {
        headings = columns.map(\.heading)
        widths = columns.map { max($0.width, TableCell.width(of: $0.heading)) }
    }

    /// The first line, with its newline.
    package var headingLine: String { TableCell.line(headings, widths) }

    /// One row's line, with its newline.
    package func line(_ cells: [String]) -> String {
        TableCell.line(cells.prefix(widths.count).map(TableCell.shown), widths)
    }
}

enum TableCell {
    private static let padding = 3
    private static let leastWidth = 5

    static func width(of cell: String) -> Int { cell.unicodeScalars.count }

    static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            let full = max(width + padding, leastWidth)
            line += cell
            line += String(repeating: " ", count: max(padding, full - Self.width(of: cell)))
        }
        return line + "\n"
    }

    /// The cell with its control characters as `\n`, `\t`, `\x1b`.
    static func shown(_ cell: String) -> String {
        guard cell.unicodeScalars.contains(where: isControl) else { return cell }
        var shown = ""
        for scalar in cell.unicodeScalars {
            switch scalar {
            case "\n": shown += "\\n"
            case "\t": shown += "\\t"
            case "\r": shown += "\\r"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                shown +=
                    digits.count < 3
                    ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{" + digits + "}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// C0, C1, and what turns the direction of writing.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
