import Market
import Store
import Terminal

/// Keys while something lies over the screen.
func updateOverlay(_ state: inout AppState, _ input: InputEvent, _ key: Key, now: Instant) -> [Effect] {
  if key == .control("c") { return run(.quit, &state, now: now) }
  if key == Key(.escape) {
    if case .password = state.overlay { return run(.quit, &state, now: now) }
    if case .picker(let picker) = state.overlay { return closePicker(picker, &state) }
    if case .secret(let secret) = state.overlay { return updateSecret(secret, key, &state) }
    if case .note(let note) = state.overlay { return updateNote(note, key, &state) }
    state.overlay = nil
    return []
  }
  switch state.overlay {
  case .help(let scroll): return scrolled(scroll, of: helpLines(state).count, key, &state) { .help(scroll: $0) }
  case .messages(let scroll):
    return scrolled(scroll, of: state.messages.count, key, &state) { .messages(scroll: $0) }
  case .row(let scroll): return scrolled(scroll, of: rowLines(state).count, key, &state) { .row(scroll: $0) }
  case .palette(let palette): return updatePalette(palette, input, key, &state, now: now)
  case .find(let find): return updateFind(find, input, key, &state, now: now)
  case .filter(let filter): return updateFilter(filter, input, key, &state, now: now)
  case .form(let form): return updateForm(form, input, key, &state, now: now)
  case .picker(let picker): return updatePicker(picker, key, &state, now: now)
  case .secret(let secret): return updateSecret(secret, key, &state)
  case .note(let note): return updateNote(note, key, &state)
  case .password(var password):
    if key == Key(.enter) {
      let secret = password.edit.text
      state.overlay = nil
      state.hasTypedPassword = true
      state.connection = .connecting(attempt: 0)
      return [.connect(password: secret)]
    }
    edit(&password.edit, input, key)
    state.overlay = .password(password)
    return []
  case nil: return []
  }
}

/// Keys while something is to be read: what is shown only once is painted over.
private func updateNote(_ note: NoteState, _ key: Key, _ state: inout AppState) -> [Effect] {
  guard key == Key(.enter) || key == Key(.escape) else { return [] }
  state.overlay = nil
  return note.secret == nil ? [] : [.repaint]
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
  case .find(var find):
    find.edit.insert(text)
    find.hits = nil
    state.overlay = .find(find)
  case .form(var form):
    if case .field(let index) = form.focus, !form.isRunning, !form.fields[index].isChoice {
      form.fields[index].edit.insert(text)
    }
    state.overlay = .form(form)
  case .password(var password):
    password.edit.insert(text)
    state.overlay = .password(password)
  default: break
  }
  return []
}

private func scrolled(
  _ scroll: Int, of count: Int, _ key: Key, _ state: inout AppState, _ make: (Int) -> Overlay
) -> [Effect] {
  // As far as the panel, which leaves a line above and below and has a frame, shows all.
  let last = max(0, count - max(1, state.size.rows - 4))
  switch key.code {
  case .down, .character("j"): state.overlay = make(min(scroll + 1, last))
  case .up, .character("k"): state.overlay = make(max(0, scroll - 1))
  case .pageDown, .character(" "): state.overlay = make(min(scroll + 10, last))
  case .pageUp: state.overlay = make(max(0, scroll - 10))
  case .enter, .character("q"), .character("?"), .character("d"): state.overlay = nil
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
      fuzzyScore(edit.text, in: state.language(command.title)).map { score in
        // What cannot run now is found too, behind what can: it says why.
        (score: score - (command.refusal(in: state) == nil ? 0 : 100), index: index, command: command)
      }
    }
    .sorted { ($1.score, $0.index) < ($0.score, $1.index) }
    .map(\.command)
  }
}

func updatePalette(
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
    return attempt(command, &state, now: now)
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
    guard let list = state.list else { return [] }
    do {
      // Who is not signed in yet is taken at their word: it is looked at once it is known what they may ask for.
      if let role = state.role { _ = try list.kind.schema(for: role).parse(filter.edit.text, now: now) }
      state.overlay = nil
      return applyFilter(filter.edit.text, &state, now: now)
    } catch {
      filter.error = error
    }
  case .control("s"):
    return keep(filter, &state, now: now)
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

/// Keeps the filter that is being typed, if it is understood, for the list of saved ones.
private func keep(_ filter: FilterState, _ state: inout AppState, now: Instant) -> [Effect] {
  guard let list = state.list, let role = state.role, !filter.edit.text.isEmpty else { return [] }
  do {
    _ = try list.kind.schema(for: role).parse(filter.edit.text, now: now)
  } catch {
    var filter = filter
    filter.error = error
    state.overlay = .filter(filter)
    return []
  }
  state.remembered.keep(filter: filter.edit.text, of: list.kind.rawValue)
  state.overlay = nil
  state.say("Kept; f lists the filters of this screen", at: now)
  return [.remember(state.remembered)] + applyFilter(filter.edit.text, &state, now: now) + state.toastEffect
}

private func accept(_ index: Int, _ filter: inout FilterState, _ state: AppState) {
  filter.edit.replace(filter.range, with: filter.candidates[index].text)
  complete(&filter, state)
}

private func complete(_ filter: inout FilterState, _ state: AppState) {
  guard let list = state.list, let role = state.role else { return }
  let completion = list.kind.schema(for: role).complete(filter.edit.text, at: filter.edit.cursor)
  filter.candidates = Array(completion.candidates.prefix(8))
  filter.range = completion.range
  filter.selected = nil
}
