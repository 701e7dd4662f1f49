import Market
import Store
import Terminal

func renderList(_ grid: inout Grid, _ state: AppState, _ list: ListState, _ layout: Layout) {
  let (area, pane) = layout.split(for: state)
  let columns = shownColumns(list, state)
  let fitted = Column.fit(columns.map(\.column), into: max(0, area.columns - 2))
  let (head, body) = area.splitTop(1)
  renderColumnTitles(&grid, columns, fitted, head, state.language)
  if let pane { renderPane(&grid, state, list, pane) }
  guard !list.rows.isEmpty else {
    renderNothing(&grid, state, list, body)
    return
  }
  let first = list.topIndex
  for offset in 0..<body.rows {
    let index = first + offset
    guard list.rows.indices.contains(index) else { break }
    let row = list.rows[index]
    let isSelected = row.id == list.selected
    let overlay: StyleRole? =
      isSelected
      ? (state.overlay == nil ? .selection : .selectionUnfocused) : list.marks[row.id] != nil ? .marked : nil
    let y = body.row + offset
    if isSelected {
      grid.fill(Rect(row: y, column: 0, rows: 1, columns: area.columns), style: StyleID(.text, over: overlay))
      grid.write("▌", row: y, column: 0, style: StyleID(.text, over: overlay))
    }
    // A sign and not a colour alone tells what is marked.
    if list.marks[row.id] != nil { grid.write("✓", row: y, column: 0, style: StyleID(.marked, over: overlay)) }
    var x = 1
    for (place, width) in fitted where row.cells.indices.contains(columns[place].index) {
      let cell = row.cells[columns[place].index]
      grid.writeField(
        state.language.cell(cell.text), row: y, column: x, width: width, style: cell.style.under(overlay),
        alignment: columns[place].column.alignment)
      x += width + 1
    }
  }
}

/// The list's columns that the person has not hidden, each with the place of its cell in a row.
private func shownColumns(_ list: ListState, _ state: AppState) -> [(index: Int, column: Column)] {
  let hidden = state.remembered.hiddenColumns[list.kind.rawValue] ?? []
  return list.kind.screen.columns(for: state.role).enumerated()
    .filter { $0.offset == 0 || !hidden.contains($0.element.id) }
    .map { ($0.offset, $0.element) }
}

private func renderColumnTitles(
  _ grid: inout Grid, _ columns: [(index: Int, column: Column)], _ fitted: [(index: Int, width: Int)], _ head: Rect,
  _ language: Language
) {
  grid.fill(head, style: .header)
  var x = 1
  for (place, width) in fitted {
    let column = columns[place].column
    grid.writeField(
      language(column.title), row: head.row, column: x, width: width, style: .header, alignment: column.alignment)
    x += width + 1
  }
}

private func nothingMatches(_ list: ListState, _ state: AppState) -> String {
  let text = "\(state.language("Nothing matches")) \(list.filter)"
  let key = state.commands.first { $0.id == .clearFilter }?.keyText ?? ""
  return key.isEmpty ? text : "\(text) · \(key) \(state.language("shows all"))"
}

private func renderNothing(_ grid: inout Grid, _ state: AppState, _ list: ListState, _ body: Rect) {
  let text: (String, StyleID) =
    if case .refused(let problem) = state.connection {
      (problem, .stateFailed)
    } else if let problem = list.problem {
      (problem, .stateFailed)
    } else if !list.hasLoaded {
      (
        state.connection == .signedIn
          ? state.language("Reading…") : "\(state.language("Connecting to")) \(state.host)…", .muted
      )
    } else if !list.filter.isEmpty {
      (nothingMatches(list, state), .muted)
    } else {
      (state.language(list.kind.screen.emptyText), .muted)
    }
  for (offset, line) in TextWidth.wrap(text.0, to: max(10, body.columns - 4), maxLines: body.rows).enumerated() {
    grid.write(line, row: body.row + 1 + offset, column: 2, style: text.1, maxWidth: body.columns - 3)
  }
}
