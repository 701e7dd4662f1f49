import Market
import Store
import Terminal

/// Draws what lies over the screen; answers where the cursor is.
func renderOverlay(_ grid: inout Grid, _ state: AppState, _ layout: Layout) -> Position? {
  switch state.overlay {
  case .palette(let palette): renderPalette(&grid, state, palette)
  case .filter(let filter): renderFilter(&grid, state, filter, layout)
  case .help(let scroll): renderText(&grid, title: "Help", lines: helpLines(state), scroll: scroll)
  case .messages(let scroll): renderText(&grid, title: "Messages", lines: messageLines(state), scroll: scroll)
  case .confirm(let confirm): renderConfirm(&grid, confirm)
  case .password(let password): renderPassword(&grid, state, password)
  case nil: nil
  }
}

/// A panel in the middle, with a frame and a title; answers its inside.
private func panel(_ grid: inout Grid, rows: Int, columns: Int, title: String) -> Rect {
  let area = grid.bounds.centered(rows: min(rows, grid.size.rows), columns: min(columns, grid.size.columns))
  grid.fill(area, style: .dialog)
  return grid.box(area, title: title, style: StyleID(.borderFocused, over: .dialog), titleStyle: .title)
}

/// A line of text being typed, scrolled so that the cursor shows; answers where that is.
private func renderEdit(_ grid: inout Grid, _ line: LineEdit, row: Int, column: Int, width: Int, hidden: Bool = false)
  -> Position
{
  grid.fill(Rect(row: row, column: column, rows: 1, columns: width), style: .input)
  let shown = hidden ? Array(repeating: Character("•"), count: line.characters.count) : line.characters
  var start = 0
  while start < line.cursor, TextWidth.of(String(shown[start..<line.cursor])) > width - 1 { start += 1 }
  grid.write(String(shown[start...]), row: row, column: column, style: .input, maxWidth: width)
  return Position(row: row, column: column + TextWidth.of(String(shown[start..<line.cursor])))
}

private func renderPalette(_ grid: inout Grid, _ state: AppState, _ palette: PaletteState) -> Position {
  let matches = palette.matches(in: state)
  let inside = panel(
    &grid, rows: min(16, grid.size.rows - 2), columns: min(56, grid.size.columns - 2), title: "Commands")
  grid.write(":", row: inside.row, column: inside.column, style: .key)
  let cursor = renderEdit(
    &grid, palette.edit, row: inside.row, column: inside.column + 1, width: max(1, inside.columns - 1))
  let room = inside.rows - 1
  let first = max(0, palette.selected - room + 1)
  for offset in 0..<max(0, room) {
    guard matches.indices.contains(first + offset) else { break }
    let command = matches[first + offset]
    let row = inside.row + 1 + offset
    let overlay: StyleRole = first + offset == palette.selected ? .selection : .dialog
    grid.fill(
      Rect(row: row, column: inside.column, rows: 1, columns: inside.columns), style: StyleID(.text, over: overlay))
    let style: StyleID = command.refusal(in: state) == nil ? .text : .muted
    grid.write(
      command.title, row: row, column: inside.column + 1, style: style.under(overlay), maxWidth: inside.columns - 12,
      truncation: .end)
    let key = command.keyText
    grid.write(
      key, row: row, column: inside.endColumn - TextWidth.of(key) - 1, style: StyleID.key.under(overlay))
  }
  return cursor
}

private func renderFilter(_ grid: inout Grid, _ state: AppState, _ filter: FilterState, _ layout: Layout) -> Position {
  let width = state.size.columns
  let row = layout.hintRow
  grid.fill(Rect(row: row, column: 0, rows: 1, columns: width), style: .input)
  grid.write("/", row: row, column: 0, style: .key)
  let cursor = renderEdit(&grid, filter.edit, row: row, column: 1, width: width - 1)
  let above = row - 1
  if let error = filter.error {
    grid.fill(Rect(row: above, column: 0, rows: 1, columns: width), style: .danger)
    // The mark stands under nothing but above the column that the error speaks of.
    grid.write(
      " \(error.description)", row: above, column: 0, style: .danger, maxWidth: width, truncation: .end)
  } else if !filter.candidates.isEmpty {
    grid.fill(Rect(row: above, column: 0, rows: 1, columns: width), style: .dialog)
    var column = 1
    for (index, candidate) in filter.candidates.enumerated() {
      let text = candidate.text
      guard column + TextWidth.of(text) < width else { break }
      let style: StyleID = index == filter.selected ? .selection : .dialog
      column += grid.write(text, row: above, column: column, style: style) + 2
    }
    let help = filter.selected.flatMap { filter.candidates.indices.contains($0) ? filter.candidates[$0].help : nil }
    if let help, !help.isEmpty {
      grid.write(
        help, row: above, column: column + 1, style: StyleID(.muted, over: .dialog),
        maxWidth: max(0, width - column - 2), truncation: .end)
    }
  }
  return cursor
}

