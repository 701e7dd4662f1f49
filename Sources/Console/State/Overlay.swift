package import Market

/// What lies over the screen and takes the keys.
package enum Overlay: Equatable, Sendable {
  /// `:` — commands by fuzzy match.
  case palette(PaletteState)
  /// `/` — the list's filter, with completion.
  case filter(FilterState)
  /// Orders by anything written on them.
  case find(FindState)
  case help(scroll: Int)
  /// What an action needs to know, and its yes.
  case form(FormState)
  /// A choice from a short list.
  case picker(PickerState)
  case password(PasswordState)
  /// A key, for some seconds.
  case secret(SecretState)
  /// Something to be read before one goes on.
  case note(NoteState)
  case messages(scroll: Int)
  /// All of the row under the cursor, also what there is no column for.
  case row(scroll: Int)
}

/// Something that a person has to have read: it stays until it is taken away by Esc or Enter, and no other key does so
/// by a slip, for some of it is shown only once.
package struct NoteState: Equatable, Sendable {
  package var title: String
  package var lines: [String]
  /// To be written down: it is nowhere else. Not for longer on the screen than has to be.
  package var secret: String?

  package init(_ title: String, _ lines: [String], secret: String? = nil) {
    self.title = title
    self.lines = lines
    self.secret = secret
  }
}

/// A line of text being typed, with a cursor counted in characters.
package struct LineEdit: Equatable, Sendable {
  package var characters: [Character]
  package var cursor: Int

  package init(_ text: String = "") {
    characters = Array(text)
    cursor = characters.count
  }

  package var text: String { String(characters) }

  package mutating func insert(_ text: String, limit: Int = 500) {
    // One line: what a paste brings of line ends becomes spaces.
    let clean = text.map { $0.isNewline ? " " : $0 }.prefix(max(0, limit - characters.count))
    characters.insert(contentsOf: clean, at: cursor)
    cursor += clean.count
  }

  package mutating func backspace() {
    guard cursor > 0 else { return }
    cursor -= 1
    characters.remove(at: cursor)
  }

  package mutating func delete() {
    guard cursor < characters.count else { return }
    characters.remove(at: cursor)
  }

  package mutating func moveLeft() { cursor = max(0, cursor - 1) }
  package mutating func moveRight() { cursor = min(characters.count, cursor + 1) }
  package mutating func moveHome() { cursor = 0 }
  package mutating func moveEnd() { cursor = characters.count }

  /// Ctrl-U.
  package mutating func clearToStart() {
    characters.removeSubrange(0..<cursor)
    cursor = 0
  }

  /// Ctrl-W.
  package mutating func deleteWord() {
    while cursor > 0, characters[cursor - 1] == " " { backspace() }
    while cursor > 0, characters[cursor - 1] != " " { backspace() }
  }

  package mutating func replace(_ range: Range<Int>, with text: String) {
    let bounded = range.clamped(to: 0..<characters.count)
    characters.replaceSubrange(bounded, with: Array(text))
    cursor = bounded.lowerBound + text.count
  }
}

package struct PaletteState: Equatable, Sendable {
  package var edit = LineEdit()
  package var selected = 0
}

package struct FilterState: Equatable, Sendable {
  package var edit: LineEdit
  package var error: FilterError?
  package var candidates: [FilterCompletion.Candidate] = []
  package var range: Range<Int> = 0..<0
  package var selected: Int?
}

package struct PasswordState: Equatable, Sendable {
  package var user: String
  package var edit = LineEdit()
  package var problem: String?
}
