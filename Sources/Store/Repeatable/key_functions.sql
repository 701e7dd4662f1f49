-- Keys that people are shown, and keys that they look for. Written anew whenever this text changes.
SET ROLE gkm_api;

-- A setting that is a number, or what holds where nobody has set it.
CREATE OR REPLACE FUNCTION gkm.number_setting(p_name text, p_default integer) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT coalesce((SELECT s.value::integer FROM gkm.setting s WHERE s.name = p_name), p_default)
$$;

-- Asks for one key of the stock, sealed to `p_key`. Past `reveal.alone` different keys in an hour somebody else has to
-- agree first, and past `reveal.hourly_limit` nothing helps. To see a key again within five minutes is a renewal: it is
-- told, and needs nobody. Answers {id, state}.
CREATE OR REPLACE FUNCTION api.reveal_request(p_unit bigint, p_reason text, p_key bytea) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  why text := gkm.demand_reason(p_reason);
  u record;
  others integer;
  renewal boolean;
  r gkm.key_request;
  hourly integer := gkm.number_setting('reveal.hourly_limit', 30);
  alone integer := gkm.number_setting('reveal.alone', 5);
BEGIN
  IF p_key IS NULL OR octet_length(p_key) <> 32 THEN
    RAISE EXCEPTION 'a public key of 32 bytes is needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT s.id, s.vendor_id, a.order_id, o.number INTO u
  FROM gkm.stock_unit s
  LEFT JOIN gkm.assignment a ON a.stock_unit_id = s.id
  LEFT JOIN gkm.orders o ON o.id = a.order_id
  WHERE s.id = p_unit;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no key %', p_unit USING ERRCODE = 'no_data_found';
  END IF;
  -- One after another for each person, so that the limits hold.
  PERFORM 1 FROM gkm.person p WHERE p.role_name = session_user FOR NO KEY UPDATE;
  -- By when it went to the daemon: a request may have waited for its second person for long.
  SELECT count(DISTINCT k.stock_unit_id) INTO others FROM gkm.key_request k
  WHERE k.requested_by = session_user AND k.asked_at > now() - interval '1 hour' AND k.kind = 'reveal'
    AND k.state IN ('queued', 'answered', 'fetched', 'expired') AND k.stock_unit_id <> u.id;
  renewal := EXISTS (
    SELECT FROM gkm.key_request k
    WHERE k.requested_by = session_user AND k.requested_at > now() - interval '1 hour' AND k.kind = 'reveal'
      AND k.stock_unit_id = u.id AND k.state = 'fetched' AND k.answered_at > now() - interval '5 minutes');
  IF others >= hourly AND NOT renewal THEN
    RAISE EXCEPTION 'you were shown % keys within an hour: that is the limit', others
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF others >= alone AND NOT renewal THEN
    SELECT * INTO r FROM gkm.key_request k
    WHERE k.requested_by = session_user AND k.stock_unit_id = u.id
      AND (k.state = 'awaiting_approval' OR k.state = 'approved' AND k.decided_at > now() - interval '15 minutes')
    ORDER BY k.id DESC LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO gkm.key_request (kind, stock_unit_id, order_id, vendor_id, reason, state, requested_as)
      VALUES ('reveal', u.id, u.order_id, u.vendor_id, why, 'awaiting_approval', person_role) RETURNING * INTO r;
      PERFORM gkm.audit('key.reveal.asked', 'key_request', r.id::text, u.order_id, u.number, u.vendor_id, person_role,
        why, ARRAY['unit', u.id::text, 'within_the_hour', others::text]);
    END IF;
    IF r.state = 'awaiting_approval' THEN
      RETURN jsonb_build_object('id', r.id, 'state', r.state);
    END IF;
    UPDATE gkm.key_request SET state = 'queued', public_key = p_key, asked_at = now(), version = version + 1
    WHERE id = r.id;
  ELSE
    INSERT INTO gkm.key_request (
      kind, stock_unit_id, order_id, vendor_id, reason, state, requested_as, public_key, asked_at, is_renewal)
    VALUES ('reveal', u.id, u.order_id, u.vendor_id, why, 'queued', person_role, p_key, now(), renewal)
    RETURNING * INTO r;
  END IF;
  INSERT INTO gkm.job (kind, subject, priority) VALUES ('reveal', r.id::text, 0);
  PERFORM gkm.audit('key.reveal.requested', 'key_request', r.id::text, u.order_id, u.number, u.vendor_id, person_role,
    why, ARRAY['unit', u.id::text, 'renewal', renewal::text, 'approved_by', r.decided_by]);
  RETURN jsonb_build_object('id', r.id, 'state', 'queued');
END $$;

