-- Imports of stock, whose rows come sealed, and stock that is taken away. Written anew whenever this text changes.
SET ROLE gkm_audit_owner;

-- Units come with the event of their import, which is there before them.
CREATE OR REPLACE FUNCTION gkm.require_import_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  missing bigint;
BEGIN
  SELECT i.import_id INTO missing FROM (SELECT DISTINCT a.import_id FROM added a) i
  WHERE NOT EXISTS (
    SELECT FROM gkm.audit_event e
    WHERE e.subject_kind = 'stock_import' AND e.subject_id = i.import_id::text AND e.subject_kind <> 'order'
      AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id())
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'units of import % have no audit event in their transaction', missing
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'require_audit', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
GRANT EXECUTE ON FUNCTION gkm.require_import_audit() TO gkm_owner;
RESET ROLE;

SET ROLE gkm_api;

-- The daemon's public key, and a name for the database that it is remembered by.
CREATE OR REPLACE FUNCTION api.exchange_key() RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM gkm.demand_role('vendor', 'support', 'ops', 'admin');
  RETURN (SELECT k.public_key FROM gkm.exchange_key k WHERE k.name = 'market');
END $$;

-- The listing, if this person may change its stock; vendors their own alone.
CREATE OR REPLACE FUNCTION gkm.listing_to_stock(p_listing bigint, p_role text) RETURNS gkm.listing
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  l gkm.listing;
BEGIN
  SELECT * INTO l FROM gkm.listing
  WHERE id = p_listing AND (p_role <> 'vendor' OR vendor_id = api.my_vendor());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no listing %', p_listing USING ERRCODE = 'no_data_found';
  END IF;
  RETURN l;
END $$;

-- The import, if it is this person's to see.
CREATE OR REPLACE FUNCTION gkm.import_of_person(p_import bigint, p_role text) RETURNS gkm.stock_import
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  i gkm.stock_import;
BEGIN
  SELECT * INTO i FROM gkm.stock_import
  WHERE id = p_import AND (p_role <> 'vendor' OR vendor_id = api.my_vendor());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no import %', p_import USING ERRCODE = 'no_data_found';
  END IF;
  RETURN i;
END $$;

-- Begins an import: from here on its sealed chunks are taken, of this person alone. Staff says why.
CREATE OR REPLACE FUNCTION api.stock_import_begin(p_listing bigint, p_source text, p_dry_run boolean, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  reason text := CASE WHEN person_role <> 'vendor' OR btrim(p_reason) <> '' THEN gkm.demand_reason(p_reason) END;
  l gkm.listing := gkm.listing_to_stock(p_listing, person_role);
  dry boolean := coalesce(p_dry_run, false);
  import bigint;
BEGIN
  IF l.state = 'closed' THEN
    RAISE EXCEPTION 'listing % is closed', l.id USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF NOT EXISTS (SELECT FROM gkm.exchange_key) THEN
    RAISE EXCEPTION 'there is nothing to seal to yet: the daemon has never run with its master key'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  -- One after another for each vendor, so that the limit holds.
  PERFORM 1 FROM gkm.vendor WHERE id = l.vendor_id FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM gkm.stock_import i
      WHERE i.vendor_id = l.vendor_id AND i.state IN ('uploading', 'queued')) >= 8 THEN
    RAISE EXCEPTION 'eight imports are under way already: finish or cancel one of them'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.stock_import (listing_id, vendor_id, source, rows_total, rows_accepted, state, is_dry_run)
  VALUES (l.id, l.vendor_id, coalesce(nullif(btrim(left(p_source, 200)), ''), 'unnamed'), 0, 0, 'uploading', dry)
  RETURNING id INTO import;
  INSERT INTO gkm.stock_import_progress (import_id, vendor_id) VALUES (import, l.vendor_id);
  PERFORM gkm.audit('stock.import.begun', 'stock_import', import::text, NULL, NULL, l.vendor_id, person_role, reason,
    ARRAY['listing', l.id::text, 'dry_run', dry::text]);
  RETURN import;
END $$;

-- Takes the next chunk; answers how many there are now. One that is there already is not taken twice.
CREATE OR REPLACE FUNCTION api.stock_import_put(p_import bigint, p_position integer, p_rows integer, p_sealed bytea)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  i gkm.stock_import := gkm.import_of_person(p_import, gkm.demand_role('vendor', 'ops', 'admin'));
  p gkm.stock_import_progress;
