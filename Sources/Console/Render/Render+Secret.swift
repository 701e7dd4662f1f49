import Terminal

/// A key, for as long as it is shown.
func renderSecret(_ grid: inout Grid, _ state: AppState, _ secret: SecretState) -> Position? {
  let width = min(76, grid.size.columns - 2)
  let lines = TextWidth.wrap(secret.key.text, to: max(10, width - 4), maxLines: 8)
  let inside = panel(&grid, rows: lines.count + 6, columns: width, title: state.language("Key"))
  for (offset, line) in lines.enumerated() {
    grid.write(
      line, row: inside.row + 1 + offset, column: inside.column + 1, style: StyleID(.title, over: .dialog),
      maxWidth: inside.columns - 2)
  }
  let words = state.language(secret.isRenewing ? "Asking again…" : "r asks for it again, any other key takes it away")
  grid.write(
    "\(secret.secondsLeft) s  \(words)", row: inside.endRow - 1, column: inside.column + 1,
    style: StyleID(.muted, over: .dialog), maxWidth: inside.columns - 2, truncation: .end)
  return nil
}
