-- What vendors are owed, without reading again all that was ever posted.

-- What a vendor's account comes to by all transactions up to `through_tx`, which have all ended. Every vendor's account
-- that had postings then has a row, and all rows stand at the same transaction: what was posted since is added to them.
CREATE TABLE gkm.ledger_checkpoint (
  account_id bigint PRIMARY KEY REFERENCES gkm.ledger_account (id),
  vendor_id bigint NOT NULL REFERENCES gkm.vendor (id),
  through_tx bigint NOT NULL CHECK (through_tx > 0),
  -- How many postings it is the sum of.
  postings bigint NOT NULL CHECK (postings >= 0),
  amount bigint NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE INDEX ledger_checkpoint_vendor ON gkm.ledger_checkpoint (vendor_id);

-- What vendors are owed for orders that are disputed or held: not paid out until that is over. Kept by gkm.note_holds().
CREATE TABLE gkm.payable_hold (
  order_id bigint NOT NULL REFERENCES gkm.orders (id),
  account_id bigint NOT NULL REFERENCES gkm.ledger_account (id),
  vendor_id bigint NOT NULL REFERENCES gkm.vendor (id),
  -- Above zero where the vendor is owed it.
  amount bigint NOT NULL CHECK (amount <> 0),
  PRIMARY KEY (order_id, account_id)
);
CREATE INDEX payable_hold_vendor ON gkm.payable_hold (vendor_id, account_id) INCLUDE (amount);

INSERT INTO gkm.payable_hold (order_id, account_id, vendor_id, amount)
SELECT o.id, p.account_id, p.vendor_id, -sum(p.amount)
FROM gkm.orders o JOIN gkm.ledger_tx t ON t.order_id = o.id JOIN gkm.ledger_posting p ON p.tx_id = t.id
WHERE o.state IN ('disputed', 'held') AND p.vendor_id IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(p.amount) <> 0;