BEGIN
  IF i.imported_by <> session_user THEN
    RAISE EXCEPTION 'permission denied: this import is % own', i.imported_by || '''s'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT * INTO p FROM gkm.stock_import_progress WHERE import_id = i.id FOR NO KEY UPDATE;
  -- Behind the lock: whatever ended it has been seen.
  SELECT * INTO i FROM gkm.stock_import WHERE id = i.id;
  IF i.state <> 'uploading' THEN
    RAISE EXCEPTION 'import % is % and takes no more rows', i.id, i.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p_position IS DISTINCT FROM p.chunks_staged THEN
    RAISE EXCEPTION 'the next chunk of import % is %', i.id, p.chunks_staged USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_rows IS NULL OR p_rows NOT BETWEEN 1 AND 10000 OR octet_length(p_sealed) NOT BETWEEN 48 AND 1048576 THEN
    RAISE EXCEPTION 'a chunk holds 1 to 10000 rows in at most 1 MiB' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p.rows_staged + p_rows > 2000000 OR p.bytes_staged + octet_length(p_sealed) > 536870912 THEN
    RAISE EXCEPTION 'an import holds at most 2000000 rows and 512 MiB: divide the file'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.stock_import_chunk (import_id, position, row_count, sealed)
  VALUES (i.id, p_position, p_rows, p_sealed);
  UPDATE gkm.stock_import_progress
  SET chunks_staged = chunks_staged + 1, rows_staged = rows_staged + p_rows,
    bytes_staged = bytes_staged + octet_length(p_sealed), updated_at = now()
  WHERE import_id = i.id;
  RETURN p.chunks_staged + 1;
END $$;

-- All of it was sent: the daemon has it now.
CREATE OR REPLACE FUNCTION api.stock_import_end(p_import bigint, p_chunks integer, p_rows integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  i gkm.stock_import := gkm.import_of_person(p_import, person_role);
  p gkm.stock_import_progress;
BEGIN
  SELECT * INTO p FROM gkm.stock_import_progress WHERE import_id = i.id FOR NO KEY UPDATE;
  SELECT * INTO i FROM gkm.stock_import WHERE id = i.id FOR NO KEY UPDATE;
  IF i.imported_by <> session_user THEN
    RAISE EXCEPTION 'permission denied: this import is % own', i.imported_by || '''s'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF i.state <> 'uploading' THEN
    RAISE EXCEPTION 'import % is %', i.id, i.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p.chunks_staged = 0 OR p.chunks_staged IS DISTINCT FROM p_chunks OR p.rows_staged IS DISTINCT FROM p_rows THEN
    RAISE EXCEPTION 'of import % there are % rows in % chunks here', i.id, p.rows_staged, p.chunks_staged
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE gkm.stock_import SET state = 'queued', rows_total = p_rows, version = version + 1 WHERE id = i.id;
  INSERT INTO gkm.job (kind, subject, priority, is_unique) VALUES ('import', i.id::text, 1, true);
  PERFORM gkm.audit('stock.import.queued', 'stock_import', i.id::text, NULL, NULL, i.vendor_id, person_role, NULL,
    ARRAY['listing', i.listing_id::text, 'rows', p_rows::text, 'chunks', p_chunks::text]);
END $$;

