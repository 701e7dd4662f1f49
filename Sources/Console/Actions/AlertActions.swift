import Market
import Store

/// Saying that one knows of an alert, and having a rule say nothing for a while.
enum AlertActions {
  /// How long a silence may last, as the form offers it.
  static let spans: [(name: String, seconds: Int64)] = [
    ("15m", 900), ("1h", 3_600), ("2h", 7_200), ("8h", 28_800), ("1d", 86_400), ("7d", 604_800),
  ]

  static func askToAcknowledge(_ state: inout AppState) -> [Effect] {
    guard let row = state.list?.selectedRow else { return [] }
    state.overlay = .form(
      FormState(
        action: .acknowledgeAlert(row.asShown), title: "Acknowledge \(row.name)",
        lines: ["The team hears no reminders of it, and still of its end."], confirmTitle: "Acknowledge"))
    return []
  }

  static func askToSilence(_ state: inout AppState) -> [Effect] {
    guard let row = state.list?.selectedRow, case .alert(let rule, let subject, _) = row.detail else { return [] }
    let scopes = subject.isEmpty ? [rule] : ["\(rule) \(subject)", rule]
    state.overlay = .form(
      FormState(
        action: .silenceAlert(rule: rule, subject: subject), title: "Silence \(row.name)",
        lines: ["Nothing is said of it for a while; what is still the case then is said then."],
        fields: [
          FormField("scope", "What", .choice(scopes), scopes[0]),
          FormField("span", "For", .choice(spans.map(\.name)), "2h"), .reason,
        ], confirmTitle: "Silence"))
    return []
  }

  static func refusalToAcknowledge(_ row: DisplayRow) -> String? {
    guard case .alert(_, _, let state) = row.detail else { return "This is no alert" }
    return state == .firing ? nil : "It is \(state.rawValue)"
  }

  static func refusalToSilence(_ row: DisplayRow) -> String? {
    guard case .alert = row.detail else { return "This is no alert" }
    return nil
  }
}
