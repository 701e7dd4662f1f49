import Market
import Terminal

/// Input goes to what lies on top: the overlay if there is one, else the screen's commands.
func updateInput(_ state: inout AppState, _ input: InputEvent, now: Instant) -> [Effect] {
  switch input {
  case .resize(let size):
    state.size = size
    if var list = state.list {
      list.reveal(height: state.bodyHeight)
      state.list = list
    } else if var story = state.story {
      story.reveal(height: state.bodyHeight)
      state.story = story
    }
    return []
  case .resumed: return [.repaint]
  case .hangup, .signal(.terminate):
    state.quitting = true
    return [.quit]
  case .signal(.interrupt): return run(.quit, &state, now: now)
  case .wake, .mouse: return []
  case .paste(let text):
    // Pasted text is data, never commands.
    return state.overlay == nil ? [] : typeText(text, &state, now: now)
  case .key, .character: break
  }
  guard let key = input.pressedKey else { return [] }
  if key == .control("z") { return [.suspend] }
  if key == .control("l"), state.overlay != nil { return [.repaint] }
  if state.overlay != nil { return updateOverlay(&state, input, key, now: now) }
  guard let command = Command.bound(to: key, in: state) else { return [] }
  if let refusal = command.refusal(in: state) {
    state.say(refusal, isProblem: true, at: now)
    return state.toastEffect
  }
  return run(command.id, &state, now: now)
}

/// Carries out one command.
func run(_ id: CommandID, _ state: inout AppState, now: Instant) -> [Effect] {
  switch id {
  case .up, .down, .pageUp, .pageDown, .top, .bottom: return moveCursor(id, &state, now: now)
  case .open: return open(&state, now: now)
  case .back: return back(&state, now: now)
  case .go(let kind):
    guard state.list?.kind != kind || state.screens.count > 1 else { return [] }
    state.screens = [.list(ListState(kind: kind))]
    return state.reload(now: now)
  case .filter:
    guard let list = state.list else { return [] }
    state.overlay = .filter(FilterState(edit: LineEdit(list.filter)))
    return typeText("", &state, now: now)
  case .clearFilter: return applyFilter("", &state, now: now)
  case .palette:
    state.overlay = .palette(PaletteState())
    return []
  case .help:
    state.overlay = .help(scroll: 0)
    return []
  case .messages:
    state.overlay = .messages(scroll: 0)
    return []
  case .refresh: return state.reload(now: now)
  case .pause:
    guard var list = state.list else { return [] }
    list.isPaused.toggle()
    state.list = list
    return list.isPaused ? [] : state.reload(now: now)
  case .copy: return copy(&state, now: now)
  case .retryDelivery: return askRetry(&state, now: now)
  case .toggleUTC:
    state.isUTC.toggle()
    return state.reload(now: now)
  case .nextTheme:
    guard let index = state.themeNames.firstIndex(of: state.themeName) else { return [] }
    state.themeName = state.themeNames[(index + 1) % state.themeNames.count]
    state.say("Theme: \(state.themeName)", at: now)
    return [.setTheme(state.themeName)] + state.toastEffect
  case .quit:
    state.quitting = true
    return [.quit]
  }
}

private func moveCursor(_ id: CommandID, _ state: inout AppState, now: Instant) -> [Effect] {
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
  if var list = state.list {
    list.move(by: step, height: height)
    state.list = list
    return state.loadOlderIfNear(now: now)
  }
  if var story = state.story {
    story.move(by: step, height: height)
    state.story = story
  }
  return []
}

private func open(_ state: inout AppState, now: Instant) -> [Effect] {
  if var story = state.story {
    story.isExpanded.toggle()
    state.story = story
    return []
  }
  guard var list = state.list, let row = list.selectedRow, let target = row.target else { return [] }
  // Who comes back finds the cursor where they left it.
  list.isFollowing = false
  state.list = list
  switch target {
  case .order(let number): state.screens.append(.story(StoryState(number: number)))
  case .list(let kind): state.screens.append(.list(ListState(kind: kind)))
  }
  return state.reload(now: now)
}

private func back(_ state: inout AppState, now: Instant) -> [Effect] {
  if var story = state.story, story.isExpanded {
    story.isExpanded = false
    state.story = story
    return []
  }
  if state.screens.count > 1 {
    state.screens.removeLast()
    return state.reload(now: now)
  }
  if let list = state.list, !list.filter.isEmpty { return applyFilter("", &state, now: now) }
  return []
}

private func copy(_ state: inout AppState, now: Instant) -> [Effect] {
  let text: String? =
    if let list = state.list {
      list.selectedRow?.copyText
    } else if let story = state.story,
      story.lines.indices.contains(story.selected)
    { story.lines[story.selected].copyText } else { nil }
  guard let text, !text.isEmpty else { return [] }
  state.say("Copied \(text)", at: now)
  return [.copy(text)] + state.toastEffect
}

private func askRetry(_ state: inout AppState, now: Instant) -> [Effect] {
  guard let row = state.list?.selectedRow, case .delivery(let id, let order, let delivery) = row.detail else {
    return []
  }
  guard delivery == .failed || delivery == .retrying else {
    state.say("A delivery that is \(delivery.rawValue) cannot be retried", isProblem: true, at: now)
    return state.toastEffect
  }
  state.overlay = .confirm(
    ConfirmState(
      action: .retryDelivery(id, version: row.version, order: order), title: "Retry delivery",
      lines: [
        "Order \(order): the same key is sent again, under the same Message-ID,",
        "as soon as a worker takes it. The reason goes into the audit log.",
      ], confirmTitle: "Retry delivery"))
  return []
}

/// Applies a filter to the list and reads it from the top.
func applyFilter(_ text: String, _ state: inout AppState, now: Instant) -> [Effect] {
  guard var list = state.list else { return [] }
  list.filter = text
  list.rows = []
  list.selected = nil
  list.top = nil
  list.hasLoaded = false
  list.reachedEnd = false
  list.newAbove = 0
  list.isFollowing = true
  state.list = list
  return state.reload(now: now)
}
