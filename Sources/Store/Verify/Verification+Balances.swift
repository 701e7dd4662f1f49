import Postgres

extension Verification {
  static let balanceChecks: [Check] = [
    Check(
      "ledger.checkpoints", "what a vendor's account comes to by its checkpoint is what was posted up to there",
      counting: "SELECT count(*) FROM gkm.ledger_checkpoint",
      """
      SELECT 'account ' || a.key, 'comes to ' || c.amount || ' by ' || c.postings || ' postings through transaction '
        || c.through_tx || '; there are ' || coalesce(s.n, 0) || ', and they come to ' || coalesce(s.amount, 0)
      FROM gkm.ledger_checkpoint c
      JOIN gkm.ledger_account a ON a.id = c.account_id
      LEFT JOIN (
        SELECT p.account_id, count(*) AS n, sum(p.amount) AS amount
        FROM gkm.ledger_posting p JOIN gkm.ledger_checkpoint x ON x.account_id = p.account_id AND p.tx_id <= x.through_tx
        GROUP BY 1
      ) s ON s.account_id = c.account_id
      WHERE c.amount <> coalesce(s.amount, 0) OR c.postings <> coalesce(s.n, 0)
        OR a.vendor_id IS DISTINCT FROM c.vendor_id
      UNION ALL
      SELECT 'account ' || a.key, 'has a checkpoint through transaction ' || c.through_tx || ', and others stand at '
        || (SELECT max(x.through_tx) FROM gkm.ledger_checkpoint x)
      FROM gkm.ledger_checkpoint c JOIN gkm.ledger_account a ON a.id = c.account_id
      WHERE c.through_tx <> (SELECT max(x.through_tx) FROM gkm.ledger_checkpoint x)
      """),
    Check(
      "ledger.holds", "on hold is what vendors are owed for orders that are disputed or held",
      counting: "SELECT count(*) FROM gkm.payable_hold",
      """
      SELECT coalesce(o.number, 'order ' || coalesce(w.order_id, h.order_id)), 'holds back ' || coalesce(h.amount, 0)
        || ' on account ' || coalesce(w.account_id, h.account_id) || '; owed for it are ' || coalesce(w.amount, 0)
      FROM (
        SELECT t.order_id, p.account_id, -sum(p.amount) AS amount
        FROM gkm.orders x JOIN gkm.ledger_tx t ON t.order_id = x.id JOIN gkm.ledger_posting p ON p.tx_id = t.id
        WHERE x.state IN ('disputed', 'held') AND p.vendor_id IS NOT NULL
        GROUP BY 1, 2 HAVING sum(p.amount) <> 0
      ) w
      FULL JOIN gkm.payable_hold h ON h.order_id = w.order_id AND h.account_id = w.account_id
      LEFT JOIN gkm.orders o ON o.id = coalesce(w.order_id, h.order_id)
      WHERE w.amount IS DISTINCT FROM h.amount
      """),
  ]
}
