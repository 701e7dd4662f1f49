import Market
import Store

/// Asking for a refund: what it does to units, vendors and the order is worked out by the database first.
enum RefundAction {
  static let scopes = ["whole", "units", "amount"]

  static func ask(_ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .order(_, let total, let units, _) = row.detail else { return [] }
    var lines = ["Order \(row.name), \(total) in \(units) unit\(units == 1 ? "" : "s")."]
    lines.append("whole: all that is left; units: by their places, such as 1,3; amount: such as 9.99, the keys stay.")
    if let role = state.role, Capability.refundWithinLimit.grant(to: role) == .ask {
      lines.append("Ops or an admin has to agree before any money moves.")
    }
    state.overlay = .form(
      FormState(
        action: .refund(row.asShown, currency: total.currency), title: "Refund \(row.name)", lines: lines,
        fields: [
          FormField("scope", "Scope", .choice(scopes), scopes[0]),
          FormField("which", "Units or amount", .text(least: 0)), .reason,
        ], confirmTitle: "Refund", hasPreview: true))
    return []
  }

  /// Agreeing to a request, rejecting it or taking it back.
  static func askToDecide(_ decision: RefundActions.Decision, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .refund(let request?, _, let order, let amount) = row.detail else {
      return []
    }
    let (title, yes) =
      switch decision {
      case .approve: ("Agree to a refund", "Agree")
      case .reject: ("Reject a refund", "Reject")
      case .cancel: ("Take a request back", "Take back")
      }
    var form = FormState(
      action: .decideRefund(RowAsShown(id: request.rawValue, version: row.version, name: order), decision),
      title: title, lines: ["\(amount) for order \(order)."], confirmTitle: yes)
    // With the last yes money moves.
    if decision == .approve { form.fields.append(.typed(amount.digits)) }
    state.overlay = .form(form)
    return []
  }

  static func refusalToDecide(_ row: DisplayRow) -> String? {
    guard case .refund(let request, let state, _, _) = row.detail else { return "This is no refund" }
    guard request != nil else { return "This refund was made at Stripe: nobody asked for it here" }
    return state == .awaitingApproval ? nil : "It waits for nobody's decision"
  }

  static func refusalToCancel(_ row: DisplayRow) -> String? {
    guard case .refund(let request, let state, _, _) = row.detail else { return "This is no refund" }
    guard request != nil else { return "This refund was made at Stripe: nobody asked for it here" }
    return [.awaitingApproval, .approved].contains(state) ? nil : "It is too late to take it back"
  }

  /// Why an order as it stands gives nothing back.
  static func refusal(_ row: DisplayRow) -> String? {
    guard case .order(let state, _, _, _) = row.detail else { return "This is no order" }
    switch state {
    case .open, .awaitingAsync, .expired, .failed: return "Nothing was paid for this order"
    case .refunded: return "All of it is refunded already"
    default: return nil
    }
  }
}

/// What was typed as the scope of a refund.
enum RefundScopeText {
  /// Reads `1,3` or `9.99` as the scope wants it; `nil` with a sentence where it makes no sense.
  static func read(_ scope: String, _ which: String, _ currency: Currency) -> Result<Reading, Problem> {
    let text = which.filter { $0 != " " }
    switch scope {
    case "units":
      let places = text.split(separator: ",").map { Int($0) }
      let known = places.compactMap(\.self)
      guard !known.isEmpty, known.count == places.count, known.allSatisfy({ (1...10_000).contains($0) }) else {
        return .failure(Problem("Units are places in the order, such as 1 or 1,3"))
      }
      return .success(.units(Set(known).sorted()))
    case "amount":
      guard let minor = AmountText.minorUnits(text, currency), minor > 0 else {
        return .failure(Problem("An amount is such as \(Money(1_999, currency).digits)"))
      }
      return .success(.amount(minor))
    default: return .success(.whole)
    }
  }

  enum Reading: Equatable { case whole, units([Int]), amount(Int64) }

  struct Problem: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}

/// Amounts as people type them.
enum AmountText {
  /// `19.99` in minor units of the currency; `nil` for what is no amount of it. Digits beyond its decimals are refused,
  /// not rounded.
  static func minorUnits(_ text: String, _ currency: Currency) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let whole = parts.first, !whole.isEmpty, whole.utf8.count <= 12 else {
      return nil
    }
    let digits = currency.minorDigits
    let decimals = parts.count == 2 ? parts[1] : ""
    guard decimals.utf8.count <= digits, parts.count == 1 || !decimals.isEmpty else { return nil }
    let all = whole + decimals + String(repeating: "0", count: digits - decimals.utf8.count)
    guard all.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(all)
  }
}
