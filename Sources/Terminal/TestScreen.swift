/// A grid as text that a person can read and a test can compare: the rows, then where which style is.
///
/// ```
/// Orders                      12 of 40
/// ▸ GK-7F3K  delivered  € 12.00
/// --- styles
/// 0: 0-5 title, 28-35 muted
/// 1: 0-30 text+selection
/// ```
/// Trailing spaces are left out; ordinary text is not listed among the styles.
package struct TestScreen: Sendable {
  package let grid: Grid

  package init(_ grid: Grid) { self.grid = grid }

  /// One row as text, without trailing spaces.
  package func line(_ row: Int) -> String {
    var scalars = String.UnicodeScalarView()
    for column in 0..<grid.size.columns where !grid[row, column].glyph.isContinuation {
      grid[row, column].glyph.append(to: &scalars)
    }
    while scalars.last == " " { scalars.removeLast() }
    return String(scalars)
  }

  package var lines: [String] { (0..<grid.size.rows).map(line) }

  /// All rows, each ended by a line feed.
  package var text: String { lines.map { $0 + "\n" }.joined() }

  /// Style runs of one row other than `text`: columns from, to (inclusive) and the style's name.
  package func runs(_ row: Int) -> [(columns: ClosedRange<Int>, style: StyleID)] {
    var runs: [(columns: ClosedRange<Int>, style: StyleID)] = []
    var column = 0
    while column < grid.size.columns {
      let style = grid[row, column].style
      var end = column
      while end + 1 < grid.size.columns, grid[row, end + 1].style == style { end += 1 }
      if style != .text { runs.append((column...end, style)) }
      column = end + 1
    }
    return runs
  }

  /// One line per row that has styles: `3: 0-9 title, 12-20 state.failed+selection bold`.
  package var styles: String {
    (0..<grid.size.rows).compactMap { row in
      let runs = runs(row).map { "\($0.columns.lowerBound)-\($0.columns.upperBound) \($0.style.name)" }
      return runs.isEmpty ? nil : "\(row): \(runs.joined(separator: ", "))\n"
    }.joined()
  }

  /// The text and the styles: what a golden file holds.
  package var golden: String { "\(text)--- styles\n\(styles)" }

  /// Where a text begins, searched from the top; nil if it is nowhere.
  package func position(of text: String) -> Position? {
    for row in 0..<grid.size.rows {
      let line = line(row)
      guard let range = line.firstRange(of: text) else { continue }
      return Position(row: row, column: TextWidth.of(String(line[..<range.lowerBound])))
    }
    return nil
  }

  package func contains(_ text: String) -> Bool { position(of: text) != nil }

  /// The style of the cell where a text begins.
  package func style(of text: String) -> StyleID? {
    position(of: text).map { grid[$0.row, $0.column].style }
  }
}
