extension VerificationTests {
  static let manualPlants: [Plant] = [
    Plant(
      "holds.told", of: anOrder("delivered"),
      "UPDATE gkm.orders SET held_at = now(), held_by = 'x', held_for = 'why' WHERE id = \(itsID("delivered"));"),
    Plant(
      "holds.told", of: anOrder("refunded"),
      """
      UPDATE gkm.payment SET facts = facts || '{"staffHold": {"generation": 1, "isHeld": true}}'
      WHERE order_id = \(itsID("refunded"));
      """),
    Plant(
      "keys.bad", of: anOrder("delivered"),
      """
      INSERT INTO gkm.bad_key (stock_unit_id, import_id, order_id, order_unit_id, reason)
      SELECT s.id, s.import_id, a.order_id, a.order_unit_id, 'used already'
      FROM gkm.assignment a JOIN gkm.stock_unit s ON s.id = a.stock_unit_id
      WHERE a.order_id = \(itsID("delivered")) AND a.active LIMIT 1;
      """),
    Plant(
      "asks.decided", of: anOrder("delivered"),
      """
      INSERT INTO gkm.ask (kind, order_id, reason, state, asked_by, asked_as, decided_by, decided_at)
      VALUES ('resend_elsewhere', \(itsID("delivered")), 'why', 'approved', 'one', 'support', 'two', now());
      """),
  ]
}
