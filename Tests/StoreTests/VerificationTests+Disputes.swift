extension VerificationTests {
  private static func the(_ column: String, of state: String) -> String {
    "SELECT \(column) FROM gkm.orders WHERE state = '\(state)' ORDER BY id LIMIT 1"
  }

  static let disputePlants: [Plant] = [
    Plant(
      "disputes.frozen", of: the("number", of: "disputed"),
      """
      INSERT INTO gkm.delivery_attempt (delivery_id, number, order_id, outcome, ended_at)
      SELECT id, attempts + 1, order_id, 'confirmed', now() FROM gkm.delivery
      WHERE order_id = (\(the("id", of: "disputed")));
      """),
    Plant(
      "disputes.frozen", of: the("number", of: "disputed"),
      "UPDATE gkm.delivery SET state = 'retrying' WHERE order_id = (\(the("id", of: "disputed")));"),
    Plant(
      "disputes.lost", of: the("number", of: "charged_back"),
      """
      UPDATE gkm.assignment SET active = true, ended_at = NULL WHERE order_id = (\(the("id", of: "charged_back")));
      """),
    Plant(
      "disputes.evidence", of: "SELECT min(dispute_id) FROM gkm.dispute_evidence WHERE state = 'submitted'",
      "DELETE FROM gkm.audit_event WHERE action = 'dispute.evidence.submitted';"),
    Plant(
      "disputes.evidence", of: "SELECT min(dispute_id) FROM gkm.dispute_evidence WHERE state = 'draft'",
      "UPDATE gkm.dispute_evidence SET state = 'submitting' WHERE state = 'draft';"),
  ]
}
