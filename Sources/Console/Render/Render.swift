import Market
import Store
package import Terminal

/// Draws the state: pure, so that what is on the screen can be tested without one.
package func render(_ state: AppState) -> Frame {
  let layout = Layout(state.size)
  var grid = Grid(state.size)
  guard !layout.isTooSmall else {
    renderTooSmall(&grid)
    return Frame(grid: grid, cursor: nil)
  }
  guard !state.isLocked else {
    grid.write(" GlobalKeyMarket", row: 0, column: 0, style: .title)
    let cursor = renderOverlay(&grid, state, layout)
    return Frame(grid: grid, cursor: cursor)
  }
  renderTitle(&grid, state, layout)
  renderTabs(&grid, state, layout)
  switch state.screen {
  case .list(let list): renderList(&grid, state, list, layout)
  case .story(let story): renderStory(&grid, state, story, layout)
  case .board(let board): renderBoard(&grid, state, board, layout)
  }
  renderHints(&grid, state, layout)
  let cursor = renderOverlay(&grid, state, layout)
  return Frame(grid: grid, cursor: cursor)
}

/// What is to be seen, and where the cursor blinks if anywhere.
package struct Frame: Sendable {
  package var grid: Grid
  package var cursor: Position?
}

private func renderTooSmall(_ grid: inout Grid) {
  let text = "Too small: \(Layout.least.columns)×\(Layout.least.rows) at least"
  let row = max(0, grid.size.rows / 2)
  grid.write(text, row: row, column: 0, style: .stateWarn, maxWidth: grid.size.columns)
}

private func renderTitle(_ grid: inout Grid, _ state: AppState, _ layout: Layout) {
  let width = state.size.columns
  grid.fill(Rect(row: 0, column: 0, rows: 1, columns: width), style: .status)
  var column = grid.write(
    " GlobalKeyMarket ", row: 0, column: 0, style: StyleID(.title, over: .status), maxWidth: width)
  let right = titleRight(state)
  let rightWidth = TextWidth.of(right.text)
  let rightColumn = max(column, width - rightWidth - 1)
  let who = state.viewer.map { viewer in
    " \(viewer.displayName) · \(viewer.role.rawValue)" + (viewer.vendorName.map { " of \($0)" } ?? "")
  }
  if let who, rightColumn - column > 4 {
    column += grid.write(
      who, row: 0, column: column, style: .status, maxWidth: rightColumn - column - 1, truncation: .end)
  }
  grid.write(right.text, row: 0, column: rightColumn, style: right.style, maxWidth: width - rightColumn)
}

/// The state of the connection, in words.
private func titleRight(_ state: AppState) -> (text: String, style: StyleID) {
  let zone = state.clock.zone
  let say = state.language
  switch state.connection {
  case .connecting(let attempt):
    let again = attempt > 1 ? " (try \(attempt))" : ""
    return ("◌ \(say("connecting"))\(again)…", StyleID(.stateWaiting, over: .status))
  case .refused: return ("✗ \(say("not signed in"))", StyleID(.stateFailed, over: .status))
  case .lost: return ("✗ \(say("connection lost"))", StyleID(.stateFailed, over: .status))
  case .signedIn:
    let upload = state.upload.map { "\($0.text(say)) · " } ?? ""
    let mode = upload + (state.isReadOnly ? "\(say("read-only")) · " : "")
    return ("\(mode)\(state.isLive ? "● \(say("live"))" : "○ \(say("polling"))") · \(zone)", .status)
  }
}

