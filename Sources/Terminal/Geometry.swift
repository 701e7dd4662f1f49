/// A size in character cells.
package struct Size: Hashable, Sendable {
  package var rows: Int
  package var columns: Int

  package init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }
}

/// A place in character cells, from 0 at the top left.
package struct Position: Hashable, Sendable {
  package var row: Int
  package var column: Int

  package init(row: Int, column: Int) {
    self.row = row
    self.column = column
  }
}

/// A rectangle of character cells. Never has negative extents.
package struct Rect: Hashable, Sendable {
  package var row: Int
  package var column: Int
  package private(set) var rows: Int
  package private(set) var columns: Int

  package init(row: Int, column: Int, rows: Int, columns: Int) {
    self.row = row
    self.column = column
    self.rows = max(0, rows)
    self.columns = max(0, columns)
  }

  package init(_ size: Size) {
    self.init(row: 0, column: 0, rows: size.rows, columns: size.columns)
  }

  package var size: Size { Size(rows: rows, columns: columns) }
  package var isEmpty: Bool { rows == 0 || columns == 0 }
  /// The first row below.
  package var endRow: Int { row + rows }
  /// The first column to the right.
  package var endColumn: Int { column + columns }

  package func contains(_ position: Position) -> Bool {
    position.row >= row && position.row < endRow && position.column >= column && position.column < endColumn
  }

  package func intersection(_ other: Rect) -> Rect {
    let top = max(row, other.row)
    let left = max(column, other.column)
    return Rect(
      row: top, column: left, rows: min(endRow, other.endRow) - top, columns: min(endColumn, other.endColumn) - left)
  }

  package func offset(rows: Int = 0, columns: Int = 0) -> Rect {
    Rect(row: row + rows, column: column + columns, rows: self.rows, columns: self.columns)
  }

  /// Smaller by so many cells on each side.
  package func inset(rows dRows: Int = 0, columns dColumns: Int = 0) -> Rect {
    Rect(row: row + dRows, column: column + dColumns, rows: rows - 2 * dRows, columns: columns - 2 * dColumns)
  }

  /// The first `count` rows, and the rest.
  package func splitTop(_ count: Int) -> (top: Rect, rest: Rect) {
    let taken = min(max(0, count), rows)
    return (
      Rect(row: row, column: column, rows: taken, columns: columns),
      Rect(row: row + taken, column: column, rows: rows - taken, columns: columns)
    )
  }

  /// The last `count` rows, and what is above them.
  package func splitBottom(_ count: Int) -> (rest: Rect, bottom: Rect) {
    let (rest, bottom) = splitTop(rows - min(max(0, count), rows))
    return (rest, bottom)
  }

  /// The first `count` columns, and the rest.
  package func splitLeft(_ count: Int) -> (left: Rect, rest: Rect) {
    let taken = min(max(0, count), columns)
    return (
      Rect(row: row, column: column, rows: rows, columns: taken),
      Rect(row: row, column: column + taken, rows: rows, columns: columns - taken)
    )
  }

  /// The last `count` columns, and what is left of them.
  package func splitRight(_ count: Int) -> (rest: Rect, right: Rect) {
    let (rest, right) = splitLeft(columns - min(max(0, count), columns))
    return (rest, right)
  }

  /// A rectangle of at most this size in the middle of this one: where a dialog goes.
  package func centered(rows wanted: Int, columns wantedColumns: Int) -> Rect {
    let height = min(rows, wanted)
    let width = min(columns, wantedColumns)
    return Rect(row: row + (rows - height) / 2, column: column + (columns - width) / 2, rows: height, columns: width)
  }
}
