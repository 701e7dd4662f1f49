-- What is on sale: ten vendors, :listings listings at one price. psql, as the superuser; triggers rest.
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO gkm.vendor (id, handle, name, contact_email) OVERRIDING SYSTEM VALUE
  SELECT n, 'bench-' || n, 'Vendor ' || n, 'vendor' || n || '@bench.example' FROM generate_series(1, 10) AS n;
INSERT INTO gkm.commission_rule (id, basis_points, valid) OVERRIDING SYSTEM VALUE
  VALUES (1, 1000, tstzrange('2020-01-01', NULL));
INSERT INTO gkm.product (id, title, platform) OVERRIDING SYSTEM VALUE
  SELECT n, 'Stellar Drift ' || n || ': Collector''s Edition', 'Steam' FROM generate_series(1, :listings) AS n;
INSERT INTO gkm.listing (id, vendor_id, product_id, price, currency) OVERRIDING SYSTEM VALUE
  SELECT n, 1 + (n - 1) % 10, n, :amount, 'eur' FROM generate_series(1, :listings) AS n;
SELECT setval(pg_get_serial_sequence(t, 'id'), 1000)
  FROM unnest(ARRAY['gkm.vendor', 'gkm.commission_rule', 'gkm.product', 'gkm.listing']) AS t \g /dev/null
COMMIT;
