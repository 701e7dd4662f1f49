import FoundationEssentials
import Market
import Postgres

// A vendor's own postings, balances and commission rules.

extension VendorList {
  static func ledger(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [LedgerPostingRow] {
    try page(session, "ledger", conditions, after: after, limit: limit) { (id, raw: RawPosting) in
      LedgerPostingRow(
        id: id, at: try time(raw.at), order: raw.order, entry: raw.entry, account: .vendorPayable,
        vendor: viewer.vendorHandle, title: raw.title, line: raw.line, amount: try money(raw.amount, raw.currency),
        stripeEvent: nil)
    }
  }

  static func balances(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [BalanceRow] {
    try page(session, "balances", conditions, after: after, limit: limit) { (id, raw: RawBalance) in
      BalanceRow(
        id: id, vendor: viewer.vendorHandle ?? "", balance: try money(raw.balance, raw.currency), onHold: raw.onHold)
    }
  }

  static func commission(
    _ session: borrowing Session, viewer: Viewer, _ conditions: Conditions, after: Int64?, limit: Int
  ) throws -> [CommissionRow] {
    try page(session, "commission", conditions, after: after, limit: limit) { (id, raw: RawRule) in
      CommissionRow(
        rule: CommissionRule(
          id: CommissionRuleID(id),
          scope: CommissionScope(
            vendor: viewer.vendor, category: raw.category, product: raw.productId.map { ProductID($0) }),
          basisPoints: raw.basisPoints, amounts: try CommissionList.amounts(Array(raw.amounts.utf8)),
          from: try raw.from.map(time), until: try raw.until.map(time)),
        state: try word(raw.state, "state"), vendor: viewer.vendorHandle, product: raw.product, replaces: nil,
        version: 0)
    }
  }
}

private struct RawPosting: Decodable {
  var at: String
  var order: String?
  var entry: String
  var line: Int64?
  var title: String?
  var amount: Int64
  var currency: String
}

private struct RawBalance: Decodable {
  var balance: Int64
  var onHold: Int64
  var currency: String
}

private struct RawRule: Decodable {
  var category: String?
  var productId: Int64?
  var product: String?
  var basisPoints: Int
  /// The document as text: its members are names of currencies.
  var amounts: String
  var state: String
  var from: String?
  var until: String?
}
