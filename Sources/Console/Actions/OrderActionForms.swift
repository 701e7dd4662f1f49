import Market
import Store

/// What people do about an order by hand: sending its mails again, replacing a bad key, holding it, noting something.
enum OrderActionForms {
  static func begin(_ id: CommandID, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow else { return [] }
    let role = state.role
    switch (id, row.detail) {
    case (.retryOrder, .order):
      state.overlay = .form(
        FormState(
          action: .retryOrder(row.asShown), title: "Retry \(row.name)",
          lines: ["Every delivery of it that failed or waits is tried now: the same key, the same Message-ID."],
          confirmTitle: "Retry"))
    case (.resendOrder, .order(_, _, let units, _)): state.overlay = .form(resending(row, units))
    case (.resendElsewhere, .order): state.overlay = .form(elsewhere(row, role))
    case (.replaceKey, .order(_, _, let units, _)): state.overlay = .form(replacing(row, units, role))
    case (.holdOrder, .order):
      state.overlay = .form(
        FormState(
          action: .holdOrder(row.asShown), title: "Hold \(row.name)",
          lines: [
            "Nothing of it is bound, sent or paid back by itself until it is released.",
            "What Stripe tells goes on being heard. Only ops or an admin releases it.",
          ], confirmTitle: "Hold", hasPreview: true))
    case (.releaseOrder, .order):
      state.overlay = .form(
        FormState(
          action: .releaseOrder(row.asShown), title: "Release \(row.name)",
          lines: ["It goes on at once, as its payment says."], confirmTitle: "Release", hasPreview: true))
    case (.noteOrder, .order):
      state.overlay = .form(
        FormState(
          action: .noteOrder(row.asShown), title: "Note on \(row.name)", lines: ["Only staff read it."],
          fields: [FormField("text", "Note", .text(least: 3))], confirmTitle: "Note"))
    case (.resendDelivery, .delivery(_, let order, _)):
      state.overlay = .form(
        FormState(
          action: .resendDelivery(row.asShown, order: order), title: "Send again",
          lines: ["Order \(order): the same key goes to the same address once more."], confirmTitle: "Send again",
          hasPreview: true))
    default: break
    }
    return []
  }

  private static func resending(_ row: DisplayRow, _ units: Int) -> FormState {
    FormState(
      action: .resendOrder(row.asShown), title: "Send \(row.name) again",
      lines: ["The same keys go to the same address once more, at most three times an hour."],
      fields: which(units) + [.reason], confirmTitle: "Send again", hasPreview: true)
  }

  private static func elsewhere(_ row: DisplayRow, _ role: Role?) -> FormState {
    var lines = [
      "The order's keys and all its later mails go there, and the old address is told.",
      "Refused once a key was looked at.",
    ]
    if isAsked(.resendOtherAddress, role) { lines.append("Ops or an admin has to agree first.") }
    return FormState(
      action: .resendElsewhere(row.asShown), title: "Send \(row.name) elsewhere", lines: lines,
      fields: [FormField("address", "Address", .text(least: 5)), .reason], confirmTitle: "Send there",
      hasPreview: true)
  }

  private static func replacing(_ row: DisplayRow, _ units: Int, _ role: Role?) -> FormState {
    var lines = ["The key is taken out, its batch is flagged, and another is sent at once. The customer is told."]
    if isAsked(.replaceKey, role) { lines.append("Ops or an admin has to agree first.") }
    let unit = FormField("unit", "Unit (1 to \(units))", .text(least: 1), units == 1 ? "1" : "")
    return FormState(
      action: .replaceKey(row.asShown), title: "Replace a key of \(row.name)", lines: lines,
      fields: (units == 1 ? [] : [unit])
        + [.reason, FormField("stockless", "Without stock", .choice(["refuse", "wait"]), "refuse")],
      confirmTitle: "Replace", hasPreview: true)
  }

  /// An order of one unit has nothing to choose from.
  private static func which(_ units: Int) -> [FormField] {
    units == 1 ? [] : [FormField("which", "Units, or all", .text(least: 0))]
  }

  private static func isAsked(_ capability: Capability, _ role: Role?) -> Bool {
    role.map { capability.grant(to: $0) == .ask } ?? false
  }

  /// Why none of its keys is sent as it stands.
  static func refusal(_ row: DisplayRow) -> String? {
    guard case .order(let state, _, _, let isHeld) = row.detail else { return "This is no order" }
    switch state {
    case .paid, .delivered, .partiallyRefunded, .unfulfillable: return nil
    case .held: return isHeld ? "It is held: release it first" : "It is held for its payment"
    case .open, .awaitingAsync, .expired, .failed: return "Nothing was paid for this order"
    case .disputed, .refunded, .chargedBack: return "No key is sent for an order that is \(state.words)"
    }
  }

  static func refusalToHold(_ row: DisplayRow) -> String? {
    guard case .order(let state, _, _, let isHeld) = row.detail else { return "This is no order" }
    if isHeld { return "It is held already" }
    switch state {
    case .refunded, .chargedBack, .expired, .failed: return "Nothing more happens to an order that is \(state.words)"
    default: return nil
    }
  }

  static func refusalToRelease(_ row: DisplayRow) -> String? {
    guard case .order(let state, _, _, let isHeld) = row.detail else { return "This is no order" }
    if isHeld { return nil }
    return state == .held ? "Its payment holds it, and nobody of the staff" : "Nobody holds it"
  }

  static func refusalToResend(_ row: DisplayRow) -> String? {
    guard case .delivery(_, _, let state) = row.detail else { return "This is no delivery" }
    switch state {
    case .confirmed, .bounced: return nil
    case .failed, .retrying: return "It did not arrive yet: it is retried"
    default: return "A delivery that is \(state.rawValue) is not sent again"
    }
  }
}

extension OrderState {
  /// `charged back`
  fileprivate var words: String { rawValue.split(separator: "_").joined(separator: " ") }
}
