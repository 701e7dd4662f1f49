import Market
import Terminal

/// Keys while an action waits for what it needs to know.
func updateForm(
  _ form: FormState, _ input: InputEvent, _ key: Key, _ state: inout AppState, now: Instant
) -> [Effect] {
  var form = form
  guard !form.isRunning else { return [] }
  switch key {
  case Key(.tab), Key(.down): form.moveFocus(by: 1)
  case .backtab, Key(.up): form.moveFocus(by: -1)
  case Key(.pageDown): form.previewTop = min(form.previewTop + 5, max(0, (form.preview?.count ?? 0) - 1))
  case Key(.pageUp): form.previewTop = max(0, form.previewTop - 5)
  case Key(.enter):
    switch form.focus {
    case .field: form.moveFocus(by: 1)
    case .cancel:
      state.overlay = nil
      return []
    case .confirm: return confirm(form, &state)
    }
  default: fill(input, key, into: &form, replies: state.replies)
  }
  state.overlay = .form(form)
  return []
}

private func fill(_ input: InputEvent, _ key: Key, into form: inout FormState, replies: [String: String]) {
  guard case .field(let index) = form.focus, form.fields.indices.contains(index) else {
    if key == Key(.left) || key == Key(.right) { form.focus = form.focus == .cancel ? .confirm : .cancel }
    return
  }
  if form.fields[index].isChoice {
    switch key.code {
    case .right, .character(" "): form.fields[index].turn(by: 1)
    case .left: form.fields[index].turn(by: -1)
    default: return
    }
    form.takeReply(of: index, from: replies)
    form.followPassword()
  } else {
    guard edit(&form.fields[index].edit, input, key) else { return }
  }
  form.problem = nil
  // What was worked out for other words no longer holds; what is typed to confirm it changes nothing of it.
  if case .typed = form.fields[index].kind { return }
  form.dropPreview()
}

func confirm(_ form: FormState, _ state: inout AppState) -> [Effect] {
  var form = form
  defer { state.overlay = .form(form) }
  if let gap = form.gap {
    form.problem = gap.problem
    form.focus = .field(gap.index)
    return []
  }
  guard state.connection == .signedIn else {
    form.problem = "Not connected"
    return []
  }
  form.isRunning = true
  form.problem = nil
  guard form.hasPreview, form.preview == nil else {
    state.note(form.action)
    return [.perform(form.action, values: form.values)]
  }
  return [.preview(form.action, values: form.values)]
}

/// Shows what an action would come to; the yes is asked for again.
func take(preview lines: [String], typed: String?, _ state: inout AppState) {
  guard case .form(var form) = state.overlay, form.isRunning else { return }
  form.isRunning = false
  form.dropPreview()
  form.preview = lines
  form.previewTop = 0
  if let typed {
    form.fields.append(.typed(typed))
    form.focus = .field(form.fields.count - 1)
  } else {
    form.focus = .cancel
  }
  state.overlay = .form(form)
}

extension FormState {
  /// The name of a ready answer puts its text into the field for it, to be changed there.
  fileprivate mutating func takeReply(of index: Int, from replies: [String: String]) {
    guard fields[index].name == "reply", let target = fields.firstIndex(where: { $0.name == "text" }) else { return }
    fields[target].edit = LineEdit(replies[fields[index].edit.text] ?? "")
  }

  /// The words to be typed belong to what was worked out.
  fileprivate mutating func dropPreview() {
    guard hasPreview, preview != nil else { return }
    preview = nil
    fields.removeAll { if case .typed = $0.kind { true } else { false } }
  }
}
