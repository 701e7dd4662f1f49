import Market
import Store

/// What the market takes of sales: an admin changes it from a moment on, lets a rule end, or takes one back that has not
/// begun.
enum CommissionForms {
  static func begin(_ id: CommandID, _ state: inout AppState) -> [Effect] {
    guard let row = state.chosenRow else { return [] }
    switch (id, row.detail) {
    case (.changeCommission, .vendor(let handle, let rule)):
      let own = rule?.scope.vendor == nil ? nil : rule
      let shown = RowAsShown(id: own?.id.rawValue ?? 0, version: row.version, name: handle)
      state.overlay = .form(
        changing(shown, CommissionScope(vendor: VendorID(row.id)), from: rule, zone: state.zoneName))
    case (.changeRule, .commissionRule(let rule)):
      let shown = RowAsShown(id: row.id, version: row.version, name: rule.scopeText)
      state.overlay = .form(changing(shown, rule.rule.scope, from: rule.rule, zone: state.zoneName))
    case (.withdrawCommission, .commissionRule(let rule)):
      state.overlay = .form(
        FormState(
          action: .withdrawCommission(row.asShown), title: "Take rule \(row.id) back",
          lines: [
            "\(rule.rule.termsText) for \(rule.scopeText): it never begins, and the rule before it holds on."
          ], confirmTitle: "Take back"))
    case (.endCommission, .commissionRule(let rule)):
      state.overlay = .form(
        FormState(
          action: .endCommission(row.asShown), title: "End rule \(row.id)",
          lines: [
            "\(rule.rule.termsText) for \(rule.scopeText). What was sold keeps its terms; a less specific rule counts then."
          ],
          fields: [
            FormField("from", "When", .text(least: 1), "now"),
            FormField("zone", "In the zone", .text(least: 1), state.zoneName), .reason,
          ], confirmTitle: "End"))
    default: break
    }
    return []
  }

  private static func changing(
    _ shown: RowAsShown, _ scope: CommissionScope, from rule: CommissionRule?, zone: String
  ) -> FormState {
    FormState(
      action: .changeCommission(shown, scope), title: "Commission of \(shown.name)",
      lines: [
        "When: now, monday, tomorrow 09:00 or 2026-12-01 00:00, in the zone.",
        "Amounts, if any, are for one unit: fixed 0.30eur, min 0.50eur, max 5eur.",
      ],
      fields: [
        FormField(
          "share", "Share in %", .text(least: 1),
          rule.map { String(percentage(basisPoints: $0.basisPoints).dropLast(2)) } ?? ""),
        FormField("amounts", "Amounts", .text(least: 0), rule.map(CommissionText.amounts) ?? ""),
        FormField("from", "When", .text(least: 1), "monday 00:00"),
        FormField("zone", "In the zone", .text(least: 1), zone), .reason,
      ], confirmTitle: "Change", hasPreview: true)
  }

  static func refusalToChange(_ row: DisplayRow) -> String? {
    switch row.detail {
    case .vendor: nil
    case .commissionRule(let rule): rule.state == .withdrawn ? "This rule was taken back" : nil
    default: "This has no commission"
    }
  }

  static func refusalToWithdraw(_ row: DisplayRow) -> String? {
    guard case .commissionRule(let rule) = row.detail else { return "This is no rule" }
    switch rule.state {
    case .coming: return nil
    case .current: return "It holds already: let it end instead"
    case .ended, .withdrawn: return "It is \(rule.state.rawValue) already"
    }
  }

  static func refusalToEnd(_ row: DisplayRow) -> String? {
    guard case .commissionRule(let rule) = row.detail else { return "This is no rule" }
    switch rule.state {
    case .current: return nil
    case .coming: return "It has not begun: take it back instead"
    case .ended, .withdrawn: return "It is \(rule.state.rawValue) already"
    }
  }
}

/// Terms of commission as people type them.
enum CommissionText {
  struct Problem: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  /// Basis points of `12.5` or `12.5 %`.
  static func basisPoints(_ text: String) throws(Problem) -> Int {
    let digits = text.filter { $0 != " " && $0 != "%" }
    // A share has two decimals, as amounts of the euro do.
    guard let points = AmountText.minorUnits(digits, .eur), points <= 10_000 else {
      throw Problem(description: "a share is 0 to 100 with at most two decimals, such as 12.5")
    }
    return Int(points)
  }

  /// Reads `fixed 0.30eur, min 0.50eur, max 5eur`; each is for one unit.
  static func amounts(_ text: String) throws(Problem) -> [Currency: CommissionAmounts] {
    var amounts: [Currency: CommissionAmounts] = [:]
    for part in text.lowercased().split(separator: ",") {
      let words = part.split(separator: " ")
      guard !words.isEmpty else { continue }
      guard words.count == 2, let member = member(String(words[0])), let money = Money(typed: String(words[1])) else {
        throw Problem(description: "amounts are such as fixed 0.30eur, min 0.50eur, max 5eur")
      }
      guard amounts[money.currency]?[keyPath: member] == nil else {
        throw Problem(description: "\(words[0]) is given twice in \(money.currency.display)")
      }
      amounts[money.currency, default: CommissionAmounts()][keyPath: member] = money.amount
    }
    return amounts
  }

  /// A rule's amounts as they are typed.
  static func amounts(_ rule: CommissionRule) -> String {
    rule.amounts.sorted { $0.key.code < $1.key.code }.flatMap { currency, own in
      [("fixed", own.fixed), ("min", own.min), ("max", own.max)].compactMap { name, amount in
        amount.map { "\(name) \(Money($0, currency).digits)\(currency.code)" }
      }
    }.joined(separator: ", ")
  }

  private static func member(_ name: String) -> WritableKeyPath<CommissionAmounts, Int64?>? {
    switch name {
    case "fixed": \.fixed
    case "min": \.min
    case "max": \.max
    default: nil
    }
  }
}
