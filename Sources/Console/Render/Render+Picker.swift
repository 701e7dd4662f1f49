import Terminal

/// A choice from a short list.
func renderPicker(_ grid: inout Grid, _ state: AppState, _ picker: PickerState) -> Position? {
  let items = picker.items(in: state)
  let inside = panel(
    &grid, rows: min(max(items.count, 1) + 3, grid.size.rows - 2), columns: min(64, grid.size.columns - 2),
    title: state.language(picker.title))
  let room = max(0, inside.rows - 1)
  if items.isEmpty {
    grid.write(
      state.language(picker.emptyText), row: inside.row, column: inside.column + 1,
      style: StyleID(.muted, over: .dialog),
      maxWidth: inside.columns - 2, truncation: .end)
  }
  let first = max(0, picker.selected - room + 1)
  for offset in 0..<room {
    guard items.indices.contains(first + offset) else { break }
    let item = items[first + offset]
    let overlay: StyleRole = first + offset == picker.selected ? .selection : .dialog
    let row = inside.row + offset
    grid.fill(
      Rect(row: row, column: inside.column, rows: 1, columns: inside.columns), style: StyleID(.text, over: overlay))
    var column = inside.column + 1
    if let isTicked = item.isTicked {
      grid.write(isTicked ? "✓" : "·", row: row, column: column, style: StyleID.key.under(overlay))
    }
    // Whatever cannot be ticked stands in line with what can.
    if items.contains(where: { $0.isTicked != nil }) { column += 2 }
    let style: StyleID = item.isOpen ? .text : .muted
    column += grid.write(
      state.language(item.text), row: row, column: column, style: style.under(overlay),
      maxWidth: max(0, inside.endColumn - column - 1), truncation: .end)
    if !item.note.isEmpty {
      grid.write(
        "  \(state.language(item.note))", row: row, column: column, style: StyleID.muted.under(overlay),
        maxWidth: max(0, inside.endColumn - column - 1), truncation: .end)
    }
  }
  grid.write(
    state.language(picker.hint), row: inside.endRow - 1, column: inside.column + 1,
    style: StyleID(.muted, over: .dialog),
    maxWidth: inside.columns - 2, truncation: .end)
  return nil
}
