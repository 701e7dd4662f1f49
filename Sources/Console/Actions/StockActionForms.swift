import Market
import Store

/// Stock: bringing keys in, taking them out of sale, giving an import up.
enum StockActionForms {
  static func begin(_ id: CommandID, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow else { return [] }
    switch id {
    case .importStock: state.overlay = .form(importing(row, state.role))
    case .withdrawStock:
      state.overlay = .form(
        FormState(
          action: .withdrawStock(row.asShown), title: "Take keys out of sale",
          lines: [
            "\(row.name): the newest keys first, for good. What buyers have reserved is not taken."
          ], fields: [FormField("count", "How many", .text(least: 1)), .reason], confirmTitle: "Take out"))
    default:
      state.overlay = .form(
        FormState(
          action: .cancelImport(row.asShown), title: "Give up import \(row.name)",
          lines: ["Nothing of it comes into the stock, and what was sent of it is deleted."], confirmTitle: "Give up"))
    }
    return []
  }

  private static func importing(_ row: DisplayRow, _ role: Role?) -> FormState {
    let reason = role == .vendor ? FormField("reason", "Reason", .text(least: 0)) : .reason
    return FormState(
      action: .importStock(row.asShown), title: "Import keys",
      lines: [
        "Into \(row.name): one key to a line, or CSV with a column called key.",
        "Rows are sealed to the market before they leave here. All come into the stock at once, or none.",
      ],
      fields: [
        FormField("file", "File", .text(least: 1)), FormField("column", "Column, if not key", .text(least: 0)),
        FormField("dry", "Only check", .choice(["no", "yes"]), "no"), reason,
      ], confirmTitle: "Import")
  }

  static func refusalToCancel(_ row: DisplayRow) -> String? {
    guard case .stockImport(let state) = row.detail else { return "This is no import" }
    return [.uploading, .queued].contains(state) ? nil : "It is \(state.rawValue) already"
  }
}

/// Showing a key of an order for some seconds.
enum RevealAction {
  static func ask(_ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .order(_, _, let units, _) = row.detail else { return [] }
    state.overlay = .form(
      FormState(
        action: .revealKey(row.asShown, place: 1), title: "Show a key of \(row.name)",
        lines: [
          "It comes sealed to this console alone, is shown for \(RevealReport.seconds) seconds, and the audit log tells.",
          units > 1 ? "The order has \(units) units." : "",
        ].filter { !$0.isEmpty },
        fields: [FormField("place", "Which key, from 1", .text(least: 1), "1"), .reason], confirmTitle: "Show"))
    return []
  }

  /// Why an order as it stands has no key to be shown.
  static func refusal(_ row: DisplayRow) -> String? {
    guard case .order(let state, _, _, _) = row.detail else { return "This is no order" }
    switch state {
    case .open, .awaitingAsync, .expired, .failed: return "This order has no key"
    default: return nil
    }
  }
}
