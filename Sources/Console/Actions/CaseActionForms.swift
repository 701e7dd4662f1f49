import Market
import Terminal

/// Working on support cases, from their list and from within one.
enum CaseActionForms {
  static let kinds = ["question", "bad_key", "delivery_failed", "refund", "other"]

  static func begin(_ id: CommandID, _ state: inout AppState, now: Instant) -> [Effect] {
    guard let row = state.chosenRow else { return [] }
    switch id {
    case .openCase: state.overlay = .form(opening(row))
    case .takeCase:
      state.note(.takeCase(row.asShown))
      return [.perform(.takeCase(row.asShown), values: [:])]
    case .noteCase:
      state.overlay = .form(
        FormState(
          action: .noteCase(row.asShown), title: "Note in \(row.name)", lines: ["Only staff read it."],
          fields: [FormField("text", "Note", .text(least: 3))], confirmTitle: "Note"))
    case .answerCase: state.overlay = .form(answering(row, state))
    case .handOverCase:
      state.overlay = .form(
        FormState(
          action: .handOverCase(row.asShown), title: "Hand over \(row.name)", lines: [],
          fields: [FormField("login", "To (login)", .text(least: 2)), .reason], confirmTitle: "Hand over"))
    case .releaseCase:
      state.overlay = .form(
        FormState(
          action: .releaseCase(row.asShown), title: "Put back \(row.name)", lines: [],
          fields: [
            FormField("queue", "Queue", .choice(["the same"] + CaseQueue.allCases.map(\.rawValue)), "the same"),
            .reason,
          ], confirmTitle: "Put back"))
    case .closeCase:
      state.overlay = .form(
        FormState(
          action: .closeCase(row.asShown), title: "Close \(row.name)",
          lines: ["Say how it was settled. Taking it opens it again."], confirmTitle: "Close"))
    default:
      guard case .supportCase(_, let order?) = row.detail else { return [] }
      return follow(.order(order), &state, now: now)
    }
    return []
  }

  private static func opening(_ row: DisplayRow) -> FormState {
    FormState(
      action: .openCase(order: row.name), title: "Open a case about \(row.name)",
      lines: ["Its kind decides whose queue it goes into and how soon it is due."],
      fields: [
        FormField("kind", "Kind", .choice(kinds), kinds[0]),
        FormField(
          "priority", "Priority", .choice(["of its kind"] + CasePriority.allCases.map(\.rawValue)), "of its kind"),
        FormField("text", "What is it", .text(least: 3)),
      ], confirmTitle: "Open the case")
  }

  private static func answering(_ row: DisplayRow, _ state: AppState) -> FormState {
    let text = FormField("text", "Answer", .text(least: 3))
    guard state.role != .vendor else {
      return FormState(
        action: .answerCaseAsVendor(row.asShown), title: "Answer in \(row.name)", lines: ["Staff reads it."],
        fields: [text], confirmTitle: "Answer")
    }
    let names = state.replies.keys.sorted()
    let ready = names.isEmpty ? [] : [FormField("reply", "Ready answer", .choice(["none"] + names), "none")]
    return FormState(
      action: .answerCase(row.asShown), title: "Answer in \(row.name)",
      lines: ["It goes to the customer, or to a vendor of the order; the case then waits for them."],
      fields: [
        FormField("recipient", "To", .choice(["customer", "vendor"]), "customer"),
        FormField("vendor", "Vendor, if several", .text(least: 0)),
      ] + ready + [text], confirmTitle: "Answer")
  }

  static func refusal(_ row: DisplayRow) -> String? {
    guard case .supportCase = row.detail else { return "This is no case" }
    return nil
  }

  static func refusalToClose(_ row: DisplayRow) -> String? {
    guard case .supportCase(let state, _) = row.detail else { return "This is no case" }
    return state == .closed ? "It is closed already" : nil
  }

  static func refusalOfOrder(_ row: DisplayRow) -> String? {
    guard case .supportCase(_, let order) = row.detail else { return "This is no case" }
    return order == nil ? "This case is about no order" : nil
  }

  static func refusalForOrder(_ row: DisplayRow) -> String? {
    guard case .order = row.detail else { return "This is no order" }
    return nil
  }
}
