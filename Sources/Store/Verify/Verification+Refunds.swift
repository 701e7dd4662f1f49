import Postgres

extension Verification {
  static let refundChecks: [Check] = [
    Check(
      "refunds.sums", "no payment is paid back, or asked back, beyond what was received",
      counting:
        "SELECT count(*) FROM gkm.payment WHERE refunded > 0 OR order_id IN (SELECT order_id FROM gkm.refund_request)",
      """
      SELECT o.number, s.intent || ' received ' || s.received || ', and ' || s.refunded || ' went back and ' || s.asked
        || ' is asked for'
      FROM (
        SELECT order_id FROM gkm.payment WHERE refunded > 0
        UNION SELECT order_id FROM gkm.refund_request
      ) w
      JOIN gkm.orders o ON o.id = w.order_id
      CROSS JOIN LATERAL gkm.payment_standing(o.id) s
      WHERE s.refunded + s.asked > s.received
      UNION ALL
      SELECT o.number, 'its request ' || r.id || ' is over ' || r.amount || ', and over ' || u.amount || ' of units'
      FROM gkm.refund_request r
      JOIN gkm.orders o ON o.id = r.order_id
      JOIN (SELECT request_id, sum(amount) AS amount FROM gkm.refund_request_unit GROUP BY 1) u ON u.request_id = r.id
      WHERE u.amount <> r.amount
      """),
    Check(
      "refunds.keys", "no unit that was paid back has a key, and none is held back for nothing",
      counting: "SELECT count(*) FROM gkm.order_unit WHERE state <> 'sold'",
      """
      SELECT o.number, 'its unit ' || u.id || ' is ' || u.state || ', and has key ' || a.stock_unit_id
      FROM gkm.order_unit u
      JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
      JOIN gkm.orders o ON o.id = u.order_id
      WHERE u.state IN ('refunded', 'cancelled')
      UNION ALL
      SELECT o.number, 'its unit ' || u.id || ' is ' || u.state || ', and request ' || r.id || ' for it is ' || r.state
      FROM gkm.refund_request r
      JOIN gkm.refund_request_unit x ON x.request_id = r.id AND x.live
      JOIN gkm.order_unit u ON u.id = x.order_unit_id
      JOIN gkm.orders o ON o.id = u.order_id
      WHERE r.state IN ('approved', 'sending') AND u.state = 'sold'
        OR r.state IN ('sent', 'succeeded') AND u.state NOT IN ('refunded', 'cancelled')
        OR r.state IN ('failed', 'rejected', 'cancelled')
      UNION ALL
      SELECT o.number, 'its unit ' || u.id || ' is held back for a refund, and nobody asks for one'
      FROM gkm.order_unit u JOIN gkm.orders o ON o.id = u.order_id
      WHERE u.state = 'refunding' AND NOT EXISTS (
        SELECT FROM gkm.refund_request_unit x JOIN gkm.refund_request r ON r.id = x.request_id
        WHERE x.order_unit_id = u.id AND x.live AND r.state IN ('approved', 'sending'))
      """),
    Check(
      "refunds.once", "each refund request is carried out once, and stands where Stripe's refund stands",
      counting: "SELECT count(*) FROM gkm.refund_request",
      """
      SELECT o.number, 'its request ' || f.request_id || ' was carried out by ' || string_agg(f.id, ' and ' ORDER BY f.id)
      FROM gkm.refund f JOIN gkm.orders o ON o.id = f.order_id
      WHERE f.request_id IS NOT NULL AND f.status NOT IN ('failed', 'canceled')
      GROUP BY o.number, f.request_id HAVING count(*) > 1
      UNION ALL
      SELECT o.number, 'its request ' || r.id || ' is ' || r.state || ', and ' || coalesce(f.id, r.stripe_refund) || ' is '
        || coalesce(f.status || ' over ' || f.amount, 'not known')
      FROM gkm.refund_request r
      JOIN gkm.orders o ON o.id = r.order_id
      LEFT JOIN gkm.refund f ON f.id = r.stripe_refund AND f.order_id = r.order_id AND f.request_id = r.id
      WHERE r.stripe_refund IS NOT NULL AND (f.amount IS DISTINCT FROM r.amount OR r.state IS DISTINCT FROM CASE
        WHEN f.status IN ('pending', 'requires_action') THEN 'sent' WHEN f.status = 'succeeded' THEN 'succeeded'
        WHEN f.status IN ('failed', 'canceled') THEN 'failed' END)
      UNION ALL
      SELECT o.number, f.id || ' carries out request ' || f.request_id || ', which does not know it'
      FROM gkm.refund f
      JOIN gkm.refund_request r ON r.id = f.request_id
      JOIN gkm.orders o ON o.id = f.order_id
      WHERE r.stripe_refund IS NULL OR r.order_id <> f.order_id
      """),
    Check(
      "refunds.agreed", "nothing is given back that too few people agreed to",
      counting: "SELECT count(*) FROM gkm.refund_request WHERE approvals_needed > 0",
      """
      SELECT o.number, 'its request ' || r.id || ' is ' || r.state || ', and needs ' || r.approvals_needed
        || ' approvals by others than ' || r.requested_by || '; it has ' || count(a.id)
      FROM gkm.refund_request r
      JOIN gkm.orders o ON o.id = r.order_id
      LEFT JOIN gkm.refund_approval a ON a.request_id = r.id AND a.decision = 'approved' AND a.person <> r.requested_by
      WHERE r.state IN ('approved', 'sending', 'sent', 'succeeded')
      GROUP BY o.number, r.id HAVING count(a.id) < r.approvals_needed
      """),
    Check(
      "refunds.in_time", "no refund that everybody agreed to is left lying",
      counting: "SELECT count(*) FROM gkm.refund_request WHERE state IN ('approved', 'sending')"
    ) { late($0.graceSeconds) },
  ]

  /// An hour is what Stripe is given; whoever looks is told what the last try ended with.
  private static func late(_ grace: Double) -> SQL {
    """
    SELECT o.number, 'its request ' || r.id || ' is ' || r.state || ' since '
      || date_trunc('second', now() - r.decided_at) || coalesce(': ' || r.problem, '')
    FROM gkm.refund_request r JOIN gkm.orders o ON o.id = r.order_id
    WHERE r.state = 'approved' AND r.decided_at < now() - make_interval(secs => greatest(60, \(grace)))
      OR r.state = 'sending' AND r.decided_at < now() - interval '1 hour'
    UNION ALL
    SELECT o.number, 'its request ' || r.id || ' is ' || r.state || ', and no job is there to send it'
    FROM gkm.refund_request r JOIN gkm.orders o ON o.id = r.order_id
    WHERE r.state IN ('approved', 'sending')
      AND NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = 'refund' AND j.subject = r.id::text)
    """
  }
}
