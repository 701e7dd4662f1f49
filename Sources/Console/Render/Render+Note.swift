import Terminal

/// Something to be read before one goes on.
func renderNote(_ grid: inout Grid, _ state: AppState, _ note: NoteState) -> Position? {
  let width = min(76, grid.size.columns - 2)
  let room = max(10, width - 4)
  let lines = note.lines.flatMap { TextWidth.wrap(state.language($0), to: room, maxLines: 4) }
  let secret = note.secret.map { TextWidth.wrap($0, to: room, maxLines: 3) } ?? []
  let rows = lines.count + (secret.isEmpty ? 0 : secret.count + 1) + 4
  let inside = panel(&grid, rows: rows, columns: width, title: state.language(note.title))
  // What is shown only once stands first: it is seen on a screen that is too low for all.
  var row = inside.row
  for text in secret {
    grid.write(
      text, row: row, column: inside.column + 1, style: StyleID(.title, over: .dialog), maxWidth: inside.columns - 2)
    row += 1
  }
  if !secret.isEmpty { row += 1 }
  for text in lines where row < inside.endRow - 1 {
    grid.write(text, row: row, column: inside.column + 1, style: .dialog, maxWidth: inside.columns - 2)
    row += 1
  }
  grid.write(
    state.language("Enter or Esc, once you have read it"), row: inside.endRow - 1, column: inside.column + 1,
    style: StyleID(.muted, over: .dialog), maxWidth: inside.columns - 2, truncation: .end)
  return nil
}