private func renderHints(_ grid: inout Grid, _ state: AppState, _ layout: Layout) {
  let row = layout.hintRow
  let width = state.size.columns
  if case .lost(let problem) = state.connection {
    grid.fill(Rect(row: row, column: 0, rows: 1, columns: width), style: .bannerStale)
    grid.write(
      " \(state.language("Old data, connecting again")): \(problem)", row: row, column: 0, style: .bannerStale,
      maxWidth: width,
      truncation: .end)
    return
  }
  if let toast = state.toast {
    let style: StyleID = toast.isProblem ? .danger : .toast
    grid.fill(Rect(row: row, column: 0, rows: 1, columns: width), style: style)
    grid.write(
      " \(toast.isProblem ? "✗" : "✓") \(state.language(toast.text))", row: row, column: 0, style: style,
      maxWidth: width,
      truncation: .end)
    return
  }
  if case .form(let form) = state.overlay { return renderFormHints(&grid, form, state, row) }
  // Where one is goes before what one could do.
  let right =
    state.list.map { listStatus($0, state.language) } ?? state.board.map {
      $0.problem == nil ? "" : state.language("old figures")
    } ?? state.story.map { storyStatus($0, state) } ?? ""
  let used = TextWidth.of(right)
  if used > 0 { grid.write(right, row: row, column: max(1, width - used - 1), style: .textDim, maxWidth: width - 2) }
  // Whatever else there is room for: where to find the rest of it.
  let hints = Command.offered(in: state).filter {
    $0.hint != nil && $0.isWorthHinting(in: state)
  }
  func hintWidth(_ command: Command) -> Int {
    TextWidth.of(command.keyText) + TextWidth.of(state.language(command.hint ?? "")) + 3
  }
  var room = width - used - 2
  var shown = hints.filter(\.isAlwaysHinted)
  for command in shown { room -= hintWidth(command) }
  for command in hints where !command.isAlwaysHinted {
    guard hintWidth(command) <= room else { continue }
    room -= hintWidth(command)
    shown.insert(command, at: shown.count - hints.filter(\.isAlwaysHinted).count)
  }
  var column = 1
  for command in shown where column + hintWidth(command) <= width - used {
    column += grid.write(command.keyText, row: row, column: column, style: .key)
    column += grid.write(" \(state.language(command.hint ?? ""))", row: row, column: column, style: .muted) + 2
  }
}

/// What keys do in a form: those of the screen beneath do nothing there.
private func renderFormHints(_ grid: inout Grid, _ form: FormState, _ state: AppState, _ row: Int) {
  var hints = [("tab", "next")]
  if case .field(let index) = form.focus, form.fields.indices.contains(index), form.fields[index].isChoice {
    hints.append(("← →", "choose"))
  }
  hints.append(("esc", "leave it"))
  var column = 1
  for (key, word) in hints {
    column += grid.write(key, row: row, column: column, style: .key)
    column += grid.write(" \(state.language(word))", row: row, column: column, style: .muted) + 2
  }
}

/// `‖ held · ops_bo has it open since 14:02`.
private func storyStatus(_ story: StoryState, _ state: AppState) -> String {
  var parts: [String] = []
  if case .order(_, _, _, let isHeld)? = story.row?.detail, isHeld { parts.append("‖ \(state.language("held"))") }
  parts += story.present.map {
    "\($0.login) \(state.language("has it open since")) \(state.clock.minute($0.since))"
  }
  return parts.joined(separator: " · ")
}

/// `4 marked (1 hidden) · 3/100+ · 2 new · paused`.
private func listStatus(_ list: ListState, _ say: Language) -> String {
  var parts: [String] = []
  if !list.marks.isEmpty {
    let shown = list.rows.reduce(0) { $0 + (list.marks[$1.id] == nil ? 0 : 1) }
    let hidden = list.marks.count - shown
    parts.append("\(list.marks.count) \(say("marked"))" + (hidden > 0 ? " (\(hidden) \(say("hidden")))" : ""))
  }
  if !list.rows.isEmpty {
    parts.append("\((list.selectedIndex ?? 0) + 1)/\(list.rows.count)\(list.reachedEnd ? "" : "+")")
  }
  if list.newAbove > 0 { parts.append("\(list.newAbove) \(say("new"))") }
  if list.isPaused { parts.append(say("paused")) }
  return parts.joined(separator: " · ")
}
