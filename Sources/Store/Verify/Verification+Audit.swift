import Market
import Postgres

extension Verification {
  static let auditChecks: [Check] = [
    Check("audit.records", "every audit event reads, and says what its row says", body: records),
    Check(
      "audit.complete", "every critical step has its audit event", counting: "SELECT count(*) FROM gkm.orders", steps),
    Check("audit.sealed", "what is sealed is what was written, and sealing is not behind", body: seals),
  ]

  private static let rows = """
    SELECT e.id, e.at, e.actor, e.action, e.subject_kind, e.subject_id, e.order_id, o.number, e.vendor_id, e.stripe_event,
      e.body
    FROM gkm.audit_event e LEFT JOIN gkm.orders o ON o.id = e.order_id
    """

  private static func records(_ verification: Verification, _ session: borrowing Session) throws -> Found {
    var found = Found()
    try VerifyCursor(name: "verify_audit").read(session, rows) { row in
      found.checked += 1
      let body = try row.bytes(10)
      let record: AuditRecord
      do {
        record = try AuditRecord(parsing: body)
      } catch {
        return found.add("audit event \(try row.int64(0))", "cannot be read: \(error)")
      }
      if let column = try disagreement(record, row) {
        found.add("audit event \(try row.int64(0))", "its column \(column) says something else than its bytes")
      }
      if record.holdsAddress {
        found.add("audit event \(try row.int64(0))", "names a person by an address")
      }
      if let text = KeyLikeText.first(in: body) {
        found.add("audit event \(try row.int64(0))", "holds what looks like a key (\(text.prefix(2))…)")
      }
    }
    return found
  }

  /// The column that differs from the record.
  private static func disagreement(_ record: AuditRecord, _ row: Row) throws -> String? {
    if record.at != (try row.instant(1)) { return "at" }
    if record.actor != (try row.string(2)) { return "actor" }
    if record.actionName != (try row.string(3)) { return "action" }
    if record.subject.kind != (try row.string(4)) { return "subject_kind" }
    if record.subject.id != (try row.string(5)) { return "subject_id" }
    if record.order != (try row.stringOrNil(7)) || row.isNull(6) != row.isNull(7) { return "order_id" }
    if record.vendor != (try row.idOrNil(8)) { return "vendor_id" }
    return record.stripeEvent == (try row.stringOrNil(9)) ? nil : "stripe_event"
  }

  private static let steps: SQL = """
    WITH told AS MATERIALIZED (
      SELECT order_id, action, count(*) AS n, sum(CASE WHEN action = 'key.assigned'
        THEN substring(convert_from(body, 'UTF8') FROM E'\\ndetail\\\\.quantity ([0-9]{1,9})\\n')::bigint END) AS keys
      FROM gkm.audit_event
      WHERE order_id IS NOT NULL AND action IN ('checkout.created', 'key.assigned', 'delivery.confirmed', 'key.revealed')
      GROUP BY 1, 2
    )
    SELECT o.number, 'was begun ' || coalesce(t.n, 0) || ' times by the audit log'
    FROM gkm.orders o LEFT JOIN told t ON t.order_id = o.id AND t.action = 'checkout.created'
    WHERE coalesce(t.n, 0) <> 1
    UNION ALL
    SELECT o.number, 'was given ' || coalesce(a.n, 0) || ' keys, and the audit log tells of ' || coalesce(t.keys, 0)
    FROM (SELECT order_id, count(*) AS n FROM gkm.assignment GROUP BY 1) a
    FULL JOIN (SELECT * FROM told WHERE action = 'key.assigned') t ON t.order_id = a.order_id
    LEFT JOIN gkm.orders o ON o.id = coalesce(a.order_id, t.order_id)
    WHERE coalesce(a.n, 0) <> coalesce(t.keys, 0)
    UNION ALL
    SELECT o.number, 'had ' || coalesce(a.n, 0) || ' attempts confirmed, and the audit log tells of ' || coalesce(t.n, 0)
    FROM (SELECT order_id, count(*) AS n FROM gkm.delivery_attempt WHERE outcome = 'confirmed' GROUP BY 1) a
    FULL JOIN (SELECT * FROM told WHERE action = 'delivery.confirmed') t ON t.order_id = a.order_id
    LEFT JOIN gkm.orders o ON o.id = coalesce(a.order_id, t.order_id)
    WHERE coalesce(a.n, 0) <> coalesce(t.n, 0)
    UNION ALL
    SELECT o.number, 'was looked at ' || coalesce(r.n, 0) || ' times, and the audit log tells of ' || coalesce(t.n, 0)
    FROM (SELECT order_id, count(*) AS n FROM gkm.reveal GROUP BY 1) r
    FULL JOIN (SELECT * FROM told WHERE action = 'key.revealed') t ON t.order_id = r.order_id
    LEFT JOIN gkm.orders o ON o.id = coalesce(r.order_id, t.order_id)
    WHERE coalesce(r.n, 0) <> coalesce(t.n, 0)
    UNION ALL
    SELECT 'import ' || i.id, 'is not in the audit log'
    FROM gkm.stock_import i LEFT JOIN gkm.audit_event e
      ON e.subject_kind = 'stock_import' AND e.subject_id = i.id::text AND e.action = 'stock.imported'
    WHERE e.id IS NULL AND i.state = 'imported'
    """
}
