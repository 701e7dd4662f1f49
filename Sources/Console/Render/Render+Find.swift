import Terminal

/// Looking for an order: what is typed, and what was found by it.
func renderFind(_ grid: inout Grid, _ state: AppState, _ find: FindState) -> Position {
  let hits = find.hits ?? []
  let inside = panel(
    &grid, rows: min(max(hits.count, 1) + 3, grid.size.rows - 2), columns: min(100, grid.size.columns - 2),
    title: state.language("Find"))
  let cursor = renderEdit(
    &grid, find.edit, row: inside.row, column: inside.column + 1, width: max(1, inside.columns - 2))
  let room = max(0, inside.rows - 1)
  guard !hits.isEmpty else {
    let text =
      find.isRunning
      ? state.connection == .signedIn ? "Looking…" : "Looking once there is a connection…"
      : find.hits == nil && find.isForKey(state.role)
        ? "It looks like a key: Enter sends it sealed, and the audit log tells"
        : find.hits == nil ? "number, e-mail, Stripe id, last four digits, vendor, IP" : "Nothing is known of it"
    grid.write(
      state.language(text), row: inside.row + 1, column: inside.column + 1, style: StyleID(.muted, over: .dialog),
      maxWidth: inside.columns - 2, truncation: .end)
    return cursor
  }
  let first = max(0, find.selected - room + 1)
  for offset in 0..<room {
    guard hits.indices.contains(first + offset) else { break }
    let hit = hits[first + offset]
    let overlay: StyleRole = first + offset == find.selected ? .selection : .dialog
    let row = inside.row + 1 + offset
    grid.fill(
      Rect(row: row, column: inside.column, rows: 1, columns: inside.columns), style: StyleID(.text, over: overlay))
    var column = inside.column + 1
    for (cell, width) in zip(hit.row.cells.prefix(3), [15, 13, 28]) {
      guard column + 4 < inside.endColumn else { break }
      let room = min(width, inside.endColumn - column - 1)
      grid.writeField(
        state.language.cell(cell.text), row: row, column: column, width: room, style: cell.style.under(overlay))
      column += room + 1
    }
    grid.write(
      hit.by, row: row, column: column, style: StyleID.muted.under(overlay),
      maxWidth: max(0, inside.endColumn - column - 1), truncation: .end)
  }
  return cursor
}
