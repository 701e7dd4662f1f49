extension VerificationTests {
  static let reconciliationPlants: [Plant] = [
    Plant(
      "breaks.owned", of: "SELECT 'break ' || id FROM gkm.recon_break WHERE state = 'open' ORDER BY id LIMIT 1",
      "UPDATE gkm.recon_break SET opened_at = now() - interval '15 days' WHERE state = 'open';"),
    Plant(
      "breaks.owned", of: "SELECT 'break ' || id FROM gkm.recon_break WHERE state = 'assigned' ORDER BY id LIMIT 1",
      "UPDATE gkm.person SET disabled_at = now();"),
    Plant(
      "breaks.told", of: "SELECT 'break ' || min(id) FROM gkm.recon_break",
      "DELETE FROM gkm.audit_event WHERE action = 'recon.break.opened';"),
    Plant(
      "balance.lines", of: "SELECT 'txn_1'",
      """
      INSERT INTO gkm.balance_line (id, type, category, amount, fee, net, currency, created_at)
      VALUES ('txn_1', 'charge', 'charge', 1999, 88, 1910, 'eur', now());
      """),
    Plant(
      "reconcile.runs", of: "SELECT 'run 1'",
      """
      INSERT INTO gkm.recon_run (id, kind, period, window_from, stage, started_at) OVERRIDING SYSTEM VALUE
      VALUES (1, 'events', now(), now(), 'events', now() - interval '2 hours');
      """),
  ]
}
