-- What people do about differences between Stripe and us.
SET ROLE gkm_api;

-- Locks a break that is still to be worked on, and answers how it stands.
CREATE OR REPLACE FUNCTION gkm.lock_break(p_break bigint, p_version bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  b record;
BEGIN
  SELECT state, version INTO b FROM gkm.recon_break WHERE id = p_break FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no break %', p_break USING ERRCODE = 'no_data_found';
  END IF;
  IF b.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this break changed since it was shown: it is % now', b.state
      USING ERRCODE = 'serialization_failure';
  END IF;
  IF b.state IN ('closed', 'healed') THEN
    RAISE EXCEPTION 'a break that is % needs nothing more', b.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN b.state;
END $$;

-- One audit event about a break that a person changed.
CREATE OR REPLACE FUNCTION gkm.audit_break(p_break bigint, p_action text, p_role text, p_reason text, p_details text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  b record;
BEGIN
  SELECT r.kind, r.subject, r.order_id, o.number INTO b
  FROM gkm.recon_break r LEFT JOIN gkm.orders o ON o.id = r.order_id WHERE r.id = p_break;
  PERFORM gkm.audit(p_action, 'recon_break', p_break::text, b.order_id, b.number, NULL, p_role, p_reason,
    ARRAY['kind', b.kind, 'object', b.subject] || p_details);
END $$;

-- Gives a break to a person of the staff: to whoever asks, where no login is named.
CREATE OR REPLACE FUNCTION api.assign_break(p_break bigint, p_version bigint, p_login text, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  was text := gkm.lock_break(p_break, p_version);
  login text := coalesce(nullif(p_login, ''), session_user);
  person bigint;
BEGIN
  SELECT p.id INTO person FROM gkm.person p
  WHERE p.role_name = login AND p.disabled_at IS NULL AND p.role IN ('support', 'ops', 'admin');
  IF person IS NULL THEN
    RAISE EXCEPTION 'there is no active person of the staff with the login %', login USING ERRCODE = 'no_data_found';
  END IF;
  UPDATE gkm.recon_break SET state = 'assigned', assignee = person, changed_at = now(), version = version + 1
  WHERE id = p_break;
  PERFORM gkm.audit_break(p_break, 'recon.break.assigned', person_role, reason, ARRAY['was', was, 'assignee', login]);
  RETURN p_version + 1;
END $$;

-- Says why there is a difference. It stays open to view until it is gone or closed.
CREATE OR REPLACE FUNCTION api.explain_break(p_break bigint, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  was text := gkm.lock_break(p_break, p_version);
BEGIN
  UPDATE gkm.recon_break SET state = 'explained', explanation = reason, changed_at = now(), version = version + 1
  WHERE id = p_break;
  PERFORM gkm.audit_break(p_break, 'recon.break.explained', person_role, reason, ARRAY['was', was]);
  RETURN p_version + 1;
END $$;

-- Ends the work on a break. Found again as it is, it stays closed.
CREATE OR REPLACE FUNCTION api.close_break(p_break bigint, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  was text := gkm.lock_break(p_break, p_version);
BEGIN
  UPDATE gkm.recon_break
  SET state = 'closed', explanation = coalesce(explanation, reason), changed_at = now(), version = version + 1
  WHERE id = p_break;
  PERFORM gkm.audit_break(p_break, 'recon.break.closed', person_role, reason, ARRAY['was', was]);
  RETURN p_version + 1;
END $$;
RESET ROLE;

-- How reconciliation stands, in one row per kind of run: for whoever watches over it.
SET ROLE gkm_owner;
DROP FUNCTION IF EXISTS gkm.reconciliation_health();
CREATE OR REPLACE FUNCTION gkm.reconciliation_health()
RETURNS TABLE (kind text, last_good timestamptz, since_seconds double precision, running boolean, failures integer,
  problem text, open_breaks bigint, oldest_break timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT k.kind, g.ended_at, extract(epoch FROM now() - g.ended_at)::double precision, r.id IS NOT NULL,
    coalesce(r.failures, 0), r.problem::text, b.n, b.oldest
  FROM unnest(ARRAY['events', 'objects', 'balance']) AS k (kind)
  LEFT JOIN LATERAL (
    SELECT max(x.ended_at) AS ended_at FROM gkm.recon_run x
    WHERE x.kind = k.kind AND x.outcome = 'good' AND x.period IS NOT NULL
  ) g ON true
  LEFT JOIN gkm.recon_run r ON r.kind = k.kind AND r.ended_at IS NULL AND r.period IS NOT NULL
  CROSS JOIN (
    SELECT count(*) AS n, min(opened_at) AS oldest FROM gkm.recon_break WHERE state IN ('open', 'assigned', 'explained')
  ) b
$$;
GRANT EXECUTE ON FUNCTION gkm.reconciliation_health() TO gkm_daemon, gkm_support, gkm_ops, gkm_admin;
RESET ROLE;
