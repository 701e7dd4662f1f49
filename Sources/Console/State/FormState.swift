import Terminal

/// An action waiting for what it needs to know and for a yes. The focus starts where nothing can happen by accident.
package struct FormState: Equatable, Sendable {
  package enum Focus: Equatable, Sendable {
    case field(Int)
    case cancel, confirm
  }

  package var action: ActionRequest
  package var title: String
  /// What will happen, and to what.
  package var lines: [String]
  package var fields: [FormField]
  package var confirmTitle: String
  /// Whether what it comes to is worked out and shown before it is done.
  package var hasPreview: Bool
  /// What it would come to, once that was worked out for what is typed.
  package var preview: [String]?
  /// The first of its lines that is shown.
  package var previewTop = 0
  package var focus: Focus
  package var problem: String?
  package var isRunning = false

  package init(
    action: ActionRequest, title: String, lines: [String], fields: [FormField] = [.reason], confirmTitle: String,
    hasPreview: Bool = false
  ) {
    self.action = action
    self.title = title
    self.lines = lines
    self.fields = fields
    self.confirmTitle = confirmTitle
    self.hasPreview = hasPreview
    focus = fields.isEmpty ? .cancel : .field(0)
  }

  /// What is typed, by the fields' names.
  package var values: [String: String] {
    Dictionary(fields.map { ($0.name, $0.edit.text) }) { first, _ in first }
  }

  /// The first field that is not filled in as it has to be.
  package var gap: (index: Int, problem: String)? {
    for (index, field) in fields.enumerated() {
      if let problem = field.problem { return (index, problem) }
    }
    return nil
  }

  package mutating func moveFocus(by step: Int) {
    let order: [Focus] = fields.indices.map(Focus.field) + [.cancel, .confirm]
    let index = order.firstIndex(of: focus) ?? 0
    focus = order[(index + step + order.count) % order.count]
  }
}

/// One line to be filled in.
package struct FormField: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// Letters that are not blanks at least; 0: may stay empty.
    case text(least: Int)
    /// Shown as dots.
    case secret
    /// One of these; Left and Right go through them.
    case choice([String])
    /// Must be typed exactly, so that nobody does it by habit.
    case typed(String)
  }

  /// What the action calls it.
  package var name: String
  package var label: String
  package var kind: Kind
  package var edit: LineEdit

  package init(_ name: String, _ label: String, _ kind: Kind, _ text: String = "") {
    self.name = name
    self.label = label
    self.kind = kind
    edit = LineEdit(text)
  }

  /// Why: kept in the audit log.
  package static let reason = FormField("reason", "Reason", .text(least: 3))

  package static func typed(_ word: String) -> FormField { FormField("typed", "Type \(word)", .typed(word)) }

  package var problem: String? {
    switch kind {
    case .text(let least):
      guard edit.characters.filter({ $0 != " " }).count < least else { return nil }
      return name == "reason"
        ? "Say why, in at least three letters" : "\(label): at least \(least) letter\(least == 1 ? "" : "s")"
    case .secret: return nil
    case .choice(let choices): return choices.contains(edit.text) ? nil : "\(label) is one of those offered"
    case .typed(let word): return edit.text == word ? nil : "Type \(word) to confirm"
    }
  }

  /// The next of the choices, or the one before.
  package mutating func turn(by step: Int) {
    guard case .choice(let choices) = kind, !choices.isEmpty else { return }
    let index = choices.firstIndex(of: edit.text) ?? 0
    edit = LineEdit(choices[(index + step + choices.count) % choices.count])
  }

  package var isChoice: Bool { if case .choice = kind { true } else { false } }
}
