import Market
import Store
import Terminal

/// What a typed line means in the linear mode.
enum PlainInput {
  static func update(_ state: inout AppState, _ line: String, now: Instant) -> [Effect] {
    switch state.overlay {
    case .form(let form): return answer(form, line, &state)
    case .picker(var picker):
      guard let number = Int(line), number > 0 else {
        return closePicker(picker, &state)
      }
      picker.selected = number - 1
      state.overlay = nil
      let effects = updatePicker(picker, Key(.enter), &state, now: now)
      if state.overlay != nil { state.overlay = nil }
      return effects
    case .find(var find):
      guard let number = Int(line), find.hits?.indices.contains(number - 1) == true else {
        state.overlay = nil
        return []
      }
      find.selected = number - 1
      return updateFind(find, .key(Key(.enter)), Key(.enter), &state, now: now)
    case .note where line.isEmpty:
      state.overlay = nil
      return []
    default: state.overlay = nil
    }
    if line.hasPrefix("find ") {
      var find = FindState()
      find.edit = LineEdit(String(line.dropFirst(5)))
      return updateFind(find, .key(Key(.enter)), Key(.enter), &state, now: now)
    }
    if line.hasPrefix("/") { return filter(String(line.dropFirst()), &state, now: now) }
    if let number = Int(line) { return select(number, &state, now: now) }
    guard let command = command(line, state) else {
      state.say("There is no command “\(line)”; help lists them", isProblem: true, at: now)
      return []
    }
    if [.find, .filter, .palette].contains(command.id) {
      state.say("Type / and a filter, find and what is known, or a command's name", at: now)
      return []
    }
    return attempt(command, &state, now: now)
  }

  /// By its name in `config.toml`, its key, or the words of its title.
  private static func command(_ line: String, _ state: AppState) -> Command? {
    let offered = Command.offered(in: state)
    if let named = offered.first(where: { $0.id.name == line || $0.id.name == "go-\(line)" }) { return named }
    if let key = Key(line), let bound = Command.bound(to: key, in: state) { return bound }
    let wanted = line.lowercased()
    return offered.first { state.language($0.title).lowercased().contains(wanted) }
  }

  private static func filter(_ text: String, _ state: inout AppState, now: Instant) -> [Effect] {
    guard let list = state.list, let role = state.role else { return [] }
    do {
      _ = try list.kind.schema(for: role).parse(text, now: now)
      return applyFilter(text, &state, now: now)
    } catch {
      state.say(error.description, isProblem: true, at: now)
      return []
    }
  }

  /// Puts the cursor on the row of that number and reads it out whole.
  private static func select(_ number: Int, _ state: inout AppState, now: Instant) -> [Effect] {
    guard var list = state.list, list.rows.indices.contains(number - 1) else {
      state.say("There is no row \(number)", isProblem: true, at: now)
      return []
    }
    list.select(number - 1, height: state.bodyHeight)
    list.isFollowing = false
    state.list = list
    let row = list.rows[number - 1]
    let facts =
      zip(list.kind.screen.columns(for: state.role), row.cells)
      .map { StoryFact(state.language($0.title), PlainText.plain($1.text)) } + row.facts
    let text = facts.filter { !$0.value.isEmpty }.map { "\($0.label.lowercased()) \($0.value)" }
    state.say("Row \(number): \(text.joined(separator: ", "))", at: now)
    return state.loadOlderIfNear(now: now)
  }

  /// The next thing that a form wants to know.
  static func prompt(_ form: FormState, _ say: Language) -> [String] {
    if form.isRunning { return [say("Working…")] }
    let problem = form.problem.map { ["Problem: \(say($0))"] } ?? []
    guard case .field(let index) = form.focus, form.fields.indices.contains(index) else {
      let title = form.hasPreview && form.preview == nil ? "What it comes to" : form.confirmTitle
      return problem + ["\(say(title))? Type yes; anything else cancels."]
    }
    let field = form.fields[index]
    guard case .choice(let choices) = field.kind else {
      let now = field.edit.text.isEmpty || field.kind == .secret ? "" : " [\(field.edit.text)]"
      return problem + ["\(say(field.label))\(now):"]
    }
    return problem + ["\(say(field.label)) (\(choices.joined(separator: ", "))):"]
  }

  private static func answer(_ form: FormState, _ line: String, _ state: inout AppState) -> [Effect] {
    var form = form
    guard !form.isRunning else { return [] }
    form.problem = nil
    if case .field(let index) = form.focus, form.fields.indices.contains(index) {
      // An empty line leaves what is there already.
      if !line.isEmpty || form.fields[index].kind == .secret { form.fields[index].edit = LineEdit(line) }
      form.followPassword()
      if let problem = form.fields[index].problem { form.problem = problem } else { form.moveFocus(by: 1) }
      if form.focus == .cancel { form.focus = .confirm }
      state.overlay = .form(form)
      return []
    }
    guard line == "yes" else {
      state.overlay = nil
      return []
    }
    return confirm(form, &state)
  }
}
