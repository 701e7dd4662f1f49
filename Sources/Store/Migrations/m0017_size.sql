-- What lists need to stay quick at a million orders and more: an index for each order in which they are read.

CREATE INDEX orders_created ON gkm.orders (created_at, id);
CREATE INDEX orders_by_paid ON gkm.orders (paid_at, id) WHERE paid_at IS NOT NULL;
-- An amount whatever its currency, in 1/1,000 of the whole unit (see AmountSQL).
CREATE INDEX orders_amount ON gkm.orders (
  (amount * CASE
    WHEN currency IN (
      'bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') THEN 1000
    WHEN currency IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 1 ELSE 10 END), id);
-- By the beginning of a number, whatever the database's collation.
CREATE INDEX orders_number_prefix ON gkm.orders (number text_pattern_ops);
CREATE INDEX payment_attempt_at ON gkm.payment_attempt (attempted_at, id);
CREATE INDEX delivery_created ON gkm.delivery (created_at, id);
CREATE INDEX audit_event_at ON gkm.audit_event (at, id);
-- A vendor's own lists.
CREATE INDEX vendor_order_created ON gkm.vendor_order (vendor_id, created_at, order_id);
CREATE INDEX delivery_vendor_created ON gkm.delivery (vendor_id, created_at, id);
CREATE INDEX audit_event_vendor ON gkm.audit_event (vendor_id, at, id) WHERE vendor_id IS NOT NULL;
CREATE INDEX audit_event_vendor_action ON gkm.audit_event (vendor_id, action text_pattern_ops)
  WHERE vendor_id IS NOT NULL;
CREATE INDEX ledger_tx_posted ON gkm.ledger_tx (posted_at, id);
