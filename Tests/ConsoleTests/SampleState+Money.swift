import Market

@testable import Console
@testable import Store

extension Sample {
  static let ledger: [LedgerPostingRow] = [
    posting(7, "refund:re_3PZ0Qexample", .vendorPayable, 1_759), posting(6, "refund:re_3PZ0Qexample", .commission, 240),
    posting(5, "refund:re_3PZ0Qexample", .clearing, -1_999), posting(3, "sale", .vendorPayable, -1_759),
    posting(2, "sale", .commission, -240), posting(1, "sale", .clearing, 1_999),
  ]

  private static func posting(
    _ place: Int64, _ entry: String, _ account: LedgerAccount.Kind, _ amount: Int64
  ) -> LedgerPostingRow {
    LedgerPostingRow(
      id: 4_000 + place, at: now - .seconds(600 - Int(place)), order: "GK-7Q2M-4XK0-9R", entry: entry, account: account,
      vendor: account == .vendorPayable ? "keyhaus" : nil, title: account == .clearing ? nil : "Starfall Odyssey",
      line: account == .clearing ? nil : 1, amount: Money(amount, .eur), stripeEvent: "evt_1Q\(place)")
  }

  static let balances: [BalanceRow] = [
    BalanceRow(id: 3, vendor: "pixelport", balance: Money(-512, .usd), onHold: 0),
    BalanceRow(id: 2, vendor: "keyhaus", balance: Money(120_500, .jpy), onHold: 1_200),
    BalanceRow(id: 1, vendor: "keyhaus", balance: Money(1_234_567, .eur), onHold: 0),
  ]

  static let commission: [CommissionRow] = [
    rule(4, .withdrawn, CommissionScope(category: "dlc"), 700),
    rule(3, .coming, CommissionScope(vendor: VendorID(1)), 950),
    rule(
      2, .current, CommissionScope(vendor: VendorID(1), product: ProductID(9)), 800,
      [.eur: CommissionAmounts(fixed: 30, min: 100, max: 350)]),
    rule(1, .current, .everything, 1_250),
  ]

  private static func rule(
    _ id: Int64, _ state: CommissionRow.State, _ scope: CommissionScope, _ basisPoints: Int,
    _ amounts: [Currency: CommissionAmounts] = [:]
  ) -> CommissionRow {
    CommissionRow(
      rule: CommissionRule(
        id: CommissionRuleID(id), scope: scope, basisPoints: basisPoints, amounts: amounts, from: now - .seconds(86_400)
      ),
      state: state, vendor: scope.vendor.map { _ in "keyhaus" },
      product: scope.product.map { _ in "Starfall Odyssey (Steam)" },
      replaces: nil, version: 1)
  }
}
