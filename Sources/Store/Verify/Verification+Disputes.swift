import Postgres

extension Verification {
  static let disputeChecks: [Check] = [
    Check(
      "disputes.frozen", "nothing is sent while a dispute stands open", counting: "SELECT count(*) FROM gkm.dispute",
      frozen),
    Check(
      "disputes.lost", "what was charged back holds no key",
      counting: "SELECT count(*) FROM gkm.dispute WHERE standing = 'lost'",
      """
      SELECT o.number, 'was charged back, and its unit ' || a.order_unit_id || ' has key ' || a.stock_unit_id
      FROM gkm.orders o JOIN gkm.assignment a ON a.order_id = o.id AND a.active WHERE o.state = 'charged_back'
      """),
    Check(
      "disputes.evidence", "evidence on its way has its job, and what was submitted is on record",
      counting: "SELECT count(*) FROM gkm.dispute_evidence",
      """
      SELECT e.dispute_id, 'its evidence ' || e.id || ' is on its way, and no job is there to tell it'
      FROM gkm.dispute_evidence e
      WHERE e.state IN ('staging', 'submitting')
        AND NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = 'submit_evidence' AND j.subject = e.id::text)
      UNION ALL
      SELECT coalesce(e.dispute_id, a.subject_id), 'has ' || coalesce(e.n, 0) || ' submitted evidence, and '
        || coalesce(a.n, 0) || ' are on record'
      FROM (
        SELECT dispute_id, count(*) AS n FROM gkm.dispute_evidence WHERE state = 'submitted' GROUP BY 1
      ) e
      FULL JOIN (
        SELECT subject_id, count(*) AS n FROM gkm.audit_event
        WHERE subject_kind = 'dispute' AND action = 'dispute.evidence.submitted' GROUP BY 1
      ) a ON a.subject_id = e.dispute_id
      WHERE e.n IS DISTINCT FROM a.n
      """),
  ]

  /// An order is frozen from the event that says it is disputed to the next that says what else it is. What was on the
  /// wire at that moment cannot be stopped, hence the few seconds.
  private static let frozen: SQL = """
    WITH turns AS (
      SELECT e.order_id, e.id, e.at,
        strpos(convert_from(e.body, 'UTF8'), chr(10) || 'detail.state disputed' || chr(10)) > 0 AS is_disputed
      FROM gkm.audit_event e
      WHERE e.order_id IN (SELECT order_id FROM gkm.dispute) AND e.subject_kind = 'order'
        AND e.action IN ('order.state.changed', 'order.held', 'order.released', 'order.unfulfillable')
    ), spans AS (
      SELECT order_id, is_disputed, at AS since,
        lead(at, 1, 'infinity') OVER (PARTITION BY order_id ORDER BY id) AS until
      FROM turns
    )
    SELECT o.number, 'its delivery ' || d.id || ' was sent at ' || t.started_at || ', and a dispute has stood open since '
      || s.since
    FROM spans s
    JOIN gkm.orders o ON o.id = s.order_id
    JOIN gkm.delivery d ON d.order_id = s.order_id
    JOIN gkm.delivery_attempt t ON t.delivery_id = d.id
    WHERE s.is_disputed AND t.started_at > s.since + interval '5 s' AND t.started_at < s.until
    UNION ALL
    SELECT o.number, 'is disputed, and its delivery ' || d.id || ' is ' || d.state
    FROM gkm.orders o JOIN gkm.delivery d ON d.order_id = o.id
    WHERE o.state = 'disputed' AND d.state IN ('pending', 'retrying')
    """
}
