package import Market
package import Postgres

/// One posting. For staff debits are positive and credits negative; a vendor's are what the vendor is owed.
package struct LedgerPostingRow: ListRow {
  package var id: Int64
  package var at: Instant
  package var order: String?
  package var entry: String
  package var account: LedgerAccount.Kind
  package var vendor: String?
  /// What was sold, where the posting is of a line.
  package var title: String?
  /// The order's line, from 1.
  package var line: Int64?
  package var amount: Money
  package var stripeEvent: String?

  package var rowID: Int64 { id }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("at", .time(at)), ListField("order", .optional(order)),
      ListField("entry", .text(entry)), ListField("account", .text(account.rawValue)),
      ListField("vendor", .optional(vendor)), ListField("line", .optional(line)), ListField("title", .optional(title)),
      ListField("amount", .integer(amount.amount)), ListField("currency", .text(amount.currency.code)),
      ListField("stripe_event", .optional(stripeEvent)),
    ]
  }
}

package enum LedgerList {
  /// A posting's number in lists: its transaction's, and behind it the three digits of its place there.
  static let id: SQL = "p.tx_id * 1000 + p.position"

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [LedgerPostingRow]
  {
    var all = conditions
    if let after {
      all.append("(p.tx_id, p.position) < (\(after / 1_000), \(Int16(after % 1_000)))")
      all.append("t.id <= \(after / 1_000)")
    }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try rows(session, where: filter, order: "p.tx_id DESC, p.position DESC", limit: limit)
  }

  /// Everything posted of one order, oldest first.
  package static func ofOrder(_ session: borrowing Session, _ order: OrderID) throws -> [LedgerPostingRow] {
    try rows(session, where: "t.order_id = \(order)", order: "p.tx_id, p.position", limit: 5_000)
  }

  private static func rows(_ session: borrowing Session, where filter: SQL, order: SQL, limit: Int) throws
    -> [LedgerPostingRow]
  {
    try session.rows(
      """
      SELECT \(sql: id), t.posted_at, o.number, t.entry::text, a.kind, v.handle, l.title::text, p.amount, p.currency,
        t.stripe_event, CASE WHEN l.id IS NOT NULL THEN (
          SELECT count(*) FROM gkm.order_line x WHERE x.order_id = l.order_id AND x.id <= l.id) END
      FROM gkm.ledger_posting p
      JOIN gkm.ledger_tx t ON t.id = p.tx_id
      JOIN gkm.ledger_account a ON a.id = p.account_id
      LEFT JOIN gkm.orders o ON o.id = t.order_id
      LEFT JOIN gkm.vendor v ON v.id = p.vendor_id
      LEFT JOIN gkm.order_line l ON l.id = p.order_line_id
      WHERE \(sql: filter)
      ORDER BY \(sql: order) LIMIT \(limit)
      """
    ) { row in
      LedgerPostingRow(
        id: try row.int64(0), at: try row.instant(1), order: try row.stringOrNil(2), entry: try row.string(3),
        account: try row.word(4), vendor: try row.stringOrNil(5), title: try row.stringOrNil(6),
        line: try row.int64OrNil(10), amount: try row.money(7, 8), stripeEvent: try row.stringOrNil(9))
    }
  }
}

extension LedgerList: ListDefinition {
  package static let capability = Capability.readLedger
  package static let memberNames = [
    "id", "at", "order", "entry", "account", "vendor", "line", "title", "amount", "currency", "stripe_event",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("account", .enumeration(LedgerAccount.Kind.allCases.map(\.rawValue)), "the kind of account"),
        FilterField("order", .id, "the order's number"), FilterField("vendor", .id, "a vendor's handle"),
        FilterField("entry", .text, "such as sale or refund:re_…"),
        FilterField("amount", .money, "debits are positive"),
        FilterField("currency", .id, "such as eur"), FilterField("event", .id, "evt_…"),
        FilterField("at", .time, "when it was posted"),
      ], timeField: "at", mainField: "account")
  }

  package static var vendorSchema: FilterSchema { FilterSchema([], timeField: "at") }

  package static let moneyAlias = "p"

  package static let keyset: ListKeyset? = ListKeyset(
    "gkm.ledger_tx", as: "p", place: "p.tx_id", twin: "t.id", scale: 1_000)

  package static func isIndexed(_ predicate: FilterPredicate) -> Bool {
    guard case .oneOf(let field, _) = predicate else { return false }
    return ["order", "vendor", "event"].contains(field)
  }

  package static func ofVendors(_ ids: [VendorID]) -> SQL? { isOne("p.vendor_id", of: ids) }

  /// An event's postings are those of its order.
  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "event" else { return nil }
    return """
      t.stripe_event = ANY (\(values)) AND t.order_id = ANY (ARRAY(
        SELECT z.order_id FROM gkm.stripe_event z WHERE z.event_id = ANY (\(values)) AND z.order_id IS NOT NULL))
      """
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "account": "a.kind"
    case "vendor": "v.handle"
    case "entry": "t.entry"
    case "amount": "p.amount"
    case "currency": "p.currency"
    case "event": "t.stripe_event"
    default: "t.posted_at"
    }
  }

  package static func freeText(_ text: String) -> SQL {
    """
    strpos(o.number, \(text.uppercased())) > 0 OR strpos(t.entry, \(text)) > 0 OR v.handle = \(text.lowercased())
      OR t.stripe_event = \(text)
    """
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [LedgerPostingRow] {
    try VendorList.ledger(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
