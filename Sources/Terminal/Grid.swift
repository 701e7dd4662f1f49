/// One cell of a grid. Made only from clean glyphs.
package struct Cell: Hashable, Sendable {
  package var glyph: Glyph
  package var style: StyleID

  package init(_ glyph: Glyph = .space, _ style: StyleID = .text) {
    self.glyph = glyph
    self.style = style
  }

  /// The characters shown; empty in the right half of a wide one.
  package var text: String { glyph.isContinuation ? "" : glyph.text }
  /// 1 or 2; 0 in the right half of a wide character.
  package var width: Int { Int(glyph.width) }
}

/// A screenful of styled cells: what `render` returns and what a terminal draws.
///
/// Everything outside of the grid, or of the view `within` is drawing into, is clipped. A wide character that would be
/// cut in half becomes a space, so that a grid is always drawable as it is.
package struct Grid: Sendable, Equatable {
  package let size: Size
  package private(set) var cells: ContiguousArray<Cell>
  private var clip: Rect
  private var origin: Position
  private var extent: Size

  /// A grid of spaces.
  package init(_ size: Size, style: StyleID = .text) {
    self.size = Size(rows: max(0, size.rows), columns: max(0, size.columns))
    cells = ContiguousArray(repeating: Cell(.space, style), count: self.size.rows * self.size.columns)
    clip = Rect(self.size)
    origin = Position(row: 0, column: 0)
    extent = self.size
  }

  /// The view being drawn into, from 0, 0: the whole grid, or what `within` was given.
  package var bounds: Rect { Rect(extent) }

  /// The cell at a place of the whole grid; a space outside.
  package subscript(row: Int, column: Int) -> Cell {
    guard row >= 0, row < size.rows, column >= 0, column < size.columns else { return Cell() }
    return cells[row * size.columns + column]
  }

  /// Draws into a part of this view: inside `body`, 0, 0 is the part's corner and nothing outside of it changes.
  @discardableResult
  package mutating func within<R>(_ rect: Rect, _ body: (inout Grid) throws -> R) rethrows -> R {
    let saved = (clip, origin, extent)
    let absolute = rect.offset(rows: origin.row, columns: origin.column)
    clip = clip.intersection(absolute)
    origin = Position(row: absolute.row, column: absolute.column)
    extent = rect.size
    defer { (clip, origin, extent) = saved }
    return try body(&self)
  }

  // MARK: - Writing

  /// Writes text on one row, sanitised; what is longer than `maxWidth` is cut as `truncation` says. Returns the
  /// columns used, those clipped away included.
  @discardableResult
  package mutating func write(
    _ text: String, row: Int, column: Int, style: StyleID = .text, maxWidth: Int = .max, truncation: Truncation = .clip
  ) -> Int {
    guard maxWidth > 0 else { return 0 }
    if maxWidth != .max, truncation != .clip {
      let (glyphs, _) = TextWidth.fitted(text, to: maxWidth, truncation)
      return write(glyphs, row: row, column: column, style: style, maxWidth: maxWidth)
    }
    return write(Glyphs(text), row: row, column: column, style: style, maxWidth: maxWidth)
  }

  /// Writes text into a field of exactly `width` columns, filled with spaces where the text is shorter.
  package mutating func writeField(
    _ text: String, row: Int, column: Int, width: Int, style: StyleID = .text, alignment: Alignment = .left,
    truncation: Truncation = .end
  ) {
    guard width > 0 else { return }
    let (glyphs, used) = TextWidth.fitted(text, to: width, truncation)
    fill(Rect(row: row, column: column, rows: 1, columns: width), style: style)
    let start = column + TextWidth.leading(width - used, alignment)
    write(glyphs, row: row, column: start, style: style, maxWidth: width)
  }

  @discardableResult
  private mutating func write(
    _ glyphs: some Sequence<Glyph>, row: Int, column: Int, style: StyleID, maxWidth: Int
  ) -> Int {
    let absoluteRow = row + origin.row
    let visible = absoluteRow >= clip.row && absoluteRow < clip.endRow
    var used = 0
    var at = column + origin.column
    for glyph in glyphs {
      let width = Int(glyph.width)
      if used + width > maxWidth { break }
      if visible { place(glyph, absoluteRow, at, style) }
      used += width
      at += width
      // Nothing further can show; the rest of an endless text need not be measured.
      if at >= clip.endColumn, maxWidth == .max { break }
    }
    return used
  }

  /// Puts one glyph at an absolute place on a visible row, and mends what it cuts.
  private mutating func place(_ glyph: Glyph, _ row: Int, _ column: Int, _ style: StyleID) {
    if glyph.width == 2 {
      let leftShows = column >= clip.column && column < clip.endColumn
      let rightShows = column + 1 >= clip.column && column + 1 < clip.endColumn
      if leftShows && rightShows {
        let index = row * size.columns + column
        detach(index, column)
        detach(index + 1, column + 1)
        cells[index] = Cell(glyph, style)
        cells[index + 1] = Cell(.continuation, style)
      } else if leftShows {
        place(.space, row, column, style)
      } else if rightShows {
        place(.space, row, column + 1, style)
      }
    } else if column >= clip.column, column < clip.endColumn {
      let index = row * size.columns + column
      detach(index, column)
      cells[index] = Cell(glyph, style)
    }
  }

  /// Copies another grid's cells in, its corner at a place of this view.
  package mutating func blit(_ other: Grid, row: Int, column: Int) {
    for otherRow in 0..<other.size.rows {
      let target = row + origin.row + otherRow
      guard target >= clip.row, target < clip.endRow else { continue }
      for otherColumn in 0..<other.size.columns {
        let cell = other[otherRow, otherColumn]
        guard !cell.glyph.isContinuation else { continue }
        place(cell.glyph, target, column + origin.column + otherColumn, cell.style)
      }
    }
  }

  /// Changes the styles of an area, keeping its text.
  package mutating func restyle(_ rect: Rect, _ change: (StyleID) -> StyleID) {
    let area = rect.offset(rows: origin.row, columns: origin.column).intersection(clip)
    guard !area.isEmpty else { return }
    for row in area.row..<area.endRow {
      for index in (row * size.columns + area.column)..<(row * size.columns + area.endColumn) {
        cells[index].style = change(cells[index].style)
      }
    }
  }

  /// If the cell is half of a wide glyph, the other half becomes a space.
  private mutating func detach(_ index: Int, _ column: Int) {
    let width = cells[index].glyph.width
    if width == 0, column > 0 {
      cells[index - 1].glyph = .space
    } else if width == 2, column + 1 < size.columns {
      cells[index + 1].glyph = .space
    }
  }
}
