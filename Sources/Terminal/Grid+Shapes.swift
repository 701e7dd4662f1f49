/// Areas, lines and boxes.
extension Grid {
  /// Fills an area with spaces, or with one character one cell wide.
  package mutating func fill(_ rect: Rect, _ character: Character = " ", style: StyleID = .text) {
    let area = rect.intersection(bounds)
    guard !area.isEmpty else { return }
    let line = String(repeating: String(character), count: area.columns)
    for row in area.row..<area.endRow {
      write(line, row: row, column: area.column, style: style, maxWidth: area.columns)
    }
  }

  /// Lays a role over an area, keeping what is written there: how a row is shown as selected.
  package mutating func overlay(_ rect: Rect, _ role: StyleRole?) {
    restyle(rect) { $0.under(role) }
  }

  /// A horizontal line.
  package mutating func hline(row: Int, column: Int, length: Int, style: StyleID = .border) {
    fill(Rect(row: row, column: column, rows: 1, columns: length), "─", style: style)
  }

  /// A vertical line.
  package mutating func vline(row: Int, column: Int, length: Int, style: StyleID = .border) {
    fill(Rect(row: row, column: column, rows: length, columns: 1), "│", style: style)
  }

  /// A frame around an area with an optional title in its upper edge. The area's inside is left as it is; returned is
  /// that inside.
  @discardableResult
  package mutating func box(
    _ rect: Rect, title: String = "", style: StyleID = .border, titleStyle: StyleID = .title
  ) -> Rect {
    guard rect.rows >= 2, rect.columns >= 2 else { return rect.inset(rows: 1, columns: 1) }
    let (top, left, bottom, right) = (rect.row, rect.column, rect.endRow - 1, rect.endColumn - 1)
    hline(row: top, column: left + 1, length: rect.columns - 2, style: style)
    hline(row: bottom, column: left + 1, length: rect.columns - 2, style: style)
    vline(row: top + 1, column: left, length: rect.rows - 2, style: style)
    vline(row: top + 1, column: right, length: rect.rows - 2, style: style)
    write("┌", row: top, column: left, style: style)
    write("┐", row: top, column: right, style: style)
    write("└", row: bottom, column: left, style: style)
    write("┘", row: bottom, column: right, style: style)
    let room = rect.columns - 6
    if !title.isEmpty, room > 0 {
      let used = write(
        title, row: top, column: left + 3, style: titleStyle, maxWidth: room, truncation: .end)
      write(" ", row: top, column: left + 2, style: style)
      write(" ", row: top, column: left + 3 + used, style: style)
    }
    return rect.inset(rows: 1, columns: 1)
  }
}
