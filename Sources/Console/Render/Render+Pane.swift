import Terminal

/// The side pane of a wide screen: all of the row under the cursor, once the cursor rests.
func renderPane(_ grid: inout Grid, _ state: AppState, _ list: ListState, _ area: Rect) {
  grid.vline(row: area.row, column: area.column, length: area.rows)
  let inside = Rect(row: area.row, column: area.column + 2, rows: area.rows, columns: area.columns - 3)
  guard let row = list.rows.first(where: { $0.id == state.pane }) else { return }
  grid.writeField(row.copyText, row: inside.row, column: inside.column, width: inside.columns, style: .title)
  let columns = list.kind.screen.columns(for: state.role)
  let facts =
    zip(columns, row.cells).dropFirst().map { StoryFact($0.title, $1.text, $1.style) } + row.facts
  let labels = min(16, facts.reduce(6) { max($0, TextWidth.of(state.language($1.label))) })
  var y = inside.row + 2
  for fact in facts where !fact.value.isEmpty {
    let lines = TextWidth.wrap(state.language.cell(fact.value), to: max(8, inside.columns - labels - 1), maxLines: 4)
    for (offset, text) in lines.enumerated() {
      guard y < inside.endRow else { return }
      if offset == 0 {
        grid.writeField(state.language(fact.label), row: y, column: inside.column, width: labels, style: .muted)
      }
      grid.write(
        text, row: y, column: inside.column + labels + 1, style: fact.style,
        maxWidth: max(0, inside.columns - labels - 1))
      y += 1
    }
  }
  guard case .text(let lines) = row.detail, !lines.isEmpty else { return }
  y += 1
  for line in lines {
    for text in TextWidth.wrap(line, to: inside.columns, maxLines: 3) {
      guard y < inside.endRow else { return }
      grid.write(text, row: y, column: inside.column, style: .textDim, maxWidth: inside.columns)
      y += 1
    }
  }
}
