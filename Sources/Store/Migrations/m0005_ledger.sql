-- Commission by vendor, category and product, frozen on the order's line; and the double-entry ledger.

-- Commission ------------------------------------------------------------------------------------------------------

-- A rule holds for a scope: all sales, or those of a vendor, a category, a product, or of two of them. `scope` spells
-- it for lookups; of the rules that hold for a sale the one of the highest `rank` counts. A rule's terms never change:
-- it is ended, and another begins.
--
-- `amounts` is by currency, in minor units and per unit sold: {"eur": {"fixed": 30, "min": 50, "max": 500}}.
ALTER TABLE gkm.commission_rule
  ADD COLUMN category gkm.safe_text CHECK (length(category) BETWEEN 1 AND 60),
  ADD COLUMN product_id bigint REFERENCES gkm.product (id),
  ADD COLUMN amounts jsonb NOT NULL DEFAULT '{}'
    CONSTRAINT commission_rule_amounts CHECK (
      jsonb_typeof(amounts) = 'object'
      AND NOT amounts @? '$.keyvalue() ? (!(@.key like_regex "^[a-z]{3}$") || @.value.type() != "object")'
      AND NOT amounts @? '$.*.keyvalue() ? (!(@.key like_regex "^(fixed|min|max)$"))'
      AND NOT amounts @? '$.*.* ? (@.type() != "number")'
      AND NOT amounts @? '$.*.* ? (@ < 0 || @ > 99999999999999 || @.floor() != @)'
      AND NOT amounts @? '$.* ? (@.min > @.max)'),
  -- The rule that was cut short for this one, and until when it held before: what taking this one back restores.
  ADD COLUMN replaces_id bigint REFERENCES gkm.commission_rule (id),
  ADD COLUMN replaced_until timestamptz,
  ADD COLUMN withdrawn_at timestamptz,
  ADD COLUMN rank smallint NOT NULL GENERATED ALWAYS AS (
    CASE WHEN product_id IS NULL THEN 0 ELSE 4 END + CASE WHEN vendor_id IS NULL THEN 0 ELSE 2 END
      + CASE WHEN category IS NULL THEN 0 ELSE 1 END) STORED,
  ADD COLUMN scope text NOT NULL GENERATED ALWAYS AS (
    btrim(coalesce('vendor ' || vendor_id::text, '') || coalesce(' product ' || product_id::text, '')
      || coalesce(' category ' || category::text, ''))) STORED,
  ADD CONSTRAINT commission_rule_scope CHECK (product_id IS NULL OR category IS NULL);

DO $$
DECLARE
  c text;
BEGIN
  FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'gkm.commission_rule'::regclass AND contype = 'x' LOOP
    EXECUTE format('ALTER TABLE gkm.commission_rule DROP CONSTRAINT %I', c);
  END LOOP;
END $$;
ALTER TABLE gkm.commission_rule
  ADD CONSTRAINT commission_rule_one_at_a_time EXCLUDE USING gist (scope WITH =, valid WITH &&)
    WHERE (withdrawn_at IS NULL);
CREATE INDEX commission_rule_lookup ON gkm.commission_rule (scope) WHERE withdrawn_at IS NULL;
CREATE INDEX commission_rule_product ON gkm.commission_rule (product_id) WHERE product_id IS NOT NULL;

-- What was agreed when the line was sold: with `commission_bps`, all that its commission was computed from.
ALTER TABLE gkm.order_line
  ADD COLUMN commission_fixed gkm.minor_units NOT NULL DEFAULT 0,
  ADD COLUMN commission_min gkm.minor_units,
  ADD COLUMN commission_max gkm.minor_units,
  ADD CONSTRAINT order_line_commission CHECK (commission <= unit_price * quantity);

-- The ledger ------------------------------------------------------------------------------------------------------

CREATE TABLE gkm.ledger_account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN (
    'clearing', 'commission', 'vendor_payable', 'fees', 'suspense', 'refund_loss', 'dispute_loss')),
  vendor_id bigint REFERENCES gkm.vendor (id),
  currency gkm.currency NOT NULL,
  key text NOT NULL GENERATED ALWAYS AS (
    kind || coalesce(' ' || vendor_id::text, '') || ' ' || currency::text) STORED UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'vendor_payable') = (vendor_id IS NOT NULL))
);
CREATE INDEX ledger_account_vendor ON gkm.ledger_account (vendor_id) WHERE vendor_id IS NOT NULL;

-- One thing that happened to money. Its idempotency key is the order and the entry's name (`sale`, `refund:re_…`); what
-- is nobody's order's has the name alone.
CREATE TABLE gkm.ledger_tx (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint REFERENCES gkm.orders (id),
  entry gkm.safe_text NOT NULL CHECK (length(entry) BETWEEN 1 AND 300),
  -- How many postings it has, no more and no less.
  postings smallint NOT NULL CHECK (postings BETWEEN 2 AND 999),
  stripe_event text,
  posted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ledger_tx_idem_key UNIQUE NULLS NOT DISTINCT (order_id, entry),
  CONSTRAINT ledger_tx_whole UNIQUE (id, postings)
);

-- Debits are positive, credits negative. The places of a transaction are numbered and all taken when it commits, so that
-- nothing can ever be added to it; that they sum to zero is seen to at commit (gkm.require_ledger_entry). The line and
-- the vendor are not checked row by row: they are those of the order and of the account that it was written from.
CREATE TABLE gkm.ledger_posting (
  tx_id bigint NOT NULL,
  position smallint NOT NULL,
  postings smallint NOT NULL,
  account_id bigint NOT NULL REFERENCES gkm.ledger_account (id),
  vendor_id bigint,
  order_line_id bigint,
  currency gkm.currency NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0),
  PRIMARY KEY (tx_id, position),
  FOREIGN KEY (tx_id, postings) REFERENCES gkm.ledger_tx (id, postings),
  CHECK (position BETWEEN 1 AND postings)
);
CREATE INDEX ledger_posting_vendor ON gkm.ledger_posting (vendor_id, tx_id, position) INCLUDE (currency, amount)
  WHERE vendor_id IS NOT NULL;

-- Orders that were paid before there was a ledger get their entries by a second look at each.
INSERT INTO gkm.job (kind, subject) SELECT 'post_ledger', id::text FROM gkm.orders WHERE paid_at IS NOT NULL;
