-- Cases: opening, taking, passing on, speaking, closing. Run as gkm_api; what vendors read, as gkm_vendor_read.
SET ROLE gkm_api;

-- In whose queue a kind of case lies, how urgent it is and how long it may take.
DROP FUNCTION IF EXISTS gkm.case_terms(text);
CREATE OR REPLACE FUNCTION gkm.case_terms(p_kind text, OUT queue text, OUT priority text)
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT CASE WHEN p_kind IN ('question', 'bad_key', 'delivery_failed') THEN 'support' ELSE 'ops' END,
    CASE WHEN p_kind IN ('refund_failed') THEN 'urgent'
      WHEN p_kind IN ('unfulfillable', 'dispute', 'payment_held', 'delivery_failed') THEN 'high'
      ELSE 'normal' END
$$;

CREATE OR REPLACE FUNCTION gkm.case_time(p_priority text) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT CASE p_priority WHEN 'urgent' THEN interval '1 hour' WHEN 'high' THEN interval '4 hours'
    WHEN 'normal' THEN interval '1 day' ELSE interval '3 days' END
$$;

CREATE OR REPLACE FUNCTION gkm.case_text(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
BEGIN
  IF p_text IS NULL OR length(btrim(p_text)) < 3 OR length(p_text) > 4000 THEN
    RAISE EXCEPTION 'a text of 3 to 4000 characters is needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN btrim(p_text)::gkm.safe_text;
END $$;

CREATE OR REPLACE FUNCTION gkm.case_say(p_case gkm.support_case, p_audience text, p_role text, p_text text)
RETURNS void
LANGUAGE sql SET search_path = '' AS $$
  INSERT INTO gkm.case_message (case_id, audience, vendor_id, author_role, body)
  VALUES (p_case.id, p_audience, CASE WHEN p_audience = 'vendor' THEN p_case.vendor_id END, p_role, p_text)
$$;

-- The case to change, locked, if it is still what the person saw.
CREATE OR REPLACE FUNCTION gkm.case_lock(p_case bigint, p_version bigint) RETURNS gkm.support_case
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  c gkm.support_case;
BEGIN
  SELECT * INTO c FROM gkm.support_case WHERE id = p_case FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no case %', p_case USING ERRCODE = 'no_data_found';
  END IF;
  IF p_version IS NOT NULL AND c.version <> p_version THEN
    RAISE EXCEPTION 'this case changed since it was shown: it is % now', c.state USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN c;
END $$;

-- `p_vendor` is named where the vendor is to see the event in their own timeline.
CREATE OR REPLACE FUNCTION gkm.case_audit(
  p_action text, p_case gkm.support_case, p_role text, p_reason text, p_vendor bigint, p_details text[])
RETURNS void
LANGUAGE sql SET search_path = '' AS $$
  SELECT gkm.audit(p_action, 'case', p_case.id::text, p_case.order_id,
    (SELECT o.number FROM gkm.orders o WHERE o.id = p_case.order_id), p_vendor, p_role, p_reason,
    ARRAY['kind', p_case.kind] || p_details)
$$;

-- The daemon's own: one case for each order and kind, however often and from wherever it is asked for. A text that the
-- case does not hold yet is added to it, and opens it again; `p_vendor` is told it too.
CREATE OR REPLACE FUNCTION gkm.open_case(p_kind text, p_order bigint, p_text text, p_vendor bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  told text := gkm.case_text(p_text);
  spoken text := CASE WHEN p_vendor IS NULL THEN 'internal' ELSE 'vendor' END;
  terms record := gkm.case_terms(p_kind);
  c gkm.support_case;
BEGIN
  INSERT INTO gkm.support_case (queue, kind, order_id, vendor_id, priority, due_at, is_automatic)
  VALUES (terms.queue, p_kind, p_order, p_vendor, terms.priority, now() + gkm.case_time(terms.priority), true)
  ON CONFLICT (order_id, kind) WHERE is_automatic DO NOTHING RETURNING * INTO c;
  IF FOUND THEN
    PERFORM gkm.case_say(c, spoken, 'daemon', told);
    PERFORM gkm.case_audit('case.opened', c, 'daemon', NULL, p_vendor, ARRAY['queue', c.queue, 'priority', c.priority]);
    RETURN c.id;
  END IF;
  SELECT * INTO STRICT c FROM gkm.support_case WHERE order_id = p_order AND kind = p_kind AND is_automatic FOR UPDATE;
  IF EXISTS (SELECT FROM gkm.case_message m WHERE m.case_id = c.id AND m.body = told AND m.author_role = 'daemon') THEN
    RETURN c.id;
  END IF;
  UPDATE gkm.support_case SET version = version + 1, updated_at = now(), closed_at = NULL,
    state = CASE WHEN state <> 'closed' THEN state WHEN assignee IS NULL THEN 'open' ELSE 'taken' END,
    due_at = CASE WHEN state = 'closed' THEN now() + gkm.case_time(priority) ELSE due_at END,
    vendor_id = coalesce(vendor_id, p_vendor)
  WHERE id = c.id RETURNING * INTO c;
  PERFORM gkm.case_say(c, CASE WHEN c.vendor_id = p_vendor THEN 'vendor' ELSE 'internal' END, 'daemon', told);
  PERFORM gkm.case_audit('case.noted', c, 'daemon', NULL, p_vendor, ARRAY['state', c.state]);
  RETURN c.id;
END $$;
GRANT EXECUTE ON FUNCTION gkm.open_case(text, bigint, text, bigint) TO gkm_daemon;

-- Says that the cause of the daemon's case is gone; where nobody has taken it, it is closed by it.
CREATE OR REPLACE FUNCTION gkm.settle_case(p_kind text, p_order bigint, p_text text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  told text := gkm.case_text(p_text);
  c gkm.support_case;
BEGIN
  SELECT * INTO c FROM gkm.support_case
  WHERE order_id = p_order AND kind = p_kind AND is_automatic AND state <> 'closed' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM gkm.case_say(c, CASE WHEN c.vendor_id IS NULL THEN 'internal' ELSE 'vendor' END, 'daemon', told);
  UPDATE gkm.support_case SET updated_at = now(), version = version + 1,
    state = CASE WHEN assignee IS NULL THEN 'closed' ELSE state END,
    closed_at = CASE WHEN assignee IS NULL THEN now() END
  WHERE id = c.id;
  PERFORM gkm.case_audit(CASE WHEN c.assignee IS NULL THEN 'case.closed' ELSE 'case.noted' END, c, 'daemon', NULL,
    c.vendor_id, ARRAY['was', c.state]);
END $$;
GRANT EXECUTE ON FUNCTION gkm.settle_case(text, bigint, text) TO gkm_daemon;

CREATE OR REPLACE FUNCTION api.case_open(p_kind text, p_order text, p_priority text, p_text text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  told text := gkm.case_text(p_text);
  terms record := gkm.case_terms(p_kind);
  urgency text := coalesce(p_priority, terms.priority);
  ordered bigint;
  c gkm.support_case;
BEGIN
  IF p_kind IS NULL OR p_kind !~ '^[a-z][a-z_]{1,39}$' THEN
    RAISE EXCEPTION 'a kind is 2 to 40 lower-case letters and _, such as question or bad_key'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF urgency NOT IN ('urgent', 'high', 'normal', 'low') THEN
    RAISE EXCEPTION 'there is no priority %; there are urgent, high, normal and low', urgency
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_order IS NOT NULL THEN
    SELECT o.id INTO ordered FROM gkm.orders o WHERE o.number = p_order;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'there is no order %', p_order USING ERRCODE = 'no_data_found';
    END IF;
  END IF;
  INSERT INTO gkm.support_case (queue, kind, order_id, priority, due_at)
  VALUES (terms.queue, p_kind, ordered, urgency, now() + gkm.case_time(urgency)) RETURNING * INTO c;
  PERFORM gkm.case_say(c, 'internal', person_role, told);
  PERFORM gkm.case_audit('case.opened', c, person_role, NULL, NULL, ARRAY['queue', c.queue, 'priority', c.priority]);
  RETURN c.id;
END $$;

-- To work on a case oneself. A closed one is opened again by it.
CREATE OR REPLACE FUNCTION api.case_take(p_case bigint, p_version bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  c gkm.support_case := gkm.case_lock(p_case, coalesce(p_version, 0));
  me bigint := (SELECT p.id FROM gkm.person p WHERE p.role_name = session_user);
BEGIN
  IF c.state <> 'closed' AND c.assignee IS NOT NULL THEN
    RAISE EXCEPTION 'this case is taken by %', (SELECT p.role_name FROM gkm.person p WHERE p.id = c.assignee)
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.support_case SET assignee = me, closed_at = NULL, updated_at = now(), version = version + 1,
    state = CASE state WHEN 'waiting' THEN 'waiting' ELSE 'taken' END
  WHERE id = c.id;
  PERFORM gkm.case_audit('case.taken', c, person_role, NULL, NULL, ARRAY['was', c.state]);
  RETURN c.version + 1;
END $$;

-- Back into a queue: its own, or another.
CREATE OR REPLACE FUNCTION api.case_release(p_case bigint, p_version bigint, p_queue text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  c gkm.support_case := gkm.case_lock(p_case, coalesce(p_version, 0));
  target text := coalesce(p_queue, c.queue);
BEGIN
  IF target NOT IN ('support', 'ops', 'admin') THEN
    RAISE EXCEPTION 'there is no queue %; there are support, ops and admin', target
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF c.state = 'closed' THEN
    RAISE EXCEPTION 'this case is closed' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.support_case SET assignee = NULL, queue = target, updated_at = now(), version = version + 1,
    state = CASE state WHEN 'waiting' THEN 'waiting' ELSE 'open' END
  WHERE id = c.id;
  PERFORM gkm.case_audit('case.released', c, person_role, reason, NULL, ARRAY['queue', target]);
  RETURN c.version + 1;
END $$;

CREATE OR REPLACE FUNCTION api.case_assign(p_case bigint, p_version bigint, p_login text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  c gkm.support_case := gkm.case_lock(p_case, coalesce(p_version, 0));
  somebody bigint;
BEGIN
  SELECT p.id INTO somebody FROM gkm.person p
  WHERE p.role_name = p_login AND p.role IN ('support', 'ops', 'admin') AND p.disabled_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nobody of the staff signs in as %', p_login USING ERRCODE = 'no_data_found';
  END IF;
  IF c.state = 'closed' THEN
    RAISE EXCEPTION 'this case is closed' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.support_case SET assignee = somebody, updated_at = now(), version = version + 1,
    state = CASE state WHEN 'waiting' THEN 'waiting' ELSE 'taken' END
  WHERE id = c.id;
  PERFORM gkm.case_audit('case.assigned', c, person_role, reason, NULL, ARRAY['to', p_login]);
  RETURN c.version + 1;
END $$;

-- Among staff. It needs no version: it takes nothing away from what another did meanwhile.
CREATE OR REPLACE FUNCTION api.case_note(p_case bigint, p_text text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  told text := gkm.case_text(p_text);
  c gkm.support_case := gkm.case_lock(p_case, NULL);
BEGIN
  PERFORM gkm.case_say(c, 'internal', person_role, told);
  UPDATE gkm.support_case SET updated_at = now(), version = version + 1 WHERE id = c.id;
  PERFORM gkm.case_audit('case.noted', c, person_role, NULL, NULL, ARRAY['audience', 'internal']);
  RETURN c.version + 1;
END $$;

-- To the customer or to a vendor of the order: the case then waits for their answer.
CREATE OR REPLACE FUNCTION api.case_answer(
  p_case bigint, p_version bigint, p_audience text, p_vendor text, p_text text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  told text := gkm.case_text(p_text);
  c gkm.support_case := gkm.case_lock(p_case, coalesce(p_version, 0));
  spoken_to bigint;
BEGIN
  IF c.state = 'closed' THEN
    RAISE EXCEPTION 'this case is closed' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p_audience = 'vendor' THEN
    spoken_to := coalesce((SELECT v.id FROM gkm.vendor v WHERE v.handle = lower(p_vendor)), c.vendor_id);
    IF spoken_to IS NULL OR p_vendor IS NOT NULL AND NOT EXISTS (SELECT FROM gkm.vendor v WHERE v.handle = lower(p_vendor))
    THEN
      RAISE EXCEPTION 'there is no vendor %', coalesce(p_vendor, 'in this case yet: name one')
        USING ERRCODE = 'no_data_found';
    END IF;
    IF c.vendor_id <> spoken_to THEN
      RAISE EXCEPTION 'this case is another vendor''s: open one for this vendor'
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF c.order_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM gkm.vendor_order w WHERE w.order_id = c.order_id AND w.vendor_id = spoken_to)
    THEN
      RAISE EXCEPTION 'this vendor sold nothing of the case''s order' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
  ELSIF p_audience IS DISTINCT FROM 'customer' THEN
    RAISE EXCEPTION 'an answer goes to the customer or to a vendor' USING ERRCODE = 'invalid_parameter_value';
  ELSIF c.order_id IS NULL THEN
    RAISE EXCEPTION 'this case has no order, and so no customer' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.support_case SET state = 'waiting', audience = p_audience, vendor_id = coalesce(spoken_to, vendor_id),
    updated_at = now(), version = version + 1
  WHERE id = c.id RETURNING * INTO c;
  PERFORM gkm.case_say(c, p_audience, person_role, told);
  IF p_audience = 'customer' THEN
    PERFORM gkm.notice_add('case_answer', 'customer', 'case_answer/' || c.id || '/' || c.version, c.order_id, NULL,
      jsonb_build_object('answer', told), NULL, c.id);
  END IF;
  PERFORM gkm.case_audit('case.answered', c, person_role, NULL, spoken_to, ARRAY['audience', p_audience]);
  RETURN c.version;
END $$;

CREATE OR REPLACE FUNCTION api.case_close(p_case bigint, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  c gkm.support_case := gkm.case_lock(p_case, coalesce(p_version, 0));
BEGIN
  IF c.state = 'closed' THEN
    RAISE EXCEPTION 'this case is closed' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.support_case SET state = 'closed', closed_at = now(), updated_at = now(), version = version + 1
  WHERE id = c.id;
  PERFORM gkm.case_say(c, 'internal', person_role, reason);
  PERFORM gkm.case_audit('case.closed', c, person_role, reason, NULL, ARRAY['was', c.state]);
  RETURN c.version + 1;
END $$;

-- A vendor's answer in a case of their own. Another's is told apart from none by nobody.
CREATE OR REPLACE FUNCTION api.vendor_case_answer(p_case bigint, p_text text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor');
  told text := gkm.case_text(p_text);
  me bigint := api.my_vendor();
  c gkm.support_case;
BEGIN
  SELECT * INTO c FROM gkm.support_case WHERE id = p_case AND vendor_id = me FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no case %', p_case USING ERRCODE = 'no_data_found';
  END IF;
  IF c.state = 'closed' THEN
    RAISE EXCEPTION 'this case is closed' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.support_case SET updated_at = now(), version = version + 1,
    state = CASE WHEN state <> 'waiting' OR audience <> 'vendor' THEN state WHEN assignee IS NULL THEN 'open'
      ELSE 'taken' END
  WHERE id = c.id;
  PERFORM gkm.case_say(c, 'vendor', person_role, told);
  PERFORM gkm.case_audit('case.answered', c, person_role, NULL, me, ARRAY['audience', 'vendor']);
END $$;
RESET ROLE;

SET ROLE gkm_vendor_read;

-- What was said to and by the vendor in one case, oldest first.
DROP FUNCTION IF EXISTS api.vendor_case(bigint);
CREATE OR REPLACE FUNCTION api.vendor_case(p_case bigint) RETURNS TABLE (id bigint, row_data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET timezone = 'UTC' AS $$
DECLARE
  me bigint := api.my_vendor();
BEGIN
  IF me IS NULL THEN
    RAISE EXCEPTION 'permission denied: only a vendor may ask this' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
  SELECT m.id, jsonb_build_object('author_role', m.author_role, 'body', m.body, 'at', m.created_at)
  FROM gkm.support_case c JOIN gkm.case_message m ON m.case_id = c.id AND m.vendor_id = me
  WHERE c.id = p_case AND c.vendor_id = me
  ORDER BY m.id LIMIT 500;
END $$;
RESET ROLE;
