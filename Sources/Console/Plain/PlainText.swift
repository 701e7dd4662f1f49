import Market
import Store
import Terminal

/// The console as lines of text, for screen readers: what is there, and then one line for each thing that changes.
/// No borders, no symbols, nothing that is told twice.
struct PlainText {
  private var place = ""
  private var rows: [Int64: String] = [:]
  private var boardLines: [String: String] = [:]
  private var storyKeys: Set<String> = []
  private var toast = 0
  private var connection: AppState.Connection?
  private var overlay = ""

  /// Rows that are read out when a list comes up, and of one refresh.
  static let limit = 20

  /// What is new since it was last asked.
  mutating func news(_ state: AppState) -> [String] {
    var lines: [String] = []
    if connection != state.connection {
      connection = state.connection
      lines.append(Self.connection(state))
    }
    lines += screen(state)
    if let said = state.toast, said.serial != toast {
      toast = said.serial
      lines.append(said.isProblem ? "Problem: \(state.language(said.text))" : state.language(said.text))
    }
    return (lines + overlay(state)).map { Sanitizer.clean($0) }
  }

  /// Forgets what was told of the screen, so that it is told again.
  mutating func again() { place = "" }

  private static func connection(_ state: AppState) -> String {
    switch state.connection {
    case .connecting: return "\(state.language("connecting")): \(state.host)"
    case .signedIn:
      let viewer = state.viewer
      let vendor = viewer?.vendorName.map { " of \($0)" } ?? ""
      return "\(viewer?.displayName ?? ""), \(viewer?.role.rawValue ?? "")\(vendor). Type help for the commands."
    case .lost(let problem): return "\(state.language("connection lost")): \(problem)"
    case .refused(let problem): return "\(state.language("not signed in")): \(problem)"
    }
  }

  private mutating func screen(_ state: AppState) -> [String] {
    switch state.screen {
    case .list(let list): return tell(list, state)
    case .story(let story): return tell(story, state)
    case .board(let board): return tell(board, state)
    }
  }

  private mutating func tell(_ list: ListState, _ state: AppState) -> [String] {
    guard list.hasLoaded else { return [] }
    let texts = list.rows.map { (id: $0.id, text: Self.text($0)) }
    let here = "list \(list.kind.rawValue) \(list.filter)"
    defer { rows = Dictionary(texts.map { ($0.id, $0.text) }) { first, _ in first } }
    guard here == place else {
      place = here
      let filter = list.filter.isEmpty ? "" : " /\(list.filter)"
      let more = list.reachedEnd ? "" : "+"
      let head = "\(state.language(list.kind.title))\(filter): \(list.rows.count)\(more)"
      guard !texts.isEmpty else { return [head, state.language(list.kind.screen.emptyText)] }
      return [head] + texts.prefix(Self.limit).enumerated().map { "\($0.offset + 1). \($0.element.text)" }
    }
    let changes = texts.enumerated().compactMap { index, row -> String? in
      guard let before = rows[row.id] else { return "New: \(index + 1). \(row.text)" }
      return before == row.text ? nil : "Changed: \(index + 1). \(row.text)"
    }
    // What an older page brings was asked for and is not new.
    guard changes.count <= Self.limit else { return ["\(changes.count) rows are new or changed"] }
    return changes
  }

  private mutating func tell(_ story: StoryState, _ state: AppState) -> [String] {
    guard story.hasLoaded else { return [] }
    let here = "story \(story.subject.title)"
    let lines = story.lines.filter { !storyKeys.contains($0.key) || here != place }
      .map { "\($0.time) \($0.title) \($0.detail)" }
    storyKeys = Set(story.lines.map(\.key))
    guard here != place else { return lines }
    place = here
    return [story.subject.title] + story.header.map { "\(state.language($0.label)): \(Self.plain($0.value))" } + lines
  }

  private mutating func tell(_ board: BoardState, _ state: AppState) -> [String] {
    guard board.hasLoaded else { return [] }
    let here = "board \(board.kind.rawValue)"
    let isNew = here != place
    var lines: [String] = isNew ? [state.language(board.kind.title)] : []
    for line in board.lines {
      let note = line.note.isEmpty ? "" : ", \(state.language(line.note))"
      let text =
        line.isHeading
        ? "\(state.language(line.label)):"
        : "\(state.language(line.label)): \(Self.plain(state.language.cell(line.value)))\(note)"
      if isNew || boardLines[line.key] != text { lines.append(text) }
      boardLines[line.key] = text
    }
    place = here
    return lines
  }

  /// What waits for an answer: the next field of a form, or a choice.
  private mutating func overlay(_ state: AppState) -> [String] {
    let lines: [String]
    switch state.overlay {
    case .form(let form):
      let opening = overlay.hasPrefix("form \(form.title)") ? [] : [state.language(form.title)] + form.lines
      let preview = form.preview.map { overlay.contains($0.joined()) ? [] : $0 } ?? []
      lines = opening + preview + PlainInput.prompt(form, state.language)
      let key = "form \(form.title) \((form.preview ?? []).joined()) \(lines.last ?? "") \(form.problem ?? "")"
      guard key != overlay else { return [] }
      overlay = key
      return lines
    case .picker(let picker):
      lines =
        [state.language(picker.title)]
        + picker.items(in: state).enumerated().map { index, item in
          let tick = item.isTicked.map { $0 ? ", on" : ", off" } ?? ""
          return "\(index + 1). \(state.language(item.text))\(tick)"
        } + ["A number chooses."]
    case .find(let find):
      lines =
        find.hits.map { hits in
          hits.isEmpty
            ? [state.language("Nothing is known of it")]
            : hits.enumerated().map { "\($0.offset + 1). \(Self.text($0.element.row)), \($0.element.by)" }
              + ["A number opens it."]
        } ?? []
    case .help: lines = KeySheet.lines(Command.offered(in: state), language: state.language)
    case .row: lines = rowLines(state).map { $0.0.isEmpty ? Self.plain($0.1) : "\($0.0): \(Self.plain($0.1))" }
    case .messages: lines = state.messages.map { "\(state.clock.short($0.at)) \(state.language($0.text))" }
    case .note(let note): lines = [note.title] + note.lines + (note.secret.map { [$0] } ?? [])
    case .secret:
      // What was said once cannot be taken back from a terminal's scrollback.
      lines = [state.language("Keys are not said here: gkm reveal shows one")]
    default: lines = []
    }
    let key = lines.joined(separator: "\n")
    guard key != overlay else { return [] }
    overlay = key
    return lines
  }

  /// A row without its signs.
  static func text(_ row: DisplayRow) -> String {
    row.cells.map { plain($0.text) }.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// `● delivered` without its sign: the word says it.
  static func plain(_ text: String) -> String {
    guard let first = text.first, !first.isLetter, !first.isNumber, text.dropFirst().first == " " else { return text }
    return String(text.dropFirst(2))
  }
}
