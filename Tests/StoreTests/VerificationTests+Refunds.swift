extension VerificationTests {
  private static func asked(_ state: String, _ column: String) -> String {
    "SELECT \(column) FROM gkm.refund_request r JOIN gkm.orders o ON o.id = r.order_id WHERE r.state = '\(state)' "
      + "ORDER BY r.id LIMIT 1"
  }

  static let refundPlants: [Plant] = [
    Plant(
      "refunds.sums", of: asked("awaiting_approval", "o.number"),
      "UPDATE gkm.refund_request SET amount = amount + 1 WHERE id = (\(asked("awaiting_approval", "r.id")));"),
    Plant(
      "refunds.keys", of: "SELECT number FROM gkm.orders WHERE state = 'delivered' ORDER BY id LIMIT 1",
      """
      UPDATE gkm.order_unit SET state = 'refunded'
      WHERE order_id = (SELECT id FROM gkm.orders WHERE state = 'delivered' ORDER BY id LIMIT 1);
      """),
    Plant(
      "refunds.keys", of: "SELECT number FROM gkm.orders WHERE state = 'delivered' ORDER BY id LIMIT 1",
      """
      UPDATE gkm.order_unit SET state = 'refunding'
      WHERE order_id = (SELECT id FROM gkm.orders WHERE state = 'delivered' ORDER BY id LIMIT 1);
      """),
    Plant(
      "refunds.once", of: asked("succeeded", "o.number"),
      """
      INSERT INTO gkm.refund (id, order_id, amount, currency, status, request_id, created_at)
      SELECT 're_again', order_id, 1, currency, 'succeeded', id, now() FROM gkm.refund_request
      WHERE id = (\(asked("succeeded", "r.id")));
      """),
    Plant(
      "refunds.once", of: asked("succeeded", "o.number"),
      "UPDATE gkm.refund_request SET state = 'failed' WHERE id = (\(asked("succeeded", "r.id")));"),
    Plant(
      "refunds.agreed", of: asked("succeeded", "o.number"),
      """
      DELETE FROM gkm.refund_approval WHERE request_id = (\(asked("succeeded", "r.id")));
      UPDATE gkm.refund_request SET approvals_needed = 1 WHERE id = (\(asked("succeeded", "r.id")));
      """),
    Plant(
      "refunds.in_time", of: asked("awaiting_approval", "o.number"),
      """
      UPDATE gkm.refund_request SET state = 'sending', key_since = now() - interval '2 hours',
        decided_at = now() - interval '2 hours'
      WHERE id = (\(asked("awaiting_approval", "r.id")));
      """),
  ]
}
