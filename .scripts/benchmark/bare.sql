-- Makes a copy of the production database bare for pgbench: the same tables, columns, checks, indexes and partitions,
-- but no trigger, and no foreign key either, for those are triggers too. Row security does not bind a superuser.
DO $$
DECLARE
  it record;
BEGIN
  FOR it IN
    SELECT c.conrelid::regclass AS relation, c.conname FROM pg_constraint c
    WHERE c.contype = 'f' AND c.conparentid = 0 AND c.connamespace = 'gkm'::regnamespace
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.relation, it.conname);
  END LOOP;
  FOR it IN
    SELECT t.tgrelid::regclass AS relation, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relnamespace = 'gkm'::regnamespace
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', it.tgname, it.relation);
  END LOOP;
END $$;
SELECT 'still has triggers: ' || t.tgrelid::regclass FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'gkm'::regnamespace;
