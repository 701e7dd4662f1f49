extension VerificationTests {
  /// What breaks the ledger's promises.
  static let ledgerPlants: [Plant] = [
    Plant(
      "ledger.balanced", of: "SELECT 'transaction ' || min(tx_id) FROM gkm.ledger_posting",
      """
      UPDATE gkm.ledger_posting SET amount = amount + 1
      WHERE tx_id = (SELECT min(tx_id) FROM gkm.ledger_posting) AND position = 1;
      """),
    Plant(
      "ledger.balanced", of: "SELECT 'transaction ' || max(tx_id) FROM gkm.ledger_posting",
      "DELETE FROM gkm.ledger_posting WHERE tx_id = (SELECT max(tx_id) FROM gkm.ledger_posting);"),
    Plant(
      "ledger.entries", of: anOrder("refunded"),
      """
      DELETE FROM gkm.ledger_posting WHERE tx_id IN (
        SELECT id FROM gkm.ledger_tx WHERE order_id = \(itsID("refunded")) AND entry <> 'sale');
      """),
    Plant(
      "ledger.vendors", of: anOrder("delivered"),
      """
      UPDATE gkm.ledger_posting SET amount = amount + CASE WHEN vendor_id IS NULL THEN 1 ELSE -1 END
      WHERE order_line_id = (SELECT min(id) FROM gkm.order_line WHERE order_id = \(itsID("delivered")));
      """),
    Plant(
      "ledger.checkpoints",
      of: "SELECT 'account ' || a.key FROM gkm.ledger_account a WHERE a.vendor_id IS NOT NULL ORDER BY a.id LIMIT 1",
      """
      UPDATE gkm.ledger_checkpoint SET amount = amount + 1
      WHERE account_id = (SELECT min(id) FROM gkm.ledger_account WHERE vendor_id IS NOT NULL);
      """),
    Plant(
      "ledger.checkpoints",
      of: "SELECT 'account ' || a.key FROM gkm.ledger_account a WHERE a.vendor_id IS NOT NULL ORDER BY a.id LIMIT 1",
      """
      UPDATE gkm.ledger_checkpoint SET through_tx = through_tx + 1
      WHERE account_id <> (SELECT min(id) FROM gkm.ledger_account WHERE vendor_id IS NOT NULL);
      """),
    Plant(
      "ledger.holds", of: anOrder("delivered"),
      """
      INSERT INTO gkm.payable_hold (order_id, account_id, vendor_id, amount)
      SELECT \(itsID("delivered")), id, vendor_id, 5 FROM gkm.ledger_account WHERE vendor_id IS NOT NULL LIMIT 1;
      """),
    Plant(
      "commission.frozen", of: anOrder("delivered"),
      "UPDATE gkm.order_line SET commission = commission + 1 WHERE order_id = \(itsID("delivered"));"),
  ]
}
