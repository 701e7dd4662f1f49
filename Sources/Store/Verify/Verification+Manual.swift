import Postgres

extension Verification {
  /// What people did by hand.
  static let manualChecks: [Check] = [
    Check(
      "holds.told", "an order that staff holds is held in its payment's facts, and no other is",
      counting: "SELECT count(*) FROM gkm.orders WHERE held_at IS NOT NULL",
      """
      SELECT o.number, CASE WHEN o.held_at IS NULL THEN 'is held in its payment''s facts, and nobody holds it'
        ELSE 'is held by ' || o.held_by || ', and its payment''s facts do not say so' END
      FROM gkm.orders o JOIN gkm.payment p ON p.order_id = o.id
      WHERE (o.held_at IS NOT NULL) <> coalesce((p.facts #>> '{staffHold,isHeld}')::boolean, false)
      UNION ALL
      SELECT o.number, 'is held by ' || o.held_by || ', and its delivery ' || d.id || ' is ' || d.state
      FROM gkm.orders o JOIN gkm.delivery d ON d.order_id = o.id
      WHERE o.held_at IS NOT NULL AND o.state = 'held' AND d.state = 'pending'
      """),
    Check(
      "keys.bad", "a key that was replaced is quarantined, its batch is flagged, and the order has the other",
      counting: "SELECT count(*) FROM gkm.bad_key",
      """
      SELECT o.number, 'its bad key ' || b.stock_unit_id || CASE WHEN s.state <> 'quarantined' THEN ' is ' || s.state
        WHEN i.flagged_at IS NULL THEN ' came with import ' || i.id || ', which is not flagged'
        WHEN n.id IS NULL AND b.replaced_by IS NOT NULL THEN ' has another in its place, which it has not'
        ELSE ' was never its own' END
      FROM gkm.bad_key b
      JOIN gkm.orders o ON o.id = b.order_id
      JOIN gkm.stock_unit s ON s.id = b.stock_unit_id
      JOIN gkm.stock_import i ON i.id = b.import_id
      LEFT JOIN gkm.assignment a ON a.stock_unit_id = b.stock_unit_id AND a.order_unit_id = b.order_unit_id
      LEFT JOIN gkm.assignment n ON n.stock_unit_id = b.replaced_by AND n.order_unit_id = b.order_unit_id
      WHERE s.state <> 'quarantined' OR i.flagged_at IS NULL OR a.id IS NULL
        OR n.id IS NULL AND b.replaced_by IS NOT NULL
      """),
    Check(
      "asks.decided", "what was asked for is done exactly where somebody else agreed",
      counting: "SELECT count(*) FROM gkm.ask",
      """
      SELECT o.number, 'its ask ' || a.id || ' is ' || a.state || CASE
        WHEN coalesce(c.ask_id, b.ask_id) IS NULL THEN ', and nothing came of it' ELSE ', and was done' END
      FROM gkm.ask a
      JOIN gkm.orders o ON o.id = a.order_id
      LEFT JOIN gkm.address_change c ON c.ask_id = a.id
      LEFT JOIN gkm.bad_key b ON b.ask_id = a.id
      WHERE (a.state = 'approved') <> (coalesce(c.ask_id, b.ask_id) IS NOT NULL)
        OR a.state = 'approved' AND a.decided_by = a.asked_by
      """),
  ]
}
