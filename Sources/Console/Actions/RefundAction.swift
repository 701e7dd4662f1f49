import Market

/// Asking for a refund: what it does to units, vendors and the order is worked out by the database first.
enum RefundAction {
  static let scopes = ["whole", "units", "amount"]

  static func ask(_ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow, case .order(_, let total, let units) = row.detail else { return [] }
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

  /// Why an order as it stands gives nothing back.
  static func refusal(_ row: DisplayRow) -> String? {
    guard case .order(let state, _, _) = row.detail else { return "This is no order" }
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
