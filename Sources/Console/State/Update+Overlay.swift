import Market
import Store
import Terminal

/// Keys while something lies over the screen.
func updateOverlay(_ state: inout AppState, _ input: InputEvent, _ key: Key, now: Instant) -> [Effect] {
  if key == .control("c") { return run(.quit, &state, now: now) }
  if key == Key(.escape) {
    if case .password = state.overlay { return run(.quit, &state, now: now) }
    state.overlay = nil
    return []
  }
  switch state.overlay {
  case .help(let scroll): return scrolled(scroll, key, &state) { .help(scroll: $0) }
  case .messages(let scroll): return scrolled(scroll, key, &state) { .messages(scroll: $0) }
  case .palette(let palette): return updatePalette(palette, input, key, &state, now: now)
  case .filter(let filter): return updateFilter(filter, input, key, &state, now: now)
  case .confirm(let confirm): return updateConfirm(confirm, input, key, &state, now: now)
  case .password(var password):
    if key == Key(.enter) {
      let secret = password.edit.text
      state.overlay = nil
      state.connection = .connecting(attempt: 0)
      return [.connect(password: secret)]
    }
    edit(&password.edit, input, key)
    state.overlay = .password(password)
    return []
  case nil: return []
  }
}

/// Text that came in one piece (a paste, or an empty one to bring completions up to date).
func typeText(_ text: String, _ state: inout AppState, now: Instant) -> [Effect] {
  switch state.overlay {
  case .palette(var palette):
    palette.edit.insert(text)
    palette.selected = 0
    state.overlay = .palette(palette)
  case .filter(var filter):
    filter.edit.insert(text)
    complete(&filter, state)
    state.overlay = .filter(filter)
  case .confirm(var confirm):
    if confirm.focus == .reason { confirm.reason.insert(text) }
    state.overlay = .confirm(confirm)
  case .password(var password):
    password.edit.insert(text)
    state.overlay = .password(password)
  default: break
  }
  return []
}

private func scrolled(_ scroll: Int, _ key: Key, _ state: inout AppState, _ make: (Int) -> Overlay) -> [Effect] {
  switch key.code {
  case .down, .character("j"): state.overlay = make(scroll + 1)
  case .up, .character("k"): state.overlay = make(max(0, scroll - 1))
  case .pageDown, .character(" "): state.overlay = make(scroll + 10)
  case .pageUp: state.overlay = make(max(0, scroll - 10))
  case .enter, .character("q"), .character("?"): state.overlay = nil
  default: break
  }
  return []
}

/// One key of line editing; answers whether it was one.
@discardableResult
func edit(_ line: inout LineEdit, _ input: InputEvent, _ key: Key) -> Bool {
  switch key {
  case Key(.left), .control("b"): line.moveLeft()
  case Key(.right), .control("f"): line.moveRight()
  case Key(.home), .control("a"): line.moveHome()
  case Key(.end), .control("e"): line.moveEnd()
  case Key(.backspace), .control("h"): line.backspace()
  case Key(.delete), .control("d"): line.delete()
  case .control("u"): line.clearToStart()
  case .control("w"): line.deleteWord()
  default:
    guard case .character(let character) = input else { return false }
    line.insert(String(character))
  }
  return true
}

// MARK: - Palette

extension PaletteState {
  /// What fits what was typed, the best first.
  package func matches(in state: AppState) -> [Command] {
    let offered = Command.offered(in: state).filter { $0.id != .palette && !$0.isMovement }
    return offered.enumerated().compactMap { index, command in
      fuzzyScore(edit.text, in: command.title).map { (score: $0, index: index, command: command) }
    }
    .sorted { ($1.score, $0.index) < ($0.score, $1.index) }
    .map(\.command)
  }
}

