import Terminal

/// An action's form: what will happen, what it needs to know, what it would come to, and the two buttons.
func renderForm(_ grid: inout Grid, _ form: FormState, _ say: Language) -> Position? {
  let width = min(76, grid.size.columns - 2)
  let texts = wrapped(form.lines, to: width - 4)
  let preview = wrapped(form.preview ?? [], to: width - 4)
  let rows = texts.count + 1 + form.fields.count + 1 + (preview.isEmpty ? 0 : preview.count + 1) + 2 + 2
  let inside = panel(&grid, rows: rows, columns: width, title: say(form.title))
  // On a screen too low for all, the fields and buttons stay and the text gives way.
  let spare = max(0, rows - 2 - inside.rows)
  let shownTexts = texts.prefix(max(0, texts.count - spare))
  var row = writeLines(&grid, Array(shownTexts), row: inside.row, inside, style: .dialog)
  if spare == 0 { row += 1 }
  let labels = form.fields.reduce(6) { max($0, TextWidth.of(say($1.label))) }
  var cursor: Position?
  // Fields that there is no room for are a few keys away: the one that is filled in is always seen.
  let room = max(1, inside.endRow - 2 - row)
  let focused: Int
  if case .field(let index) = form.focus { focused = index } else { focused = form.fields.count - 1 }
  let first = max(0, min(focused - room + 1, form.fields.count - room))
  for (index, field) in form.fields.enumerated().dropFirst(first).prefix(room) {
    let place = renderField(
      &grid, field, say(field.label), isFocused: form.focus == .field(index), row: row, labels: labels, inside)
    if form.focus == .field(index) { cursor = place }
    row += 1
  }
  // The buttons stand at the bottom, whatever there is no room for above them.
  let buttons = inside.endRow - 2
  if !preview.isEmpty {
    let room = max(0, buttons - row - 1)
    var shown = Array(preview.dropFirst(form.previewTop).prefix(room))
    // What there is no room for is a page away, and said to be.
    if form.previewTop + shown.count < preview.count, shown.count > 1 {
      shown[shown.count - 1] = "↓ \(preview.count - form.previewTop - shown.count + 1) · pgdn"
    }
    _ = writeLines(&grid, shown, row: row + 1, inside, style: StyleID(.stateWarn, over: .dialog))
  }
  grid.fill(Rect(row: buttons, column: inside.column, rows: 2, columns: inside.columns), style: .dialog)
  renderButtons(&grid, form, row: buttons, inside, say)
  if let problem = form.problem {
    grid.write(
      say(problem), row: buttons + 1, column: inside.column + 1, style: StyleID(.stateFailed, over: .dialog),
      maxWidth: inside.columns - 2, truncation: .end)
  }
  return form.isRunning ? nil : cursor
}

private func wrapped(_ lines: [String], to width: Int) -> [String] {
  lines.flatMap { TextWidth.wrap($0, to: max(10, width), maxLines: 4) }
}

private func writeLines(_ grid: inout Grid, _ lines: [String], row: Int, _ inside: Rect, style: StyleID) -> Int {
  for (offset, line) in lines.enumerated() {
    grid.write(
      line, row: row + offset, column: inside.column + 1, style: style, maxWidth: inside.columns - 2,
      truncation: .end)
  }
  return row + lines.count
}

private func renderField(
  _ grid: inout Grid, _ field: FormField, _ label: String, isFocused: Bool, row: Int, labels: Int, _ inside: Rect
) -> Position {
  let column = inside.column + 1
  grid.writeField(
    label, row: row, column: column, width: labels,
    style: StyleID(isFocused ? .key : .muted, over: .dialog))
  let start = column + labels + 2
  let width = max(1, inside.endColumn - start - 1)
  guard field.isChoice else {
    return renderEdit(&grid, field.edit, row: row, column: start, width: width, hidden: field.kind == .secret)
  }
  grid.write(
    isFocused ? "‹ \(field.edit.text) ›" : "  \(field.edit.text)", row: row, column: start,
    style: isFocused ? .selection : .dialog, maxWidth: width)
  return Position(row: row, column: start)
}

private func renderButtons(_ grid: inout Grid, _ form: FormState, row: Int, _ inside: Rect, _ say: Language) {
  var column = inside.column + 1
  let title = say(form.hasPreview && form.preview == nil ? "What it comes to" : form.confirmTitle)
  // Only the one that Enter would press stands out: without colours two that did could not be told apart.
  for (focus, label, style) in [
    (FormState.Focus.cancel, say("Cancel"), StyleID.selection), (.confirm, title, .danger),
  ] {
    let text = form.focus == focus ? "[ \(label) ]" : "  \(label)  "
    column += grid.write(text, row: row, column: column, style: form.focus == focus ? style : .dialog) + 2
  }
  if form.isRunning {
    grid.write(say("Working…"), row: row, column: column, style: StyleID(.stateWaiting, over: .dialog))
  }
}
