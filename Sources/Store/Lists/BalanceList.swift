package import Market
package import Postgres

/// What a vendor is owed in one currency.
package struct BalanceRow: ListRow {
  package var id: Int64
  package var vendor: String
  /// All that is owed; below zero where more went back than is there.
  package var balance: Money
  /// Of it what belongs to orders that are disputed or held: not paid out until that is over.
  package var onHold: Int64

  package var rowID: Int64 { id }
  package var available: Int64 { balance.amount - onHold }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("vendor", .text(vendor)),
      ListField("balance", .integer(balance.amount)), ListField("on_hold", .integer(onHold)),
      ListField("available", .integer(available)), ListField("currency", .text(balance.currency.code)),
    ]
  }
}

package enum BalanceList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [BalanceRow]
  {
    var all = conditions
    if let after { all.append("a.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    // A checkpoint, and what was posted since: however much was posted before it.
    return try session.rows(
      """
      SELECT a.id, v.handle, -(coalesce(c.amount, 0) + coalesce((
          SELECT sum(p.amount) FROM gkm.ledger_posting p
          WHERE p.vendor_id = a.vendor_id AND p.currency = a.currency AND p.tx_id > coalesce(c.through_tx, 0)), 0))::bigint,
        a.currency, coalesce(h.amount, 0)::bigint
      FROM gkm.ledger_account a
      JOIN gkm.vendor v ON v.id = a.vendor_id
      LEFT JOIN gkm.ledger_checkpoint c ON c.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM gkm.payable_hold GROUP BY 1) h ON h.account_id = a.id
      WHERE \(sql: filter)
      ORDER BY a.id DESC LIMIT \(limit)
      """
    ) { row in
      BalanceRow(
        id: try row.int64(0), vendor: try row.string(1), balance: try row.money(2, 3), onHold: try row.int64(4))
    }
  }
}

extension BalanceList: ListDefinition {
  package static let capability = Capability.readLedger
  package static let memberNames = ["id", "vendor", "balance", "on_hold", "available", "currency"]

  package static var staffSchema: FilterSchema {
    FilterSchema([FilterField("vendor", .id, "a vendor's handle"), FilterField("currency", .id, "such as eur")])
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "vendor": "v.handle"
    default: "a.currency"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    "v.handle = \(text.lowercased()) OR strpos(lower(v.name), \(text.lowercased())) > 0"
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [BalanceRow] {
    try VendorList.balances(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