private func renderConfirm(_ grid: inout Grid, _ confirm: ConfirmState) -> Position? {
  let inside = panel(
    &grid, rows: confirm.lines.count + 8, columns: min(72, grid.size.columns - 2), title: confirm.title)
  var row = inside.row
  for line in confirm.lines {
    grid.write(
      line, row: row, column: inside.column + 1, style: .dialog, maxWidth: inside.columns - 2, truncation: .end)
    row += 1
  }
  row += 1
  grid.write("Reason", row: row, column: inside.column + 1, style: StyleID(.muted, over: .dialog))
  let cursor = renderEdit(
    &grid, confirm.reason, row: row, column: inside.column + 9, width: max(1, inside.columns - 10))
  row += 2
  var column = inside.column + 1
  for (focus, label, style) in [
    (ConfirmState.Focus.cancel, "Cancel", StyleID.dialog), (.confirm, confirm.confirmTitle, .danger),
  ] {
    let text = confirm.focus == focus ? "[ \(label) ]" : "  \(label)  "
    column += grid.write(text, row: row, column: column, style: confirm.focus == focus ? .selection : style) + 2
  }
  if confirm.isRunning {
    grid.write("Working…", row: row, column: column, style: StyleID(.stateWaiting, over: .dialog))
  } else if let problem = confirm.problem {
    grid.write(
      problem, row: row + 1, column: inside.column + 1, style: StyleID(.stateFailed, over: .dialog),
      maxWidth: inside.columns - 2, truncation: .end)
  }
  return confirm.focus == .reason && !confirm.isRunning ? cursor : nil
}

private func renderPassword(_ grid: inout Grid, _ state: AppState, _ password: PasswordState) -> Position {
  let inside = panel(&grid, rows: 7, columns: min(56, grid.size.columns - 2), title: "Sign in")
  grid.write(
    "Password for \(password.user)", row: inside.row, column: inside.column + 1, style: .dialog,
    maxWidth: inside.columns - 2, truncation: .end)
  let cursor = renderEdit(
    &grid, password.edit, row: inside.row + 2, column: inside.column + 1, width: max(1, inside.columns - 2),
    hidden: true)
  if let problem = password.problem {
    grid.write(
      problem, row: inside.row + 3, column: inside.column + 1, style: StyleID(.stateFailed, over: .dialog),
      maxWidth: inside.columns - 2, truncation: .end)
  }
  grid.write(
    "Enter signs in, Esc quits", row: inside.endRow - 1, column: inside.column + 1,
    style: StyleID(.muted, over: .dialog))
  return cursor
}

private func renderText(_ grid: inout Grid, title: String, lines: [(String, String)], scroll: Int) -> Position? {
  let columns = min(76, grid.size.columns - 2)
  let inside = panel(&grid, rows: min(lines.count + 2, grid.size.rows - 2), columns: columns, title: title)
  let first = min(scroll, max(0, lines.count - inside.rows))
  for offset in 0..<inside.rows {
    guard lines.indices.contains(first + offset) else { break }
    let (left, right) = lines[first + offset]
    let row = inside.row + offset
    guard !right.isEmpty else {
      grid.write(
        left, row: row, column: inside.column + 1, style: .title, maxWidth: inside.columns - 2, truncation: .end)
      continue
    }
    grid.writeField(left, row: row, column: inside.column + 1, width: 18, style: StyleID(.key, over: .dialog))
    grid.write(
      right, row: row, column: inside.column + 20, style: .dialog, maxWidth: max(0, inside.columns - 21),
      truncation: .end)
  }
  return nil
}

/// Read from the command table, so that help is never wrong.
private func helpLines(_ state: AppState) -> [(String, String)] {
  var lines: [(String, String)] = []
  for command in Command.offered(in: state) {
    let why = command.refusal(in: state).map { " — \($0)" } ?? ""
    lines.append((command.keys.map(\.description).joined(separator: " "), command.title + why))
  }
  guard let list = state.list, let role = state.role else { return lines }
  lines.append(("", ""))
  lines.append(("Filters here", ""))
  for field in list.kind.list.schema(for: role).fields { lines.append((field.name, field.help)) }
  lines.append(("since: until:", "2h, 3d, today, 2026-03-01"))
  lines.append(("-term", "all but those"))
  return lines
}

private func messageLines(_ state: AppState) -> [(String, String)] {
  guard !state.messages.isEmpty else { return [("No messages yet.", "")] }
  return state.messages.reversed().map { message in
    (state.clock.short(message.at), (message.isProblem ? "✗ " : "✓ ") + message.text)
  }
}