private func updatePalette(
  _ palette: PaletteState, _ input: InputEvent, _ key: Key, _ state: inout AppState, now: Instant
) -> [Effect] {
  var palette = palette
  let matches = palette.matches(in: state)
  switch key {
  case Key(.down), .control("n"), Key(.tab): palette.selected = min(palette.selected + 1, max(0, matches.count - 1))
  case Key(.up), .control("p"), .backtab: palette.selected = max(0, palette.selected - 1)
  case Key(.enter):
    state.overlay = nil
    guard matches.indices.contains(palette.selected) else { return [] }
    let command = matches[palette.selected]
    if let refusal = command.refusal(in: state) {
      state.say(refusal, isProblem: true, at: now)
      return state.toastEffect
    }
    return run(command.id, &state, now: now)
  default:
    if edit(&palette.edit, input, key) { palette.selected = 0 }
  }
  state.overlay = .palette(palette)
  return []
}

// MARK: - Filter

private func updateFilter(
  _ filter: FilterState, _ input: InputEvent, _ key: Key, _ state: inout AppState, now: Instant
) -> [Effect] {
  var filter = filter
  switch key {
  case Key(.enter):
    if let chosen = filter.selected, filter.candidates.indices.contains(chosen) {
      accept(chosen, &filter, state)
      break
    }
    guard let list = state.list, let role = state.role else { return [] }
    do {
      _ = try list.kind.list.schema(for: role).parse(filter.edit.text, now: now)
      state.overlay = nil
      return applyFilter(filter.edit.text, &state, now: now)
    } catch {
      filter.error = error
    }
  case Key(.tab):
    if filter.candidates.count == 1 {
      accept(0, &filter, state)
    } else if !filter.candidates.isEmpty {
      filter.selected = ((filter.selected ?? -1) + 1) % filter.candidates.count
    }
  case .backtab:
    if !filter.candidates.isEmpty {
      filter.selected = ((filter.selected ?? 0) + filter.candidates.count - 1) % filter.candidates.count
    }
  default:
    if edit(&filter.edit, input, key) {
      filter.error = nil
      complete(&filter, state)
    }
  }
  state.overlay = .filter(filter)
  return []
}

private func accept(_ index: Int, _ filter: inout FilterState, _ state: AppState) {
  filter.edit.replace(filter.range, with: filter.candidates[index].text)
  complete(&filter, state)
}

private func complete(_ filter: inout FilterState, _ state: AppState) {
  guard let list = state.list, let role = state.role else { return }
  let completion = list.kind.list.schema(for: role).complete(filter.edit.text, at: filter.edit.cursor)
  filter.candidates = Array(completion.candidates.prefix(8))
  filter.range = completion.range
  filter.selected = nil
}

// MARK: - Confirmation

private func updateConfirm(
  _ confirm: ConfirmState, _ input: InputEvent, _ key: Key, _ state: inout AppState, now: Instant
) -> [Effect] {
  var confirm = confirm
  guard !confirm.isRunning else { return [] }
  switch key {
  case Key(.tab), Key(.down): confirm.focus = confirm.focus.next
  case .backtab, Key(.up): confirm.focus = confirm.focus.next.next
  case Key(.left) where confirm.focus != .reason, Key(.right) where confirm.focus != .reason:
    confirm.focus = confirm.focus == .cancel ? .confirm : .cancel
  case Key(.enter):
    switch confirm.focus {
    case .reason: confirm.focus = .cancel
    case .cancel:
      state.overlay = nil
      return []
    case .confirm:
      let reason = confirm.reason.text
      guard reason.filter({ $0 != " " }).count >= 3 else {
        confirm.problem = "Say why, in at least three letters"
        confirm.focus = .reason
        break
      }
      if state.connection != .signedIn {
        confirm.problem = "Not connected"
        break
      }
      confirm.isRunning = true
      confirm.problem = nil
      state.overlay = .confirm(confirm)
      return [.perform(confirm.action, reason: reason)]
    }
  default:
    if confirm.focus == .reason, edit(&confirm.reason, input, key) { confirm.problem = nil }
  }
  state.overlay = .confirm(confirm)
  return []
}

extension ConfirmState.Focus {
  fileprivate var next: ConfirmState.Focus {
    switch self {
    case .reason: .cancel
    case .cancel: .confirm
    case .confirm: .reason
    }
  }
}
