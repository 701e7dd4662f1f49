package import Market
package import Postgres

/// Stripe's balance, held against what our orders say should have moved.
package enum ReconBalance {
  /// Keeps lines, and posts to the ledger what Stripe kept of each; one that is kept already stays as it is. Answers
  /// how many were new. Inside a transaction.
  package static func record(_ session: borrowing Session, _ lines: [BalanceLine]) throws -> Int {
    guard !lines.isEmpty else { return 0 }
    let new = try session.execute(
      """
      INSERT INTO gkm.balance_line (id, type, category, source, amount, fee, net, currency, created_at)
      SELECT * FROM unnest(
        \(lines.map(\.id)), \(lines.map { safe($0.type, limit: 80) }), \(lines.map { safe($0.category, limit: 80) }),
        \(lines.map(\.source)), \(lines.map(\.amount)), \(lines.map(\.fee)), \(lines.map(\.net)),
        \(lines.map(\.currency)), \(lines.map(\.createdAt))
      ) AS l (id, type, category, source, amount, fee, net, currency, created_at)
      ORDER BY l.id
      ON CONFLICT (id) DO NOTHING
      """)
    if new > 0 { _ = try LedgerFees.post(session, of: lines.map(\.id)) }
    return new
  }

  /// How lines differ from what is known of their sources. Reads only.
  package static func compare(_ session: borrowing Session, _ lines: [BalanceLine]) throws -> [Difference] {
    let owners = try self.owners(session, Set(lines.compactMap(\.source)).sorted())
    let orders = try ReconObjects.held(session, Set(owners.values).sorted())
    return lines.flatMap { line in
      let order = line.source.flatMap { owners[$0] }.flatMap { orders[$0] }
      return Reconciliation.compare(line, with: order.flatMap { HeldSource(line, of: $0) })
    }
  }

  /// What looking at these lines answers: whether each fits, and whether its source has a line.
  package static func scopes(_ lines: [BalanceLine]) -> [ReconBreaks.Scope] {
    lines.flatMap { line in
      [ReconBreaks.Scope(line.id, [.balanceDiffers, .balanceUnknown])]
        + (line.source.map { [ReconBreaks.Scope($0, [.balanceMissing])] } ?? [])
    }
  }

  private static func owners(_ session: borrowing Session, _ sources: [String]) throws -> [String: OrderID] {
    guard !sources.isEmpty else { return [:] }
    let rows: [(String, OrderID)] = try session.rows(
      """
      SELECT charge_id, order_id FROM gkm.payment_attempt WHERE charge_id = ANY (\(sources))
      UNION ALL SELECT id, order_id FROM gkm.refund WHERE id = ANY (\(sources))
      UNION ALL SELECT id, order_id FROM gkm.dispute WHERE id = ANY (\(sources))
      """
    ) { (try $0.string(0), try $0.id(1)) }
    return Dictionary(rows) { first, _ in first }
  }

  /// Looks again at the kept lines of one source, whose facts may have changed.
  package static func recheck(
    _ session: borrowing Session, source: String
  ) throws -> ReconBreaks.Result {
    let lines: [BalanceLine] = try session.rows(
      "SELECT \(unescaped: columns) FROM gkm.balance_line l WHERE l.source = \(source) ORDER BY l.id LIMIT 100"
    ) { try decode($0) }
    return try ReconBreaks.settle(session, scopes(lines), try compare(session, lines), run: nil)
  }

  private static let columns =
    "l.id, l.type, l.category, l.source, l.amount, l.fee, l.net, l.currency, l.created_at"

  private static func decode(_ row: Row) throws -> BalanceLine {
    let net = try row.money(6, 7)
    return BalanceLine(
      id: try row.string(0), type: try row.string(1), category: try row.string(2), source: try row.stringOrNil(3),
      amount: try row.int64(4), fee: try row.int64(5), net: net.amount, currency: net.currency,
      createdAt: try row.instant(8))
  }

  /// Kept lines whose difference is still open, in the order of their ids.
  package static func unsettled(_ session: borrowing Session, after cursor: String?) throws -> [BalanceLine] {
    try session.rows(
      """
      SELECT \(unescaped: columns)
      FROM gkm.recon_break b JOIN gkm.balance_line l ON l.id = b.subject
      WHERE b.state IN ('open', 'assigned', 'explained') AND b.kind IN ('balance_differs', 'balance_unknown')
        AND l.id > \(cursor ?? "")
      ORDER BY l.id LIMIT \(ReconOurs.pageSize)
      """
    ) { try decode($0) }
  }

  /// Charges and refunds of the run's window that moved money and have no line, in the order of their ids.
  package static func unlisted(
    _ session: borrowing Session, _ run: ReconRun, after cursor: String?
  ) throws -> [Difference] {
    let until = run.until ?? run.startedAt
    let since = try max(run.from, ReconOurs.founded(session))
    let first = try ReconOurs.firstID(session, "payment_attempt", "recorded_at", since: since)
    return try session.rows(
      """
      SELECT x.id, x.order_id, x.amount, x.currency, x.word FROM (
        SELECT charge_id AS id, order_id, amount, currency, 'charge' AS word FROM gkm.payment_attempt
        WHERE id >= \(first) AND outcome = 'succeeded' AND attempted_at >= \(since) AND attempted_at < \(until)
        UNION ALL
        SELECT id, order_id, -amount, currency, 'refund' FROM gkm.refund
        WHERE status = 'succeeded' AND created_at >= \(since) AND created_at < \(until)
      ) x
      WHERE x.id > \(cursor ?? "") AND NOT EXISTS (SELECT FROM gkm.balance_line l WHERE l.source = x.id)
      ORDER BY x.id LIMIT \(ReconOurs.pageSize)
      """
    ) { row in
      Difference(
        .balanceMissing, of: try row.string(0), order: try row.id(1), ours: try row.int64OrNil(2),
        currency: try row.stringOrNil(3).flatMap { Currency($0) }, heals: false,
        "a \(try row.string(4)) for which Stripe's balance has no line")
    }
  }
}
