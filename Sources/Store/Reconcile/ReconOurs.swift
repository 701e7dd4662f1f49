package import Market
package import Postgres

/// What of ours has to be asked for by itself, because Stripe's lists did not show it or look too short a way back.
package enum ReconOurs {
  /// How many are asked for at once; the rest is the next page's.
  package static let pageSize = 200

  /// Payments, refunds and disputes of the run's window that it did not meet at Stripe, in the order of their ids. What
  /// is older than the installation came from elsewhere, and its Stripe cannot be asked for it.
  package static func unseen(
    _ session: borrowing Session, _ run: ReconRun, after cursor: String?
  ) throws -> [String] {
    let until = run.until ?? run.startedAt
    let since = try max(run.from, founded(session))
    // Ids rise with time: an order is at most some days older than its payment.
    let first = try firstID(session, "orders", "created_at", since: since - .seconds(3 * 86_400))
    return try session.rows(
      """
      SELECT x.id FROM (
        SELECT i.id FROM gkm.orders o
        JOIN gkm.payment p ON p.order_id = o.id
        JOIN gkm.payment_intent i ON i.order_id = o.id
        WHERE o.id >= \(first) AND o.paid_at >= \(since) AND o.paid_at < \(until)
          AND (p.facts #>> ARRAY['intents', i.id, 'succeeded']) = 'true'
        UNION ALL
        SELECT id FROM gkm.refund WHERE created_at >= \(since) AND created_at < \(until)
          AND status NOT IN ('failed', 'canceled')
        UNION ALL
        SELECT id FROM gkm.dispute WHERE created_at >= \(since) AND created_at < \(until)
      ) x
      WHERE x.id > \(cursor ?? "")
        AND NOT EXISTS (SELECT FROM gkm.recon_seen s WHERE s.run_id = \(run.id) AND s.object_id = x.id)
      ORDER BY x.id LIMIT \(pageSize)
      """
    ) { try $0.string(0) }
  }

  /// What waits for Stripe, however old it is: refunds under way, disputes undecided, orders whose money is on its way
  /// or whose session should be over, and whatever differed when it was last looked at.
  package static func waiting(_ session: borrowing Session, after cursor: String?) throws -> [String] {
    let since = try founded(session)
    return try session.rows(
      """
      SELECT DISTINCT x.id FROM (
        SELECT id FROM gkm.refund WHERE status IN ('pending', 'requires_action') AND created_at >= \(since)
        UNION ALL
        SELECT id FROM gkm.dispute WHERE standing IN ('open', 'inquiry') AND created_at >= \(since)
        UNION ALL
        SELECT o.checkout_session FROM gkm.orders o
        WHERE o.checkout_session IS NOT NULL AND o.created_at >= \(since) AND (o.state = 'awaiting_async' OR o.state = 'open'
          AND EXISTS (SELECT FROM gkm.reservation r WHERE r.order_id = o.id AND r.state = 'held'
            AND r.expires_at < now()))
        UNION ALL
        SELECT i.id FROM gkm.orders o JOIN gkm.payment_intent i ON i.order_id = o.id
        WHERE o.state = 'awaiting_async' AND o.created_at >= \(since)
        UNION ALL
        SELECT b.subject FROM gkm.recon_break b WHERE b.state IN ('open', 'assigned', 'explained')
          AND b.kind NOT LIKE 'balance%' AND b.kind <> 'request_without_refund' AND b.opened_at >= \(since)
      ) x (id)
      WHERE x.id > \(cursor ?? "") ORDER BY x.id LIMIT \(pageSize)
      """
    ) { try $0.string(0) }
  }

  /// Refund requests that Stripe was asked for longer than `lateness` ago and of which no refund is known; with what
  /// looking for them answers of those that were found before.
  package static func unanswered(
    _ session: borrowing Session, lateness: Duration
  ) throws -> (scopes: [ReconBreaks.Scope], differences: [Difference]) {
    let differences: [Difference] = try session.rows(
      """
      SELECT r.id, r.order_id, r.amount, r.currency, r.state FROM gkm.refund_request r
      WHERE r.state IN ('sending', 'sent')
        AND r.updated_at < now() - make_interval(secs => \(ReconRuns.seconds(lateness)))
        AND NOT EXISTS (SELECT FROM gkm.refund f WHERE f.request_id = r.id OR f.id = r.stripe_refund)
      ORDER BY r.id LIMIT \(pageSize)
      """
    ) { row in
      let amount = try row.money(2, 3)
      return Difference(
        .requestWithoutRefund, of: "refund_request \(try row.int64(0))", order: try row.id(1), ours: amount.amount,
        currency: amount.currency, heals: false, "it is \(try row.string(4)), and no refund of Stripe's is known")
    }
    let kind = BreakKind.requestWithoutRefund
    let known: [ReconBreaks.Scope] = try session.rows(
      """
      SELECT subject FROM gkm.recon_break
      WHERE kind = \(kind.rawValue) AND state IN ('open', 'assigned', 'explained') LIMIT 1000
      """
    ) { ReconBreaks.Scope(try $0.string(0), [kind]) }
    return (known, differences)
  }

  /// Since when this installation deals with its Stripe.
  static func founded(_ session: borrowing Session) throws -> Instant {
    try session.first("SELECT created_at FROM gkm.installation") { try $0.instant(0) } ?? Instant(unixSeconds: 0)
  }

  /// The lowest id of the rows written since a moment, found by halving: their times are in no index.
  static func firstID(
    _ session: borrowing Session, _ table: String, _ column: String, since: Instant
  ) throws -> Int64 {
    let ends = try session.first(
      SQL(unescaped: "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM gkm.\(table)")
    ) { (try $0.int64(0), try $0.int64(1)) }
    guard var (low, high) = ends else { return 0 }
    while low < high {
      let middle = low + (high - low) / 2
      let isBefore = try session.first(
        """
        SELECT \(unescaped: column) < \(since) FROM gkm.\(unescaped: table) WHERE id >= \(middle) ORDER BY id LIMIT 1
        """
      ) { try $0.bool(0) }
      if isBefore == true { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
