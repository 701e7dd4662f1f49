-- :orders open orders behind the order :first, each of one unit of one of the :listings listings behind :listing, reserved
-- and waiting to be paid. psql, as the superuser; triggers rest as in a restore. Stock was imported before, by gkmd.
BEGIN;
SET LOCAL session_replication_role = replica;

CREATE TEMPORARY TABLE bench_order ON COMMIT DROP AS
  SELECT n AS id, l.id AS listing_id, l.vendor_id, p.title, l.price, l.currency, 'GK-B' || lpad(n::text, 9, '0') AS number
  FROM generate_series(:first + 1, :first + :orders) AS n
  JOIN gkm.listing l ON l.id = :listing + 1 + (n - 1) % :listings
  JOIN gkm.product p ON p.id = l.product_id;

INSERT INTO gkm.orders (id, number, customer_email, customer_name, amount, currency, token_hash, units_total)
  SELECT id, number, 'buyer' || id || '@bench.example', 'Buyer ' || id, price, currency,
    sha256(convert_to('bench ' || id, 'UTF8')), 1
  FROM bench_order ORDER BY id;
INSERT INTO gkm.order_line (id, order_id, listing_id, vendor_id, title, quantity, unit_price, currency,
    commission_rule_id, commission_bps, commission)
  SELECT id, id, listing_id, vendor_id, title, 1, price, currency, 1, 1000, round(price / 10.0) FROM bench_order ORDER BY id;
INSERT INTO gkm.vendor_order (vendor_id, order_id, number, customer_masked, amount, currency)
  SELECT vendor_id, id, number, 'b***@b***', price, currency FROM bench_order ORDER BY id;
INSERT INTO gkm.order_unit (id, order_id, order_line_id, listing_id, vendor_id, position)
  SELECT id, id, id, listing_id, vendor_id, 1 FROM bench_order ORDER BY id;
INSERT INTO gkm.reservation (id, order_id, listing_id, vendor_id, quantity, stock_version, expires_at)
  SELECT id, id, listing_id, vendor_id, 1, 1, now() + interval '1 day' FROM bench_order ORDER BY id;
INSERT INTO gkm.payment (order_id, facts) SELECT id, '{}' FROM bench_order ORDER BY id;
-- The two events that checkout writes for each, in the audit log's own bytes.
INSERT INTO gkm.audit_event (action, subject_kind, subject_id, order_id, vendor_id, body)
  SELECT a.action, a.kind, a.subject, b.id, a.vendor, convert_to(
    E'gkm-audit v1\n'
      || gkm.audit_line('at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
      || gkm.audit_line('actor', session_user) || gkm.audit_line('role', 'daemon')
      || gkm.audit_line('action', a.action) || gkm.audit_line('subject', a.kind || ' ' || a.subject)
      || gkm.audit_line('order', b.number) || coalesce(gkm.audit_line('vendor', a.vendor::text), '')
      || gkm.audit_line('nonce', encode(uuid_send(gen_random_uuid()), 'hex')) || a.details, 'UTF8')
  FROM bench_order b, LATERAL (VALUES
    ('checkout.created', 'order', b.id::text, NULL::bigint,
      gkm.audit_line('detail.amount', b.price::text) || gkm.audit_line('detail.units', '1')),
    ('stock.reserved', 'listing', b.listing_id::text, b.vendor_id, gkm.audit_line('detail.quantity', '1'))
  ) AS a (action, kind, subject, vendor, details);
UPDATE gkm.listing_stock s SET available = available - c.units, reserved = reserved + c.units, version = version + 1
  FROM (SELECT listing_id, count(*) AS units FROM bench_order GROUP BY listing_id) AS c
  WHERE c.listing_id = s.listing_id;
SELECT setval(pg_get_serial_sequence(t, 'id'), 10000000 + :first + :orders)
  FROM unnest(ARRAY['gkm.orders', 'gkm.order_line', 'gkm.order_unit', 'gkm.reservation']) AS t \g /dev/null
COMMIT;
VACUUM (ANALYZE);
CHECKPOINT;
