import Terminal

/// A board: headings, and figures in columns of label, value, sparkline and note.
func renderBoard(_ grid: inout Grid, _ state: AppState, _ board: BoardState, _ layout: Layout) {
  let body = layout.middle
  guard !board.lines.isEmpty else {
    let text =
      board.problem
      ?? (state.connection == .signedIn
        ? state.language("Reading…") : "\(state.language("Connecting to")) \(state.host)…")
    grid.write(text, row: body.row + 1, column: 2, style: board.problem == nil ? .muted : .stateFailed)
    return
  }
  let lines = board.lines.map { $0.said(in: state.language) }
  let columns = BoardColumns(lines.filter { !$0.isProse }, width: body.columns)
  let prose = BoardColumns(lines.filter(\.isProse), width: body.columns)
  for offset in 0..<body.rows {
    let index = board.top + offset
    guard lines.indices.contains(index) else { break }
    let line = lines[index]
    let isSelected = line.key == board.selected
    renderBoardLine(
      &grid, line, line.isProse ? prose : columns, row: body.row + offset,
      overlay: isSelected ? (state.overlay == nil ? .selection : .selectionUnfocused) : nil)
  }
}

private func renderBoardLine(
  _ grid: inout Grid, _ line: BoardLine, _ columns: BoardColumns, row: Int, overlay: StyleRole?
) {
  guard !line.isHeading else {
    grid.write(line.label, row: row, column: 1, style: .header)
    return
  }
  if overlay != nil {
    grid.fill(Rect(row: row, column: 0, rows: 1, columns: columns.width), style: StyleID(.text, over: overlay))
    grid.write("▌", row: row, column: 0, style: StyleID(.text, over: overlay))
  }
  grid.writeField(line.label, row: row, column: 3, width: columns.label, style: StyleID.text.under(overlay))
  grid.writeField(
    line.value, row: row, column: columns.valueColumn, width: columns.value, style: line.style.under(overlay),
    alignment: .right)
  var column = columns.valueColumn + columns.value + 2
  // A note has the room of a line of eighths where there is none.
  if columns.spark > 0, !line.series.isEmpty {
    grid.write(
      sparkline(line.series, width: columns.spark), row: row, column: column, style: StyleID.chart.under(overlay),
      maxWidth: columns.spark)
    column += columns.spark + 2
  }
  grid.write(
    line.note, row: row, column: column, style: StyleID.textDim.under(overlay),
    maxWidth: max(0, columns.width - column - 1), truncation: .end)
}

extension BoardLine {
  /// The line with its words in a language.
  fileprivate func said(in language: Language) -> BoardLine {
    var line = self
    line.label = language(label)
    line.note = language(note)
    line.value = language.cell(value)
    return line
  }
}

/// How a board's columns share the screen.
private struct BoardColumns {
  var width: Int
  var label: Int
  var value: Int
  var spark: Int

  init(_ lines: [BoardLine], width: Int) {
    self.width = width
    let figures = lines.filter { !$0.isHeading }
    label = min(figures.reduce(8) { max($0, TextWidth.of($1.label)) }, max(12, width * 2 / 5))
    value = min(figures.reduce(4) { max($0, TextWidth.of($1.value)) }, max(8, width / 4))
    let rest = width - 3 - label - 1 - value - 2
    let wanted = figures.contains { !$0.series.isEmpty } ? 60 : 0
    spark = rest >= 24 ? min(wanted, max(0, rest - 2) / (rest >= 50 ? 2 : 1)) : 0
  }

  var valueColumn: Int { 3 + label + 1 }
}

/// A row of eighths: the newest at the right end, the highest of what is shown a full block. All zero is a flat line.
package func sparkline(_ series: [Int], width: Int) -> String {
  guard width > 0, !series.isEmpty else { return "" }
  // Where there are more values than cells, neighbours are added up.
  let per = (series.count + width - 1) / width
  let start = series.count % per
  var sums: [Int] = start > 0 ? [series[..<start].reduce(0, +)] : []
  for index in stride(from: start, to: series.count, by: per) {
    sums.append(series[index..<min(index + per, series.count)].reduce(0, +))
  }
  let most = sums.max() ?? 0
  let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  return String(
    sums.map { value in
      guard most > 0, value > 0 else { return "▁" }
      return blocks[min(7, value * 7 / most + (value * 7 % most > 0 ? 1 : 0))]
    })
}
