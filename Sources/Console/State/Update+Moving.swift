import Market
import Terminal

func moveCursor(_ id: CommandID, _ state: inout AppState, now: Instant) -> [Effect] {
  let height = state.bodyHeight
  let step =
    switch id {
    case .up: -1
    case .down: 1
    case .pageUp: -max(1, height - 1)
    case .pageDown: max(1, height - 1)
    case .top: -1_000_000_000
    default: 1_000_000_000
    }
  return moveCursor(by: step, &state, now: now)
}

func moveCursor(by step: Int, _ state: inout AppState, now: Instant) -> [Effect] {
  let height = state.bodyHeight
  if var list = state.list {
    list.move(by: step, height: height)
    state.list = list
    return state.loadOlderIfNear(now: now) + rest(&state)
  }
  if var story = state.story {
    story.move(by: step, height: height)
    state.story = story
  } else if var board = state.board {
    board.move(by: step, height: height)
    state.board = board
  }
  return []
}

/// The side pane follows when the cursor rests: going through a list stays as cheap as without it.
func rest(_ state: inout AppState) -> [Effect] {
  guard state.hasPane else {
    state.pane = state.list?.selected
    return []
  }
  state.restSerial += 1
  return [.rest(serial: state.restSerial)]
}

func open(_ state: inout AppState, now: Instant) -> [Effect] {
  if var story = state.story {
    if let target = story.selectedLine?.target { return follow(target, &state, now: now) }
    story.isExpanded.toggle()
    state.story = story
    return []
  }
  if let line = state.board?.selectedLine {
    guard let target = line.target else { return [] }
    return follow(target, &state, now: now)
  }
  guard var list = state.list, let row = list.selectedRow else { return [] }
  guard let target = row.target else {
    state.overlay = .row(scroll: 0)
    return []
  }
  // Who comes back finds the cursor where they left it.
  list.isFollowing = false
  state.list = list
  return follow(target, &state, now: now)
}

func follow(_ target: Route, _ state: inout AppState, now: Instant) -> [Effect] {
  if case .place(let place, _) = target, let role = state.role, !place.isOpen(to: role) {
    state.say("Your role has no screen of \(place.title.lowercased())", isProblem: true, at: now)
    return state.toastEffect
  }
  state.history.leave(state.screens)
  switch target {
  case .order(let number): state.screens.append(.story(StoryState(.order(number))))
  case .supportCase(let id): state.screens.append(.story(StoryState(.supportCase(id))))
  case .stockImport(let id): state.screens.append(.story(StoryState(.stockImport(id))))
  case .vendor(let handle): state.screens.append(.story(StoryState(.vendor(handle))))
  case .place(let place, let filter): state.screens.append(place.screen(filter: filter))
  }
  return state.arrive(now: now)
}

func back(_ state: inout AppState, now: Instant) -> [Effect] {
  if var story = state.story, story.isExpanded {
    story.isExpanded = false
    state.story = story
    return []
  }
  if var list = state.list, !list.marks.isEmpty {
    list.marks.removeAll()
    state.list = list
    return []
  }
  if state.screens.count > 1 {
    state.history.leave(state.screens)
    state.screens.removeLast()
    return state.arrive(now: now)
  }
  if let list = state.list, !list.filter.isEmpty { return applyFilter("", &state, now: now) }
  return []
}

func go(to place: Place, _ state: inout AppState, now: Instant) -> [Effect] {
  guard state.place != place || state.screens.count > 1 else { return [] }
  state.history.leave(state.screens)
  state.screens = [place.screen()]
  return state.arrive(now: now)
}

func goToNeighbour(by step: Int, _ state: inout AppState, now: Instant) -> [Effect] {
  let places = state.openPlaces
  guard places.count > 1, let place = state.place, let index = places.firstIndex(of: place) else { return [] }
  return go(to: places[(index + step + places.count) % places.count], &state, now: now)
}

func travel(_ id: CommandID, _ state: inout AppState, now: Instant) -> [Effect] {
  let way =
    id == .historyBack ? state.history.back(from: state.screens) : state.history.forward(from: state.screens)
  guard let way, !way.isEmpty else {
    state.say(id == .historyBack ? "There is nothing before this" : "There is nothing ahead", at: now)
    return state.toastEffect
  }
  state.screens = way
  return state.arrive(now: now)
}

extension AppState {
  /// Reads the screen that was just come to.
  mutating func arrive(now: Instant) -> [Effect] {
    intent = nil
    pane = list?.selected
    isReadDue = false
    return reload(now: now)
  }

  /// Brings the cursor back into view after the screen changed its size.
  mutating func revealCursor() {
    let height = bodyHeight
    if var list {
      list.reveal(height: height, fills: true)
      self.list = list
    } else if var story {
      story.reveal(height: height)
      self.story = story
    } else if var board {
      board.reveal(height: height)
      self.board = board
    }
  }
}

// MARK: - Mouse

/// A click puts the cursor on a row, a click on the row under the cursor opens it, the wheel goes through the list.
func updateMouse(_ mouse: Mouse, _ state: inout AppState, now: Instant) -> [Effect] {
  switch mouse.kind {
  case .wheelUp: return moveCursor(by: -3, &state, now: now)
  case .wheelDown: return moveCursor(by: 3, &state, now: now)
  case .press where mouse.button == .left: return press(mouse.position, &state, now: now)
  default: return []
  }
}

private func press(_ position: Position, _ state: inout AppState, now: Instant) -> [Effect] {
  let layout = Layout(state.size)
  guard !layout.isTooSmall else { return [] }
  if position.row == layout.tabRow {
    let tab = tabs(of: state, width: state.size.columns).first { $0.columns.contains(position.column) }
    return tab.map { go(to: $0.place, &state, now: now) } ?? []
  }
  let body = layout.body(of: state)
  guard body.contains(position) else { return [] }
  let offset = position.row - body.row
  if let list = state.list {
    let index = list.topIndex + offset
    guard list.rows.indices.contains(index) else { return [] }
    if index == list.selectedIndex { return open(&state, now: now) }
    return moveCursor(by: index - (list.selectedIndex ?? 0), &state, now: now)
  }
  if let story = state.story {
    let index = story.top + offset
    guard story.lines.indices.contains(index) else { return [] }
    if index == story.selected { return open(&state, now: now) }
    return moveCursor(by: index - story.selected, &state, now: now)
  }
  if var board = state.board {
    let index = board.top + offset
    guard board.lines.indices.contains(index), !board.lines[index].isHeading else { return [] }
    if board.lines[index].key == board.selected { return open(&state, now: now) }
    board.selected = board.lines[index].key
    state.board = board
  }
  return []
}
