-- Checkout: what was answered to requests that may come again, and what pages of the catalogue are found by.

-- A request under an Idempotency-Key is carried out once. Its row is written with its order, in one transaction; the
-- answer follows when the order has a page to pay on. A row without one belongs to an open order, whose session is being
-- made; it goes when that order is given up, and the key is free again.
CREATE TABLE gkm.checkout_idempotency (
  -- SHA-256 of the endpoint and the client's key.
  key_hash bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
  body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
  order_id bigint REFERENCES gkm.orders (id),
  -- What the session was asked for with: the same again finds the same session.
  payable_until timestamptz,
  -- The answer: where to pay and until when, or a refusal.
  session_url text CHECK (length(session_url) BETWEEN 1 AND 8192),
  session_expires_at timestamptz,
  problem jsonb CHECK (octet_length(problem::text) <= 65536),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  CHECK ((order_id IS NULL) = (payable_until IS NULL)),
  CHECK ((session_url IS NULL) = (session_expires_at IS NULL)),
  CHECK (session_url IS NULL OR order_id IS NOT NULL),
  CHECK (problem IS NULL OR order_id IS NULL)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX checkout_idempotency_order ON gkm.checkout_idempotency (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX checkout_idempotency_expiry ON gkm.checkout_idempotency (expires_at);

CREATE INDEX listing_for_sale ON gkm.listing (id) WHERE state = 'active';
CREATE INDEX listing_vendor_for_sale ON gkm.listing (vendor_id, id) WHERE state = 'active';
CREATE INDEX listing_currency_for_sale ON gkm.listing (currency, id) WHERE state = 'active';