-- Gives an import up that the daemon has not begun with; what was sent of it is deleted by the daemon.
CREATE OR REPLACE FUNCTION api.stock_import_cancel(p_import bigint, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  i gkm.stock_import := gkm.import_of_person(p_import, person_role);
BEGIN
  PERFORM 1 FROM gkm.stock_import_progress WHERE import_id = i.id FOR NO KEY UPDATE;
  -- The daemon holds the row while it works on it, which may take long.
  SELECT * INTO i FROM gkm.stock_import WHERE id = i.id FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'import % is being carried out', p_import USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF i.state NOT IN ('uploading', 'queued') THEN
    RAISE EXCEPTION 'import % is % already', i.id, i.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.stock_import SET state = 'cancelled', finished_at = now(), version = version + 1 WHERE id = i.id;
  INSERT INTO gkm.job (kind, subject, priority, is_unique) VALUES ('import', i.id::text, 1, true)
  ON CONFLICT (kind, subject) WHERE is_unique DO NOTHING;
  PERFORM gkm.audit('stock.import.cancelled', 'stock_import', i.id::text, NULL, NULL, i.vendor_id, person_role, reason,
    ARRAY['listing', i.listing_id::text, 'was', i.state]);
END $$;

-- How an import stands, for whoever waits for it.
CREATE OR REPLACE FUNCTION api.stock_import_standing(p_import bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  i gkm.stock_import := gkm.import_of_person(p_import, gkm.demand_role('vendor', 'ops', 'admin'));
BEGIN
  RETURN (
    SELECT jsonb_build_object(
      'id', i.id, 'listing', i.listing_id, 'state', i.state, 'dry_run', i.is_dry_run, 'mine', i.imported_by = session_user,
      'rows', greatest(i.rows_total, coalesce(p.rows_staged, 0)), 'done', coalesce(p.rows_done, 0),
      'chunks', coalesce(p.chunks_staged, 0), 'accepted', i.rows_accepted, 'repeated', i.rows_repeated,
      'yours', i.rows_yours, 'review', i.rows_review, 'malformed', i.rows_malformed, 'too_long', i.rows_too_long,
      'problem', i.problem)
    FROM (SELECT 1) one LEFT JOIN gkm.stock_import_progress p ON p.import_id = i.id);
END $$;

-- What became of the rows behind line `p_after`, as ranges of lines.
DROP FUNCTION IF EXISTS api.stock_verdicts(bigint, integer, integer);
CREATE FUNCTION api.stock_verdicts(p_import bigint, p_after integer, p_limit integer)
RETURNS TABLE (first_row integer, last_row integer, verdict text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  i gkm.stock_import := gkm.import_of_person(p_import, gkm.demand_role('vendor', 'ops', 'admin'));
BEGIN
  RETURN QUERY
  SELECT r.first_row, r.last_row, r.verdict FROM gkm.stock_import_row r
  WHERE r.import_id = i.id AND r.first_row > coalesce(p_after, 0)
  ORDER BY r.first_row LIMIT least(greatest(coalesce(p_limit, 1000), 1), 5000);
END $$;

-- Withdrawing ----------------------------------------------------------------------------------------------------

-- Takes keys out of sale: these units, or those of an import, or as many as `p_count` says, the newest first. What
-- buyers have reserved is not taken. Answers {withdrawn, available}.
CREATE OR REPLACE FUNCTION api.withdraw_stock(
  p_listing bigint, p_units bigint[], p_import bigint, p_count integer, p_reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  l gkm.listing := gkm.listing_to_stock(p_listing, person_role);
  most integer := coalesce(p_count, cardinality(p_units), 20000);
  taken bigint[];
  imports bigint[];
  stands bigint;
BEGIN
  IF (p_units IS NOT NULL)::integer + (p_import IS NOT NULL)::integer + (p_count IS NOT NULL)::integer <> 1 THEN
    RAISE EXCEPTION 'say which units, which import, or how many' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF most NOT BETWEEN 1 AND 20000 THEN
    RAISE EXCEPTION 'between 1 and 20000 keys are withdrawn at once' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- The counter first: whoever sells or reserves waits for it, and its figure holds.
  SELECT s.available INTO stands FROM gkm.listing_stock s WHERE s.listing_id = l.id FOR UPDATE;
  SELECT array_agg(u.id), array_agg(DISTINCT u.import_id) INTO taken, imports
  FROM (
    SELECT s.id, s.import_id FROM gkm.stock_unit s
    WHERE s.listing_id = l.id AND s.state = 'available' AND (p_units IS NULL OR s.id = ANY (p_units))
      AND (p_import IS NULL OR s.import_id = p_import)
    ORDER BY s.id DESC LIMIT most FOR UPDATE SKIP LOCKED
  ) u;
  IF taken IS NULL OR p_import IS NULL AND cardinality(taken) < most THEN
    RAISE EXCEPTION 'of these only % are for sale in listing %', coalesce(cardinality(taken), 0), l.id
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF cardinality(taken) > coalesce(stands, 0) THEN
    RAISE EXCEPTION 'only % keys of listing % are not reserved', coalesce(stands, 0), l.id
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM gkm.audit('stock.withdrawn', 'listing', l.id::text, NULL, NULL, l.vendor_id, person_role, reason,
    ARRAY['units', cardinality(taken)::text, 'first', taken[cardinality(taken)]::text, 'last', taken[1]::text]);
  PERFORM gkm.audit('stock.withdrawn', 'stock_import', i::text, NULL, NULL, l.vendor_id, person_role, reason,
    ARRAY['listing', l.id::text])
  FROM unnest(imports) i;
  UPDATE gkm.stock_unit SET state = 'withdrawn', version = version + 1 WHERE id = ANY (taken);
  UPDATE gkm.listing_stock SET available = available - cardinality(taken), version = version + 1
  WHERE listing_id = l.id;
  RETURN jsonb_build_object('withdrawn', cardinality(taken), 'available', stands - cardinality(taken));
END $$;
RESET ROLE;
