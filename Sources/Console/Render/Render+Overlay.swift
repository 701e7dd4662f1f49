import Market
import Store
import Terminal

/// Draws what lies over the screen; answers where the cursor is.
func renderOverlay(_ grid: inout Grid, _ state: AppState, _ layout: Layout) -> Position? {
  switch state.overlay {
  case .palette(let palette): renderPalette(&grid, state, palette)
  case .filter(let filter): renderFilter(&grid, state, filter, layout)
  case .find(let find): renderFind(&grid, state, find)
  case .help(let scroll): renderText(&grid, title: state.language("Help"), lines: helpLines(state), scroll: scroll)
  case .messages(let scroll):
    renderText(&grid, title: state.language("Messages"), lines: messageLines(state), scroll: scroll)
  case .row(let scroll):
    renderText(&grid, title: state.list?.selectedRow?.copyText ?? "", lines: rowLines(state), scroll: scroll)
  case .form(let form): renderForm(&grid, form, state.language)
  case .picker(let picker): renderPicker(&grid, state, picker)
  case .password(let password): renderPassword(&grid, state, password)
  case .secret(let secret): renderSecret(&grid, state, secret)
  case .note(let note): renderNote(&grid, state, note)
  case nil: nil
  }
}

/// A panel in the middle, with a frame and a title; answers its inside.
func panel(_ grid: inout Grid, rows: Int, columns: Int, title: String) -> Rect {
  let area = grid.bounds.centered(rows: min(rows, grid.size.rows), columns: min(columns, grid.size.columns))
  grid.fill(area, style: .dialog)
  return grid.box(
    area, title: title, style: StyleID(.borderFocused, over: .dialog), titleStyle: StyleID(.title, over: .dialog))
}

/// A line of text being typed, scrolled so that the cursor shows; answers where that is.
func renderEdit(_ grid: inout Grid, _ line: LineEdit, row: Int, column: Int, width: Int, hidden: Bool = false)
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
    &grid, rows: min(18, grid.size.rows - 2), columns: min(76, grid.size.columns - 2), title: state.language("Commands")
  )
  grid.write(":", row: inside.row, column: inside.column, style: .key)
  let cursor = renderEdit(
    &grid, palette.edit, row: inside.row, column: inside.column + 1, width: max(1, inside.columns - 1))
  let room = inside.rows - 1
  let first = max(0, palette.selected - room + 1)
  if matches.isEmpty {
    grid.write(
      state.language("No command is called that"), row: inside.row + 1, column: inside.column + 1,
      style: StyleID(.muted, over: .dialog))
  }
  for offset in 0..<max(0, room) {
    guard matches.indices.contains(first + offset) else { break }
    renderMatch(
      &grid, matches[first + offset], row: inside.row + 1 + offset, inside,
      overlay: first + offset == palette.selected ? .selection : .dialog, state)
  }
  return cursor
}

/// A command in the palette: its title, why it cannot run now, and its key.
private func renderMatch(
  _ grid: inout Grid, _ command: Command, row: Int, _ inside: Rect, overlay: StyleRole, _ state: AppState
) {
  grid.fill(
    Rect(row: row, column: inside.column, rows: 1, columns: inside.columns), style: StyleID(.text, over: overlay))
  let refusal = command.refusal(in: state)
  let style: StyleID = refusal == nil ? .text : .muted
  let key = command.keyText
  let keyColumn = inside.endColumn - TextWidth.of(key) - 1
  let column = inside.column + 1
  let used = grid.write(
    state.language(command.title), row: row, column: column, style: style.under(overlay),
    maxWidth: max(0, keyColumn - column - 1),
    truncation: .end)
  if let refusal {
    grid.write(
      " — \(state.language(refusal))", row: row, column: column + used, style: StyleID.muted.under(overlay),
      maxWidth: max(0, keyColumn - column - used - 1), truncation: .end)
  }
  grid.write(key, row: row, column: keyColumn, style: StyleID.key.under(overlay))
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

private func renderPassword(_ grid: inout Grid, _ state: AppState, _ password: PasswordState) -> Position {
  let inside = panel(
    &grid, rows: 7, columns: min(56, grid.size.columns - 2),
    title: state.language(state.isLocked ? "Locked" : "Sign in"))
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
    state.language("Enter signs in, Esc quits"), row: inside.endRow - 1, column: inside.column + 1,
    style: StyleID(.muted, over: .dialog))
  return cursor
}

private func renderText(_ grid: inout Grid, title: String, lines: [(String, String)], scroll: Int) -> Position? {
  let columns = min(76, grid.size.columns - 2)
  let inside = panel(&grid, rows: min(lines.count + 2, grid.size.rows - 2), columns: columns, title: title)
  let first = min(scroll, max(0, lines.count - inside.rows))
  if lines.count > inside.rows {
    // How much of it there is, for there is more than is seen.
    let place = " \(first + 1)–\(first + inside.rows)/\(lines.count) "
    grid.write(
      place, row: inside.endRow, column: max(inside.column, inside.endColumn - TextWidth.of(place) - 1),
      style: StyleID(.muted, over: .dialog))
  }
  for offset in 0..<inside.rows {
    guard lines.indices.contains(first + offset) else { break }
    let (left, right) = lines[first + offset]
    let row = inside.row + offset
    guard !right.isEmpty else {
      grid.write(
        left, row: row, column: inside.column + 1, style: StyleID(.title, over: .dialog), maxWidth: inside.columns - 2,
        truncation: .end)
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
func helpLines(_ state: AppState) -> [(String, String)] {
  var lines: [(String, String)] = []
  for command in Command.offered(in: state) {
    let why = command.refusal(in: state).map { " — \(state.language($0))" } ?? ""
    lines.append((command.keys.map(\.description).joined(separator: " "), state.language(command.title) + why))
  }
  guard let list = state.list, let role = state.role else { return lines }
  lines.append(("", ""))
  lines.append((state.language("Filters here"), ""))
  for field in list.kind.schema(for: role).fields { lines.append((field.name, field.help)) }
  lines.append(("since: until:", "2h, 3d, today, 2026-03-01"))
  lines.append(("-term", "all but those"))
  lines.append(("ctrl-s", "keeps the filter that is being typed"))
  return lines
}

/// All of the row under the cursor: every column, wherever there is room for it or not, and what has none.
func rowLines(_ state: AppState) -> [(String, String)] {
  guard let list = state.list, let row = list.selectedRow else { return [] }
  let room = max(16, min(76, state.size.columns - 2) - 23)
  let columns = list.kind.screen.columns(for: state.role)
  let facts = zip(columns, row.cells).map { StoryFact($0.title, $1.text) } + row.facts
  var lines = facts.filter { !$0.value.isEmpty }.flatMap { fact in
    TextWidth.wrap(state.language.cell(fact.value), to: room, maxLines: 12).enumerated().map { place, text in
      (place == 0 ? state.language(fact.label) : "", text)
    }
  }
  if case .text(let texts) = row.detail {
    lines += texts.flatMap { TextWidth.wrap($0, to: room, maxLines: 12) }.map { ("", $0) }
  }
  return lines
}

private func messageLines(_ state: AppState) -> [(String, String)] {
  guard !state.messages.isEmpty else { return [(state.language("No messages yet."), "")] }
  return state.messages.reversed().map { message in
    (state.clock.short(message.at), (message.isProblem ? "✗ " : "✓ ") + state.language(message.text))
  }
}
