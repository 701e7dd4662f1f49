import Postgres

extension Verification {
  static let caseChecks: [Check] = [
    Check(
      "cases.vendors", "a vendor takes part only in cases of what they sold, and hears only what is said to them",
      counting: "SELECT count(*) FROM gkm.support_case",
      """
      SELECT 'case ' || c.id, 'is shared with vendor ' || v.handle || ', who sold nothing of order ' || o.number
      FROM gkm.support_case c JOIN gkm.vendor v ON v.id = c.vendor_id JOIN gkm.orders o ON o.id = c.order_id
      WHERE NOT EXISTS (SELECT FROM gkm.vendor_order w WHERE w.order_id = c.order_id AND w.vendor_id = c.vendor_id)
      UNION ALL
      SELECT 'case ' || c.id, 'its message ' || m.id || ' can be read by vendor ' || v.handle || ', who takes no part'
      FROM gkm.case_message m JOIN gkm.support_case c ON c.id = m.case_id JOIN gkm.vendor v ON v.id = m.vendor_id
      WHERE m.vendor_id IS DISTINCT FROM c.vendor_id
      """),
    Check(
      "orders.restock", "an order without stock waits no longer than its time, and is in a case",
      counting: "SELECT count(*) FROM gkm.orders WHERE state = 'paid_unfulfillable'"
    ) { unfulfillable($0.graceSeconds) },
  ]

  private static func unfulfillable(_ grace: Double) -> SQL {
    """
    SELECT o.number, 'waits for stock since its time ended at ' || o.restock_until || ', and its unit ' || u.id
      || ' is not being paid back'
    FROM gkm.orders o JOIN gkm.order_unit u ON u.order_id = o.id
    LEFT JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
    WHERE o.state = 'paid_unfulfillable' AND o.restock_until < now() - make_interval(secs => \(grace))
      AND a.id IS NULL AND u.state = 'sold' AND NOT EXISTS (
        SELECT FROM gkm.refund_request r WHERE r.order_id = o.id AND r.requested_as = 'daemon'
          AND r.state IN ('failed', 'rejected', 'cancelled'))
    UNION ALL
    SELECT o.number, 'waits for stock, and there is no case about it'
    FROM gkm.orders o
    WHERE o.state = 'paid_unfulfillable' AND o.restock_until IS NOT NULL AND NOT EXISTS (
      SELECT FROM gkm.support_case c WHERE c.order_id = o.id AND c.kind = 'unfulfillable' AND c.is_automatic)
    """
  }
}
