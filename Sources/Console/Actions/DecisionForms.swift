import Market
import Store

/// Deciding on what somebody asked for, and on differences to Stripe.
enum DecisionForms {
  static func decide(_ decision: AskActions.Decision, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .ask(_, let wish, let order, let by) = row.detail else { return [] }
    let (title, yes) =
      switch decision {
      case .approve: ("Agree to ask \(row.id)", "Agree")
      case .refuse: ("Refuse ask \(row.id)", "Refuse")
      case .withdraw: ("Withdraw ask \(row.id)", "Withdraw")
      }
    var lines = ["\(by) asks, for order \(order): \(wish)."]
    if decision == .approve { lines.append("It is done at once, as the order stands now.") }
    state.overlay = .form(
      FormState(
        action: .decideAsk(RowAsShown(id: row.id, version: row.version, name: order), decision), title: title,
        lines: lines, confirmTitle: yes))
    return []
  }

  /// Agreeing that somebody sees a key, or not.
  static func decideReveal(approves: Bool, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .reveal(_, let order, let unit, let by, let reason) = row.detail else {
      return []
    }
    state.overlay = .form(
      FormState(
        action: .decideReveal(row.asShown, approves: approves),
        title: approves ? "Let \(by) see a key" : "Refuse \(by) a key",
        lines: ["Key \(unit)\(order.map { " of order \($0)" } ?? ""): “\(reason)”"]
          + (approves ? ["Then they have 15 minutes to ask again."] : []),
        confirmTitle: approves ? "Agree" : "Refuse"))
    return []
  }

  static func refusalOfReveal(_ row: DisplayRow) -> String? {
    guard case .reveal(let state, _, _, _, _) = row.detail else { return "This is no wish to see a key" }
    return state == .waiting ? nil : "It waits for nobody"
  }

  static func refusalToDecide(_ row: DisplayRow) -> String? {
    guard case .ask(let state, _, _, _) = row.detail else { return "This is no ask" }
    return state == .waiting ? nil : "It is \(state.rawValue) already"
  }

  static func begin(_ id: CommandID, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .reconBreak = row.detail else { return [] }
    let name = "break \(row.id)"
    switch id {
    case .assignBreak:
      state.overlay = .form(
        FormState(
          action: .assignBreak(row.asShown), title: "Assign \(name)", lines: ["Without a login it is yours."],
          fields: [FormField("login", "To (login)", .text(least: 0)), .reason], confirmTitle: "Assign"))
    case .explainBreak:
      state.overlay = .form(
        FormState(
          action: .explainBreak(row.asShown), title: "Explain \(name)",
          lines: ["It stays in view until it is gone or closed."], confirmTitle: "Explain"))
    default:
      state.overlay = .form(
        FormState(
          action: .closeBreak(row.asShown), title: "Close \(name)",
          lines: ["It opens again if it is found otherwise than it is."], confirmTitle: "Close"))
    }
    return []
  }

  static func refusalOfBreak(_ row: DisplayRow) -> String? {
    guard case .reconBreak(let state) = row.detail else { return "This is no break" }
    return state == .closed || state == .healed ? "A break that is \(state.rawValue) needs nothing more" : nil
  }
}
