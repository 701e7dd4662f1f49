-- A Stripe event is just large enough to be compressed on its way in, and pglz took a fifth of PostgreSQL's time at
-- intake; lz4 takes a fraction of that. Partitions made later inherit it; those there are told one by one.
DO $$
DECLARE
  part regclass;
BEGIN
  ALTER TABLE gkm.stripe_event_body ALTER COLUMN body SET COMPRESSION lz4;
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'gkm.stripe_event_body'::regclass LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN body SET COMPRESSION lz4', part);
  END LOOP;
END $$;
