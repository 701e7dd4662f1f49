-- What the planner knows of tables that grow. Written anew whenever this text changes.
--
-- A plan is made once and kept by its session. One that was made while a table was nearly empty reads it from end to end,
-- foreign keys' own lookups included, and is right to; when some seconds later a hundred thousand rows are there, each
-- statement reads them all. It is thrown away when the table is analyzed, and autovacuum comes by once a minute.

SET ROLE gkm_owner;
-- An owner's tables that have doubled since they were looked at last. Small ones are let be: there the wrong plan costs
-- nothing.
CREATE OR REPLACE FUNCTION gkm.doubled_tables(p_owner text) RETURNS SETOF name
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT c.relname FROM pg_catalog.pg_class c
  WHERE c.relnamespace = 'gkm'::regnamespace AND c.relkind = 'r' AND c.relowner = p_owner::regrole
    AND pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::integer > greatest(8, 2 * c.relpages)
  ORDER BY c.relname
$$;
REVOKE ALL ON FUNCTION gkm.doubled_tables(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gkm.doubled_tables(text) TO gkm_audit_owner;

-- Analyzes those of whoever it runs as; answers how many there were.
CREATE OR REPLACE FUNCTION gkm.analyze_doubled() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = '' AS $$
DECLARE
  grown name;
  done integer := 0;
BEGIN
  FOR grown IN SELECT gkm.doubled_tables(current_user) LOOP
    -- One that autovacuum is at needs no second look.
    EXECUTE format('ANALYZE (SKIP_LOCKED) gkm.%I', grown);
    done := done + 1;
  END LOOP;
  RETURN done;
END $$;
REVOKE ALL ON FUNCTION gkm.analyze_doubled() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gkm.analyze_doubled() TO gkm_audit_owner;

-- One daemon at a time looks.
CREATE OR REPLACE FUNCTION gkm.refresh_statistics() RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
  SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock(7261005) THEN gkm.analyze_doubled() ELSE 0 END
$$;
REVOKE ALL ON FUNCTION gkm.refresh_statistics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gkm.refresh_statistics() TO gkm_daemon;
RESET ROLE;

-- The audit log has an owner of its own, and only that one may analyze it.
SET ROLE gkm_audit_owner;
CREATE OR REPLACE FUNCTION gkm.refresh_audit_statistics() RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = '' AS 'SELECT gkm.analyze_doubled()';
REVOKE ALL ON FUNCTION gkm.refresh_audit_statistics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gkm.refresh_audit_statistics() TO gkm_daemon;
RESET ROLE;
