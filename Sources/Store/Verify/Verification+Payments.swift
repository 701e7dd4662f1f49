import Postgres

extension Verification {
  static let paymentChecks: [Check] = [
    Check(
      "payments.one_order", "a payment belongs to one order", counting: "SELECT count(*) FROM gkm.payment_intent",
      """
      SELECT k.id, 'is a payment of order ' || o.number || CASE WHEN i.id IS NULL THEN ', and nothing keeps others from it'
        ELSE ' and of ' || coalesce(x.number, 'order ' || i.order_id) END
      FROM gkm.payment p
      CROSS JOIN LATERAL jsonb_object_keys(p.facts -> 'intents') AS k (id)
      JOIN gkm.orders o ON o.id = p.order_id
      LEFT JOIN gkm.payment_intent i ON i.id = k.id
      LEFT JOIN gkm.orders x ON x.id = i.order_id
      WHERE p.facts ? 'intents' AND i.order_id IS DISTINCT FROM p.order_id
      UNION ALL
      SELECT i.id, 'is kept for order ' || i.order_id || ', whose facts do not know it'
      FROM gkm.payment_intent i LEFT JOIN gkm.payment p ON p.order_id = i.order_id
      WHERE NOT coalesce(p.facts -> 'intents' ? i.id, false)
      """),
    Check(
      "payments.rows", "attempts, refunds and disputes are those of the facts",
      counting: "SELECT count(*) FROM gkm.payment_attempt", projections),
    Check(
      "events.one_effect", "an event of Stripe's has one effect", counting: "SELECT count(*) FROM gkm.stripe_event",
      """
      SELECT e.event_id, 'is ' || e.state || ', and took effect ' || coalesce(a.n, 0) || ' times'
      FROM gkm.stripe_event e
      LEFT JOIN (
        SELECT stripe_event, count(*) AS n FROM gkm.audit_event
        WHERE subject_kind = 'order' AND stripe_event IS NOT NULL AND action NOT LIKE 'order.%'
          AND action NOT LIKE 'ledger.%'
        GROUP BY 1
      ) a ON a.stripe_event = e.event_id
      WHERE e.state = 'done' AND coalesce(a.n, 0) <> 1 OR e.state <> 'done' AND a.n > 0
      UNION ALL
      SELECT e.event_id, 'is done for an order that is not there'
      FROM gkm.stripe_event e LEFT JOIN gkm.orders o ON o.id = e.order_id
      WHERE e.state = 'done' AND o.id IS NULL
      UNION ALL
      SELECT DISTINCT a.stripe_event, 'took effect, and was never received'
      FROM gkm.audit_event a LEFT JOIN gkm.stripe_event e ON e.event_id = a.stripe_event
      WHERE a.stripe_event IS NOT NULL AND e.event_id IS NULL
      """),
  ]

  private static let projections: SQL = """
    WITH facts AS (
      SELECT p.order_id, 'attempt ' || regexp_replace(f.key, '^.*/', '') AS name, f.value ->> 'outcome' AS word,
        f.value -> 'amount' ->> 'amount' AS amount
      FROM gkm.payment p CROSS JOIN LATERAL jsonb_each(p.facts -> 'attempts') f WHERE p.facts ? 'attempts'
      UNION ALL
      SELECT p.order_id, 'refund ' || f.key, f.value ->> 'status', f.value ->> 'amount'
      FROM gkm.payment p CROSS JOIN LATERAL jsonb_each(p.facts -> 'refunds') f WHERE p.facts ? 'refunds'
      UNION ALL
      SELECT p.order_id, 'dispute ' || f.key, NULL, f.value ->> 'amount'
      FROM gkm.payment p CROSS JOIN LATERAL jsonb_each(p.facts -> 'disputes') f WHERE p.facts ? 'disputes'
    ), rows AS (
      SELECT order_id, 'attempt ' || charge_id AS name, outcome AS word, amount::text AS amount FROM gkm.payment_attempt
      UNION ALL
      SELECT order_id, 'refund ' || id, status, amount::text FROM gkm.refund
      UNION ALL
      SELECT order_id, 'dispute ' || id, NULL, amount::text FROM gkm.dispute
    )
    SELECT coalesce(o.number, 'order ' || coalesce(f.order_id, r.order_id)), coalesce(f.name, r.name) || CASE
      WHEN r.name IS NULL THEN ' has no row' WHEN f.name IS NULL THEN ' is not among its facts'
      ELSE ' is not what its facts say' END
    FROM facts f
    FULL JOIN rows r ON r.order_id = f.order_id AND r.name = f.name
    LEFT JOIN gkm.orders o ON o.id = coalesce(f.order_id, r.order_id)
    WHERE f.name IS NULL OR r.name IS NULL OR f.word IS DISTINCT FROM r.word OR f.amount IS DISTINCT FROM r.amount
    """
}
