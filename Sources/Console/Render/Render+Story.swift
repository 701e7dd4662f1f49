import Market
import Terminal

func renderStory(_ grid: inout Grid, _ state: AppState, _ story: StoryState, _ layout: Layout) {
  let headRows = layout.headRows(story)
  let (head, body) = layout.middle.splitTop(headRows)
  renderFacts(&grid, story, head, layout, state.language)
  guard !story.lines.isEmpty else {
    let text =
      story.problem ?? (story.hasLoaded ? state.language("Nothing is recorded of this.") : state.language("Reading…"))
    grid.write(text, row: body.row + 1, column: 2, style: story.problem == nil ? .muted : .stateFailed)
    return
  }
  for offset in 0..<body.rows {
    let index = story.top + offset
    guard story.lines.indices.contains(index) else { break }
    renderStoryLine(&grid, story.lines[index], row: body.row + offset, isSelected: index == story.selected, state)
  }
  if story.isExpanded, story.lines.indices.contains(story.selected) {
    renderExpanded(&grid, story.lines[story.selected], body)
  }
}

private func renderFacts(_ grid: inout Grid, _ story: StoryState, _ head: Rect, _ layout: Layout, _ language: Language)
{
  let perRow = layout.size.columns >= 110 ? 2 : 1
  let width = (layout.size.columns - 2) / perRow
  let shown = perRow == 2 ? story.header : Array(story.header.prefix(layout.compactFacts))
  for (index, fact) in shown.enumerated() {
    let row = head.row + index / perRow
    guard row < head.endRow - 1 else { break }
    let column = 1 + (index % perRow) * width
    grid.writeField(language(fact.label), row: row, column: column, width: 9, style: .muted)
    grid.write(
      language.cell(fact.value), row: row, column: column + 10, style: fact.style, maxWidth: max(0, width - 11),
      truncation: .end)
  }
  if head.rows > 0 { grid.hline(row: head.endRow - 1, column: 0, length: layout.size.columns) }
}

private func renderStoryLine(
  _ grid: inout Grid, _ line: StoryLine, row: Int, isSelected: Bool, _ state: AppState
) {
  let width = state.size.columns
  let overlay: StyleRole? = isSelected ? (state.overlay == nil ? .selection : .selectionUnfocused) : nil
  if isSelected {
    grid.fill(Rect(row: row, column: 0, rows: 1, columns: width), style: StyleID(.text, over: overlay))
    grid.write("▌", row: row, column: 0, style: StyleID(.text, over: overlay))
  }
  grid.write(line.time, row: row, column: 1, style: StyleID.textDim.under(overlay), maxWidth: 12)
  grid.write(line.symbol, row: row, column: 14, style: line.style.under(overlay), maxWidth: 2)
  let titleWidth = width >= 120 ? 34 : 26
  grid.writeField(line.title, row: row, column: 16, width: titleWidth, style: line.style.under(overlay))
  let column = 17 + titleWidth
  grid.write(
    line.detail, row: row, column: column, style: StyleID.textDim.under(overlay), maxWidth: max(0, width - column - 1),
    truncation: .end)
}

/// The whole of one line's record, over the lower part of the story.
private func renderExpanded(_ grid: inout Grid, _ line: StoryLine, _ body: Rect) {
  let lines = line.full.flatMap { TextWidth.wrap($0, to: max(10, body.columns - 4)) }
  let rows = min(body.rows, lines.count + 2)
  guard rows > 2 else { return }
  let area = Rect(row: body.endRow - rows, column: 0, rows: rows, columns: body.columns)
  grid.fill(area, style: .dialog)
  let inside = grid.box(
    area, title: line.title, style: StyleID(.border, over: .dialog), titleStyle: StyleID(.title, over: .dialog))
  for (offset, text) in lines.prefix(inside.rows).enumerated() {
    let isCut = offset == inside.rows - 1 && lines.count > inside.rows
    grid.write(
      isCut ? "\(text) …" : text, row: inside.row + offset, column: inside.column + 1, style: .dialog,
      maxWidth: inside.columns - 2, truncation: .end)
  }
}
