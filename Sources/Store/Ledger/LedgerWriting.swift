import Market
import Postgres

/// One entry to be posted.
struct LedgerRow {
  /// `nil` for what is nobody's order's.
  let order: OrderID?
  let entry: LedgerEntry
  let stripeEvent: String?
  let postedAt: Instant
}

/// The statements that post entries, to be run in this order. Whatever they post has its audit event in the same
/// transaction.
enum LedgerWriting {
  /// Opens the accounts that are not there. In the order of their keys, so that two transactions that open the same
  /// never wait for each other in a circle.
  static func accounts(_ rows: [LedgerRow]) -> SQL {
    let accounts = Set(rows.flatMap { $0.entry.postings.map(\.slot.account) }).sorted { $0.key < $1.key }
    return """
      INSERT INTO gkm.ledger_account (kind, vendor_id, currency)
      SELECT k.kind, k.vendor_id, k.currency
      FROM unnest(
        \(accounts.map(\.key)), \(accounts.map(\.kind.rawValue)), \(accounts.map(\.vendor)), \(accounts.map(\.currency))
      ) AS k (key, kind, vendor_id, currency)
      WHERE NOT EXISTS (SELECT FROM gkm.ledger_account a WHERE a.key = k.key)
      ON CONFLICT DO NOTHING
      """
  }

  /// Writes transactions and postings; affects as many rows as there are postings.
  static func entries(_ rows: [LedgerRow]) -> SQL {
    let postings = rows.flatMap { row in
      row.entry.postings.enumerated().map { (row: row, position: Int16($0 + 1), posting: $1) }
    }
    return """
      WITH tx AS (
        INSERT INTO gkm.ledger_tx (order_id, entry, postings, stripe_event, posted_at)
        SELECT * FROM unnest(
          \(rows.map(\.order)), \(rows.map(\.entry.name)), \(rows.map { Int16($0.entry.postings.count) }),
          \(rows.map(\.stripeEvent)), \(rows.map(\.postedAt)))
        RETURNING id, order_id, entry, postings
      )
      INSERT INTO gkm.ledger_posting (tx_id, position, postings, account_id, vendor_id, order_line_id, currency, amount)
      SELECT tx.id, e.position, tx.postings, a.id, a.vendor_id, e.line, a.currency, e.amount
      FROM unnest(
        \(postings.map(\.row.order)), \(postings.map(\.row.entry.name)), \(postings.map(\.position)),
        \(postings.map(\.posting.slot.account.key)), \(postings.map(\.posting.slot.line)),
        \(postings.map(\.posting.amount))
      ) AS e (order_id, entry, position, account, line, amount)
      JOIN tx ON coalesce(tx.order_id, 0) = coalesce(e.order_id, 0) AND tx.entry = e.entry
      JOIN gkm.ledger_account a ON a.key = e.account
      """
  }

  static func postingCount(_ rows: [LedgerRow]) -> Int { rows.reduce(0) { $0 + $1.entry.postings.count } }
}
