import Market
import Postgres

/// What orders' ledger entries are compared with and computed from, beside the facts of their payments.
enum PostedLedger {
  /// The entries posted so far, in their order; without fees, which no facts tell of.
  static func entries(_ session: borrowing Session, of orders: [OrderID]) throws -> [OrderID: [LedgerEntry]] {
    guard !orders.isEmpty else { return [:] }
    let rows: [(order: OrderID, name: String, posting: LedgerPosting)] = try session.rows(
      """
      SELECT t.order_id, t.entry::text, a.kind, a.vendor_id, a.currency, p.order_line_id, p.amount
      FROM gkm.ledger_tx t
      JOIN gkm.ledger_posting p ON p.tx_id = t.id
      JOIN gkm.ledger_account a ON a.id = p.account_id
      WHERE t.order_id = ANY (\(orders)) AND t.entry NOT LIKE 'fee:%'
      ORDER BY t.order_id, t.id, p.position
      """
    ) { (try $0.id(0), try $0.string(1), try posting($0, from: 2)) }
    var entries: [OrderID: [LedgerEntry]] = [:]
    for row in rows {
      var own = entries[row.order] ?? []
      if let last = own.last, last.name == row.name {
        own[own.count - 1] = LedgerEntry(name: row.name, postings: last.postings + [row.posting])
      } else {
        own.append(LedgerEntry(name: row.name, postings: [row.posting]))
      }
      entries[row.order] = own
    }
    return entries
  }

  private static func posting(_ row: Row, from column: Int) throws -> LedgerPosting {
    let kind: LedgerAccount.Kind = try row.word(column)
    let money = try row.money(column + 4, column + 2)
    let account = LedgerAccount(kind, vendor: try row.idOrNil(column + 1), money.currency)
    return LedgerPosting(LedgerSlot(account, line: try row.idOrNil(column + 3)), money.amount)
  }

  /// Which lines each refund was asked for, and how much of each: by the request that its metadata names.
  static func allocations(
    _ session: borrowing Session, of orders: [OrderID: PaymentFacts]
  ) throws -> [OrderID: [String: [OrderLineID: Int64]]] {
    let asked = orders.filter { $0.value.refunds.values.contains { $0.request != nil } }
    guard !asked.isEmpty else { return [:] }
    let rows: [(order: OrderID, request: String, line: OrderLineID, amount: Int64)] = try session.rows(
      """
      SELECT r.order_id, r.id::text, u.order_line_id, sum(x.amount)::bigint
      FROM gkm.refund_request r
      JOIN gkm.refund_request_unit x ON x.request_id = r.id
      JOIN gkm.order_unit u ON u.id = x.order_unit_id
      WHERE r.order_id = ANY (\(asked.keys.sorted()))
      GROUP BY 1, 2, 3
      """
    ) { (try $0.id(0), try $0.string(1), try $0.id(2), try $0.int64(3)) }
    var parts: [OrderID: [String: [OrderLineID: Int64]]] = [:]
    for row in rows { parts[row.order, default: [:]][row.request, default: [:]][row.line] = row.amount }
    return asked.reduce(into: [:]) { found, order in
      guard let requests = parts[order.key] else { return }
      for (id, refund) in order.value.refunds {
        if let request = refund.request { found[order.key, default: [:]][id] = requests[request] }
      }
    }
  }
}
