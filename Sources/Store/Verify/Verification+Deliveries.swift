import Postgres

extension Verification {
  static let deliveryChecks: [Check] = [
    Check(
      "deliveries.counted", "an order counts as delivered what was confirmed",
      counting: "SELECT count(*) FROM gkm.orders WHERE paid_at IS NOT NULL",
      """
      SELECT o.number, 'counts ' || o.units_delivered || ' of ' || o.units_total || ' keys as delivered, and '
        || coalesce(d.n, 0) || ' were'
      FROM gkm.orders o
      LEFT JOIN (
        SELECT order_id, count(*) AS n FROM gkm.delivery WHERE confirmed_at IS NOT NULL GROUP BY 1
      ) d ON d.order_id = o.id
      WHERE o.units_delivered <> coalesce(d.n, 0) OR (o.state = 'delivered' AND o.delivered_at IS NULL)
      """),
    Check(
      "deliveries.attempts", "every attempt is on record, and a second copy goes out only after an unknown one",
      counting: "SELECT count(*) FROM gkm.delivery_attempt", attempts),
    Check(
      "deliveries.message_ids", "each key goes out under one Message-ID of its own",
      counting: "SELECT count(*) FROM gkm.delivery",
      """
      SELECT d.message_id, 'is the Message-ID of deliveries ' || string_agg(d.id::text, ', ' ORDER BY d.id)
      FROM gkm.delivery d GROUP BY d.message_id HAVING count(*) > 1
      UNION ALL
      SELECT o.number, 'its unit ' || a.order_unit_id || ' has a key, and no delivery'
      FROM gkm.assignment a
      JOIN gkm.orders o ON o.id = a.order_id
      LEFT JOIN gkm.delivery d ON d.order_unit_id = a.order_unit_id
      WHERE a.active AND d.id IS NULL
      """),
    Check(
      "deliveries.templates", "every mail that was sent names the registered version of the text it was written from",
      counting: "SELECT count(*) FROM gkm.delivery_attempt WHERE template_version IS NOT NULL",
      // What was sent before attempts named their text, or before this market was one, is told by no version.
      """
      WITH since AS (
        SELECT greatest(max(m.applied_at), (SELECT max(i.created_at) FROM gkm.installation i)) AS at
        FROM gkm.schema_migration m WHERE m.version = 14
      )
      SELECT coalesce(o.number, 'order ' || t.order_id), 'attempt ' || t.number || ' of its delivery ' || t.delivery_id
        || CASE WHEN t.template_version IS NULL THEN ' names no template' ELSE ' names a template nobody knows' END
      FROM since
      JOIN gkm.delivery_attempt t ON t.outcome = 'confirmed' AND t.started_at > since.at OR t.template_version IS NOT NULL
      LEFT JOIN gkm.template v ON v.version = t.template_version
      LEFT JOIN gkm.orders o ON o.id = t.order_id
      WHERE v.version IS NULL
      """),
    Check(
      "deliveries.bounced", "what is marked as bounced has a report that gave it up",
      counting: "SELECT count(*) FROM gkm.bounce",
      """
      SELECT o.number, 'its delivery ' || d.id || ' is bounced, and no report says so'
      FROM gkm.delivery d JOIN gkm.orders o ON o.id = d.order_id
      WHERE d.state = 'bounced' AND NOT EXISTS (SELECT FROM gkm.bounce b WHERE b.delivery_id = d.id AND b.is_final)
      UNION ALL
      SELECT 'notice ' || n.id, 'is bounced, and no report says so'
      FROM gkm.notice n
      WHERE n.state = 'bounced' AND NOT EXISTS (SELECT FROM gkm.bounce b WHERE b.notice_id = n.id AND b.is_final)
      """),
  ]

  /// A delivery is sent again after it was confirmed only when its unit got another key, or when somebody asked for it.
  private static let attempts: SQL = """
    WITH t AS (
      SELECT delivery_id, count(*) AS n, max(number) AS last, count(*) FILTER (WHERE outcome = 'confirmed') AS confirmed,
        max(number) FILTER (WHERE outcome = 'confirmed') AS last_confirmed,
        min(number) FILTER (WHERE outcome = 'confirmed') AS first_confirmed,
        max(number) FILTER (WHERE outcome = 'prepared') AS last_prepared,
        count(*) FILTER (WHERE outcome = 'prepared') AS prepared
      FROM gkm.delivery_attempt GROUP BY 1
    ), keys AS (
      SELECT order_unit_id, count(*) AS n FROM gkm.assignment GROUP BY 1
    ), again AS (
      SELECT delivery_id, count(*) AS n FROM gkm.resend GROUP BY 1
    ), judged AS (
      SELECT d.id, d.order_id, CASE
        WHEN d.attempts <> coalesce(t.n, 0) OR coalesce(t.last, 0) <> coalesce(t.n, 0)
          THEN 'counts ' || d.attempts || ' attempts, and ' || coalesce(t.n, 0) || ' are on record'
        WHEN t.prepared > 1 OR t.last_prepared < t.last
          THEN 'has an attempt that ended nobody knows how, and is not marked unknown'
        WHEN (d.state = 'sending') <> (coalesce(t.prepared, 0) = 1)
          THEN 'is ' || d.state || ', and its last attempt says something else'
        WHEN d.state = 'confirmed' AND coalesce(t.confirmed, 0) = 0 THEN 'is confirmed, and no attempt was'
        WHEN d.state = 'confirmed' AND d.confirmed_at IS NULL THEN 'is confirmed, and nobody knows when'
        WHEN t.first_confirmed < t.last AND coalesce(k.n, 0) + coalesce(r.n, 0) < 2
          THEN 'was sent again after it was confirmed'
        WHEN t.confirmed > coalesce(k.n, 0) + coalesce(r.n, 0) THEN 'was confirmed ' || t.confirmed || ' times'
        WHEN d.state = 'retrying' AND d.next_attempt_at IS NULL THEN 'is retrying, and is never due'
      END AS problem
      FROM gkm.delivery d
      LEFT JOIN t ON t.delivery_id = d.id
      LEFT JOIN keys k ON k.order_unit_id = d.order_unit_id
      LEFT JOIN again r ON r.delivery_id = d.id
    )
    SELECT coalesce(o.number, 'order ' || j.order_id), 'its delivery ' || j.id || ' ' || j.problem
    FROM judged j LEFT JOIN gkm.orders o ON o.id = j.order_id WHERE j.problem IS NOT NULL
    """
}
