-- What vendors, and ops for them, say about where and of what they are told.
SET ROLE gkm_api;

-- Whose vendor it is: a vendor's own, whatever was asked for; staff names one, with a reason.
CREATE OR REPLACE FUNCTION gkm.demand_vendor(p_role text, p_vendor bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF p_role = 'vendor' THEN
    IF p_vendor IS NOT NULL AND p_vendor <> api.my_vendor() THEN
      RAISE EXCEPTION 'there is no vendor %', p_vendor USING ERRCODE = 'no_data_found';
    END IF;
    RETURN api.my_vendor();
  END IF;
  PERFORM gkm.demand_reason(p_reason);
  IF NOT EXISTS (SELECT FROM gkm.vendor v WHERE v.id = p_vendor) THEN
    RAISE EXCEPTION 'there is no vendor %', coalesce(p_vendor::text, 'named') USING ERRCODE = 'no_data_found';
  END IF;
  RETURN p_vendor;
END $$;

-- Locks an endpoint that the person may touch. `p_version` NULL: as it is.
CREATE OR REPLACE FUNCTION gkm.lock_webhook(p_role text, p_endpoint bigint, p_version bigint, p_reason text)
RETURNS gkm.webhook_endpoint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  e gkm.webhook_endpoint;
BEGIN
  SELECT * INTO e FROM gkm.webhook_endpoint w
  WHERE w.id = p_endpoint AND w.state <> 'removed' AND (p_role <> 'vendor' OR w.vendor_id = api.my_vendor())
  FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no webhook endpoint %', p_endpoint USING ERRCODE = 'no_data_found';
  END IF;
  IF p_role <> 'vendor' THEN PERFORM gkm.demand_reason(p_reason); END IF;
  IF e.version <> p_version THEN
    RAISE EXCEPTION 'this endpoint changed since it was shown: it is % now', e.state
      USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN e;
END $$;

CREATE OR REPLACE FUNCTION gkm.demand_webhook_url(p_url text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
BEGIN
  IF p_url IS NULL OR length(p_url) > 2048 OR p_url !~ '^https?://[!-~]+$' OR p_url ~ '^https?://[^/?#]*@'
    OR p_url ~ '#' THEN
    RAISE EXCEPTION 'an address is https://…, of at most 2048 characters, without a name, a password or a #'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION gkm.demand_events(p_events text[], p_least integer) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
DECLARE
  events text[] := ARRAY(SELECT DISTINCT e FROM unnest(p_events) AS e ORDER BY e);
BEGIN
  IF p_events IS NULL OR cardinality(events) < p_least
    OR NOT events <@ ARRAY['order.new', 'stock.low', 'dispute.opened'] THEN
    RAISE EXCEPTION 'the events are order.new, stock.low and dispute.opened' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN events;
END $$;

CREATE OR REPLACE FUNCTION api.webhook_add(p_vendor bigint, p_url text, p_events text[], p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  vendor bigint := gkm.demand_vendor(person_role, p_vendor, p_reason);
  events text[] := gkm.demand_events(p_events, 1);
  endpoint bigint;
BEGIN
  PERFORM gkm.demand_webhook_url(p_url);
  PERFORM 1 FROM gkm.vendor v WHERE v.id = vendor FOR UPDATE;
  IF (SELECT count(*) FROM gkm.webhook_endpoint e WHERE e.vendor_id = vendor AND e.state <> 'removed') >= 10 THEN
    RAISE EXCEPTION 'a vendor has 10 webhook endpoints at most' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.webhook_endpoint (vendor_id, url, events) VALUES (vendor, p_url, events) RETURNING id INTO endpoint;
  INSERT INTO gkm.webhook_health (endpoint_id, vendor_id) VALUES (endpoint, vendor);
  PERFORM gkm.audit('webhook.added', 'webhook', endpoint::text, NULL, NULL, vendor, person_role, btrim(p_reason),
    ARRAY['url', p_url, 'events', array_to_string(events, ' ')]);
  RETURN endpoint;
END $$;

-- Another address or other events; NULL leaves what there is.
CREATE OR REPLACE FUNCTION api.webhook_change(
  p_endpoint bigint, p_version bigint, p_url text, p_events text[], p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  e gkm.webhook_endpoint := gkm.lock_webhook(person_role, p_endpoint, coalesce(p_version, 0), p_reason);
  new_url text := coalesce(p_url, e.url);
  new_events text[] := gkm.demand_events(coalesce(p_events, e.events), 1);
BEGIN
  PERFORM gkm.demand_webhook_url(new_url);
  UPDATE gkm.webhook_endpoint w
  SET url = new_url, events = new_events, updated_at = now(), version = w.version + 1 WHERE w.id = e.id;
  PERFORM gkm.audit('webhook.changed', 'webhook', e.id::text, NULL, NULL, e.vendor_id, person_role, btrim(p_reason),
    ARRAY['url', new_url, 'was_url', e.url, 'events', array_to_string(new_events, ' '), 'was_events',
      array_to_string(e.events, ' ')]);
  RETURN e.version + 1;
END $$;

-- A new secret; the one before signs beside it for so many hours.
CREATE OR REPLACE FUNCTION api.webhook_rotate(
  p_endpoint bigint, p_version bigint, p_overlap_hours integer, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  e gkm.webhook_endpoint := gkm.lock_webhook(person_role, p_endpoint, coalesce(p_version, 0), p_reason);
BEGIN
  IF p_overlap_hours IS NULL OR p_overlap_hours NOT BETWEEN 0 AND 168 THEN
    RAISE EXCEPTION 'the old secret may sign for 0 to 168 hours more' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE gkm.webhook_endpoint w
  SET generation = w.generation + 1, updated_at = now(), version = w.version + 1,
    previous_until = CASE WHEN p_overlap_hours > 0 THEN now() + make_interval(hours => p_overlap_hours) END
  WHERE w.id = e.id;
  PERFORM gkm.audit('webhook.rotated', 'webhook', e.id::text, NULL, NULL, e.vendor_id, person_role, btrim(p_reason),
    ARRAY['generation', (e.generation + 1)::text, 'overlap_hours', p_overlap_hours::text]);
  RETURN e.version + 1;
END $$;

-- active, disabled or removed. What an endpoint failed at before is forgotten when it is enabled.
CREATE OR REPLACE FUNCTION api.webhook_state(p_endpoint bigint, p_version bigint, p_state text, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  e gkm.webhook_endpoint := gkm.lock_webhook(person_role, p_endpoint, coalesce(p_version, 0), p_reason);
  action text := CASE p_state WHEN 'active' THEN 'webhook.enabled' WHEN 'disabled' THEN 'webhook.disabled'
    WHEN 'removed' THEN 'webhook.removed' END;
BEGIN
  IF action IS NULL THEN
    RAISE EXCEPTION 'an endpoint is active, disabled or removed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE gkm.webhook_endpoint w
  SET state = p_state, updated_at = now(), version = w.version + 1,
    disabled_reason = CASE WHEN p_state = 'disabled' THEN coalesce(btrim(p_reason), 'by the vendor') END
  WHERE w.id = e.id;
  IF p_state = 'active' THEN
    UPDATE gkm.webhook_health SET breaker = 'closed', until = NULL, failures = 0, failing_since = NULL
    WHERE endpoint_id = e.id;
  END IF;
  PERFORM gkm.audit(action, 'webhook', e.id::text, NULL, NULL, e.vendor_id, person_role, btrim(p_reason),
    ARRAY['was', e.state]);
  RETURN e.version + 1;
END $$;

-- Sends an event of no meaning to an endpoint; answers the notice, of which api.webhook_result tells the rest.
CREATE OR REPLACE FUNCTION api.webhook_test(p_endpoint bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  e gkm.webhook_endpoint := gkm.lock_webhook(person_role, p_endpoint, NULL, p_reason);
  notice bigint;
BEGIN
  IF e.state <> 'active' THEN
    RAISE EXCEPTION 'an endpoint that is % is not called', e.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF (SELECT count(*) FROM gkm.notice n WHERE n.endpoint_id = e.id AND n.template = 'webhook_test'
      AND n.created_at > now() - interval '1 minute') >= 10 THEN
    RAISE EXCEPTION 'an endpoint is tried 10 times a minute at most' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.notice (audience, channel, template, dedupe, vendor_id, endpoint_id, locale, data, next_attempt_at)
  VALUES ('vendor', 'webhook', 'webhook_test', 'webhook_test/' || e.id || '/' || gen_random_uuid(), e.vendor_id, e.id,
    'en', jsonb_build_object('endpoint', e.id::text), now())
  RETURNING id INTO notice;
  INSERT INTO gkm.job (kind, subject, priority) VALUES ('notify', notice::text, 0);
  PERFORM gkm.audit('webhook.tested', 'webhook', e.id::text, NULL, NULL, e.vendor_id, person_role, btrim(p_reason),
    ARRAY['notice', notice::text]);
  RETURN notice;
END $$;

-- What became of a notice to an endpoint.
DROP FUNCTION IF EXISTS api.webhook_result(bigint);
CREATE FUNCTION api.webhook_result(p_notice bigint, OUT state text, OUT attempts integer, OUT reply text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
BEGIN
  SELECT n.state, n.attempts, n.last_reply::text
  INTO webhook_result.state, webhook_result.attempts, webhook_result.reply
  FROM gkm.notice n
  WHERE n.id = p_notice AND n.channel = 'webhook' AND (person_role <> 'vendor' OR n.vendor_id = api.my_vendor());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no notice %', p_notice USING ERRCODE = 'no_data_found';
  END IF;
END $$;

-- The endpoints that the person may see: a vendor's own, all for staff.
DROP FUNCTION IF EXISTS api.webhooks(bigint);
CREATE FUNCTION api.webhooks(p_vendor bigint)
RETURNS TABLE (id bigint, vendor text, url text, events text[], state text, breaker text, failures integer,
  until timestamptz, last_reply text, last_success_at timestamptz, last_failure_at timestamptz,
  previous_until timestamptz, disabled_reason text, version bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  wanted bigint := CASE WHEN person_role = 'vendor' THEN api.my_vendor() ELSE p_vendor END;
BEGIN
  RETURN QUERY
  SELECT e.id, v.handle, e.url, e.events, e.state, h.breaker, h.failures, h.until, h.last_reply::text,
    h.last_success_at, h.last_failure_at, e.previous_until, e.disabled_reason::text, e.version
  FROM gkm.webhook_endpoint e
  JOIN gkm.vendor v ON v.id = e.vendor_id
  JOIN gkm.webhook_health h ON h.endpoint_id = e.id
  WHERE e.state <> 'removed' AND (wanted IS NULL OR e.vendor_id = wanted)
  ORDER BY e.vendor_id, e.id LIMIT 1000;
END $$;

-- Asks for an endpoint's secret: a daemon seals it to the key that the person's program made for this one answer.
CREATE OR REPLACE FUNCTION api.webhook_secret(p_endpoint bigint, p_public_key bytea, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  e gkm.webhook_endpoint := gkm.lock_webhook(person_role, p_endpoint, NULL, p_reason);
  request bigint;
BEGIN
  IF (SELECT count(*) FROM gkm.webhook_secret_request r WHERE r.requested_by = session_user) >= 20 THEN
    RAISE EXCEPTION 'too many secrets were asked for in the last minutes'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.webhook_secret_request (endpoint_id, vendor_id, public_key, requested_by)
  VALUES (e.id, e.vendor_id, p_public_key, session_user) RETURNING id INTO request;
  INSERT INTO gkm.job (kind, subject, priority) VALUES ('webhook_secret', request::text, 0);
  PERFORM gkm.audit('webhook.secret.requested', 'webhook', e.id::text, NULL, NULL, e.vendor_id, person_role,
    btrim(p_reason), ARRAY['request', request::text, 'generation', e.generation::text]);
  RETURN request;
END $$;

-- The sealed answer to one's own request; NULL while there is none.
CREATE OR REPLACE FUNCTION api.webhook_secret_answer(p_request bigint) RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  answer bytea;
BEGIN
  PERFORM gkm.demand_role('vendor', 'ops', 'admin');
  SELECT r.sealed INTO answer FROM gkm.webhook_secret_request r
  WHERE r.id = p_request AND r.requested_by = session_user;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such request' USING ERRCODE = 'no_data_found';
  END IF;
  RETURN answer;
END $$;

-- Where a vendor is mailed, in which language, and of what; NULL leaves what there is.
CREATE OR REPLACE FUNCTION api.vendor_contact(
  p_vendor bigint, p_email text, p_locale text, p_events text[], p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  whose bigint := gkm.demand_vendor(person_role, p_vendor, p_reason);
  events text[];
  v gkm.vendor;
BEGIN
  IF p_email IS NOT NULL AND (length(p_email) > 254 OR p_email !~ '^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$') THEN
    RAISE EXCEPTION 'that is no e-mail address' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_locale IS NOT NULL AND p_locale !~ '^[a-z]{2}(-[A-Z]{2})?$' THEN
    RAISE EXCEPTION 'a language is en, es or es-MX' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_events IS NOT NULL THEN events := gkm.demand_events(p_events, 0); END IF;
  SELECT * INTO v FROM gkm.vendor WHERE id = whose FOR UPDATE;
  UPDATE gkm.vendor
  SET contact_email = coalesce(p_email, contact_email), locale = coalesce(p_locale, locale),
    mail_events = coalesce(events, mail_events), version = version + 1
  WHERE id = whose;
  PERFORM gkm.audit('vendor.changed', 'vendor', whose::text, NULL, NULL, whose, person_role, btrim(p_reason),
    ARRAY['address', CASE WHEN p_email <> v.contact_email::text THEN 'changed' END, 'locale', p_locale,
      'mail_events', array_to_string(events, ' '), 'was_mail_events', array_to_string(v.mail_events, ' ')]);
  RETURN v.version + 1;
END $$;

-- From how many keys on a vendor is told that a listing runs out; 0: never.
CREATE OR REPLACE FUNCTION api.stock_threshold(p_listing bigint, p_threshold integer, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('vendor', 'ops', 'admin');
  l gkm.listing;
BEGIN
  IF person_role <> 'vendor' THEN PERFORM gkm.demand_reason(p_reason); END IF;
  IF p_threshold IS NULL OR p_threshold NOT BETWEEN 0 AND 1000000 THEN
    RAISE EXCEPTION 'a threshold is 0 to 1000000 keys' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT * INTO l FROM gkm.listing WHERE id = p_listing AND (person_role <> 'vendor' OR vendor_id = api.my_vendor())
  FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no listing %', p_listing USING ERRCODE = 'no_data_found';
  END IF;
  UPDATE gkm.listing SET low_stock = p_threshold, version = version + 1 WHERE id = l.id;
  PERFORM gkm.audit('stock.threshold.changed', 'listing', l.id::text, NULL, NULL, l.vendor_id, person_role,
    btrim(p_reason), ARRAY['threshold', p_threshold::text, 'was', l.low_stock::text]);
  RETURN l.version + 1;
END $$;
RESET ROLE;