-- A second person's word on a request. Whoever was let has a quarter of an hour to ask again.
CREATE OR REPLACE FUNCTION api.reveal_decide(p_request bigint, p_approve boolean, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  why text := gkm.demand_reason(p_reason);
  r gkm.key_request;
  decision text := CASE WHEN p_approve THEN 'approved' ELSE 'rejected' END;
BEGIN
  SELECT * INTO r FROM gkm.key_request WHERE id = p_request FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no request %', p_request USING ERRCODE = 'no_data_found';
  END IF;
  IF p_approve IS NULL OR r.state <> 'awaiting_approval' THEN
    RAISE EXCEPTION 'request % is % and waits for nobody', r.id, r.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF r.requested_by = session_user THEN
    RAISE EXCEPTION 'permission denied: a second person has to agree' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE gkm.key_request SET state = decision, decided_by = session_user, decided_at = now(), version = version + 1
  WHERE id = r.id;
  PERFORM gkm.audit('key.reveal.' || decision, 'key_request', r.id::text, r.order_id,
    (SELECT o.number FROM gkm.orders o WHERE o.id = r.order_id), r.vendor_id, person_role, why,
    ARRAY['unit', r.stock_unit_id::text, 'requested_by', r.requested_by]);
  RETURN decision;
END $$;

-- The signed-in person's own request, if its answer is there; NULL while the daemon works on it.
CREATE OR REPLACE FUNCTION gkm.key_answer(p_request bigint, p_kind text) RETURNS gkm.key_request
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  r gkm.key_request;
BEGIN
  SELECT * INTO r FROM gkm.key_request
  WHERE id = p_request AND kind = p_kind AND requested_by = session_user FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no request %', p_request USING ERRCODE = 'no_data_found';
  END IF;
  IF r.state = 'queued' THEN
    RETURN NULL;
  END IF;
  IF r.state <> 'answered' THEN
    RAISE EXCEPTION 'request % is %', r.id, r.state || coalesce(': ' || r.problem, '')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN r;
END $$;

-- Takes the sealed key, once: it is gone then. NULL while it is not there yet.
CREATE OR REPLACE FUNCTION api.reveal_fetch(p_request bigint) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  r gkm.key_request := gkm.key_answer(p_request, 'reveal');
  envelope bytea;
BEGIN
  IF r.id IS NULL THEN
    RETURN NULL;
  END IF;
  DELETE FROM gkm.key_envelope e WHERE e.request_id = r.id AND e.written_at > now() - interval '1 minute'
  RETURNING e.sealed INTO envelope;
  IF envelope IS NULL THEN
    RAISE EXCEPTION 'request % is expired: nobody fetched its answer within a minute', r.id
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.key_request SET state = 'fetched', version = version + 1 WHERE id = r.id;
  PERFORM gkm.audit('key.reveal.fetched', 'key_request', r.id::text, r.order_id,
    (SELECT o.number FROM gkm.orders o WHERE o.id = r.order_id), r.vendor_id, person_role, NULL,
    ARRAY['unit', r.stock_unit_id::text]);
  RETURN envelope;
END $$;

-- Asks which orders had a key, which is sealed to the daemon.
CREATE OR REPLACE FUNCTION api.find_key(p_sealed bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  hourly integer := gkm.number_setting('reveal.find_limit', 60);
  request bigint;
BEGIN
  IF p_sealed IS NULL OR octet_length(p_sealed) NOT BETWEEN 48 AND 4096 THEN
    RAISE EXCEPTION 'a sealed key has 48 to 4096 bytes' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM 1 FROM gkm.person p WHERE p.role_name = session_user FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM gkm.key_request k
      WHERE k.requested_by = session_user AND k.requested_at > now() - interval '1 hour' AND k.kind = 'find') >= hourly
  THEN
    RAISE EXCEPTION 'you looked for % keys within an hour: that is the limit', hourly
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.key_request (kind, state, requested_as, asked_at) VALUES ('find', 'queued', person_role, now())
  RETURNING id INTO request;
  INSERT INTO gkm.key_envelope (request_id, sealed) VALUES (request, p_sealed);
  INSERT INTO gkm.job (kind, subject, priority) VALUES ('find_key', request::text, 0);
  PERFORM gkm.audit('key.find.requested', 'key_request', request::text, NULL, NULL, NULL, person_role, NULL, NULL);
  RETURN request;
END $$;

-- {orders, unit}: the orders that had it, newest first, and what it is in the stock; NULL while the daemon looks.
CREATE OR REPLACE FUNCTION api.find_key_fetch(p_request bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  r gkm.key_request := gkm.key_answer(p_request, 'find');
BEGIN
  IF r.id IS NULL THEN
    RETURN NULL;
  END IF;
  UPDATE gkm.key_request SET state = 'fetched', version = version + 1 WHERE id = r.id;
  PERFORM gkm.audit('key.find.fetched', 'key_request', r.id::text, NULL, NULL, NULL, person_role, NULL, NULL);
  RETURN jsonb_build_object('orders', to_jsonb(coalesce(r.found, '{}')), 'unit', r.found_unit);
END $$;
RESET ROLE;
