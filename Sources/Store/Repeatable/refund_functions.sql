-- Refunds: what may be given back, who has to agree, and the request that the daemon carries out. Written anew whenever
-- this text changes.
SET ROLE gkm_api;

-- Each payment of an order that went through, with what went back of it and what open requests will still take.
DROP FUNCTION IF EXISTS gkm.payment_standing(bigint);
CREATE FUNCTION gkm.payment_standing(p_order bigint)
RETURNS TABLE (intent text, received bigint, refunded bigint, asked bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  WITH p AS (
    SELECT t.facts, t.received, t.refunded, i.key AS intent, i.value AS fact, count(*) OVER () AS payments
    FROM gkm.payment t CROSS JOIN LATERAL jsonb_each(t.facts -> 'intents') i
    WHERE t.order_id = p_order AND t.facts ? 'intents' AND (i.value ->> 'succeeded')::boolean
  )
  SELECT p.intent,
    CASE WHEN p.payments = 1 THEN coalesce(p.received, 0)::bigint ELSE coalesce((
      SELECT max((m.value ->> 'amount')::bigint) FROM jsonb_array_elements(p.fact -> 'received') m), 0) END,
    CASE WHEN p.payments = 1 THEN p.refunded::bigint ELSE coalesce((
      SELECT sum((f.value ->> 'amount')::bigint) FROM jsonb_each(p.facts -> 'refunds') f
      WHERE p.facts ? 'refunds' AND f.value ->> 'status' NOT IN ('failed', 'canceled')
        AND (f.value ->> 'paymentIntent' = p.intent OR f.value ->> 'charge' = p.fact ->> 'charge')), 0)::bigint END,
    coalesce((
      SELECT sum(r.amount) FROM gkm.refund_request r
      WHERE r.order_id = p_order AND r.payment_intent = p.intent
        AND r.state IN ('awaiting_approval', 'approved', 'sending')), 0)::bigint
  FROM p
$$;

-- What a refund would be: {payment, scope, amount, currency, left, units: [{id, position, line, title, vendor, amount,
-- key, delivery}], lines: [{line, title, vendor, amount}]}. Changes nothing; refuses what cannot be. Amounts are minor
-- units. `p_units` are ids of order_unit.
CREATE OR REPLACE FUNCTION gkm.refund_plan(
  p_order bigint, p_scope text, p_units bigint[], p_amount bigint, p_payment text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  o record;
  pay record;
  standing integer;
  remaining bigint;
  taken bigint[];
  amount bigint;
  scope text := p_scope;
  bad text;
  step bigint;
BEGIN
  SELECT orders.state, orders.currency, orders.paid_at INTO o FROM gkm.orders WHERE id = p_order;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no order %', p_order USING ERRCODE = 'no_data_found';
  END IF;
  IF o.paid_at IS NULL THEN
    RAISE EXCEPTION 'nothing was paid for this order: it is %', o.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF o.state IN ('disputed', 'charged_back') THEN
    RAISE EXCEPTION 'an order that is % cannot be refunded: the money is with the customer''s bank', o.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  -- Which payment: the only one of which something is left, unless one is named.
  SELECT count(*) INTO standing FROM gkm.payment_standing(p_order) s WHERE s.received > s.refunded;
  IF p_payment IS NOT NULL THEN
    SELECT * INTO pay FROM gkm.payment_standing(p_order) s WHERE s.intent = p_payment;
    IF NOT FOUND THEN
      RAISE EXCEPTION '% is no payment of this order that went through', left(p_payment, 64)
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
  ELSIF standing > 1 THEN
    SELECT string_agg(s.intent, ', ' ORDER BY s.intent) INTO bad
    FROM gkm.payment_standing(p_order) s WHERE s.received > s.refunded;
    RAISE EXCEPTION 'this order was paid % times (%): say which payment is to be refunded', standing, bad
      USING ERRCODE = 'invalid_parameter_value';
  ELSE
    SELECT * INTO pay FROM gkm.payment_standing(p_order) s WHERE s.received > s.refunded;
  END IF;
  remaining := coalesce(pay.received - pay.refunded - pay.asked, 0);
  IF remaining <= 0 THEN
    RAISE EXCEPTION 'nothing is left to give back: all that was received is refunded or asked for'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  -- Which units. One of several payments is a surplus: the keys belong to the other.
  CASE scope
  WHEN 'whole' THEN
    amount := remaining;
    taken := CASE WHEN standing = 1 THEN gkm.refundable_units(p_order) ELSE '{}' END;
  WHEN 'units' THEN
    IF coalesce(cardinality(p_units), 0) = 0 THEN
      RAISE EXCEPTION 'say which units are to be refunded' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF standing > 1 THEN
      RAISE EXCEPTION 'of an order that was paid % times one payment is refunded first', standing
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT string_agg(u::text, ', ') INTO bad FROM unnest(p_units) u WHERE u <> ALL (gkm.refundable_units(p_order));
    IF bad IS NOT NULL THEN
      RAISE EXCEPTION 'not every unit can be refunded: % is no unit of this order, or is refunded or asked for', bad
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT array_agg(DISTINCT u ORDER BY u) INTO taken FROM unnest(p_units) u;
    SELECT sum(l.unit_price) INTO amount
    FROM gkm.order_unit u JOIN gkm.order_line l ON l.id = u.order_line_id WHERE u.id = ANY (taken);
  WHEN 'amount' THEN
    amount := p_amount;
    taken := '{}';
  ELSE
    RAISE EXCEPTION 'a refund is whole, of units or of an amount' USING ERRCODE = 'invalid_parameter_value';
  END CASE;
  step := CASE WHEN o.currency IN ('bhd', 'jod', 'kwd', 'omr', 'tnd') THEN 10
    WHEN o.currency IN ('ugx', 'isk') THEN 100 ELSE 1 END;
  IF coalesce(amount, 0) <= 0 THEN
    RAISE EXCEPTION 'an amount above zero is needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF amount % step <> 0 THEN
    RAISE EXCEPTION 'an amount in % is a multiple of % minor units', upper(o.currency), step
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF amount > remaining THEN
    RAISE EXCEPTION '% is more than the % minor units of % that are left to give back', amount, remaining,
      upper(o.currency) USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  -- What gives the last of it back takes every key back with it.
  IF amount = remaining AND pay.asked = 0 AND standing = 1 THEN
    scope := 'whole';
    taken := gkm.refundable_units(p_order);
  END IF;

  RETURN jsonb_build_object(
    'payment', pay.intent, 'scope', scope, 'amount', amount, 'currency', o.currency, 'left', remaining - amount)
    || gkm.refund_shares(p_order, amount, taken);
END $$;

-- The units that can still be refunded: sold, and in no request that lives.
CREATE OR REPLACE FUNCTION gkm.refundable_units(p_order bigint) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT coalesce(array_agg(u.id ORDER BY u.id), '{}') FROM gkm.order_unit u
  WHERE u.order_id = p_order AND u.state = 'sold'
    AND NOT EXISTS (SELECT FROM gkm.refund_request_unit r WHERE r.order_unit_id = u.id AND r.live)
$$;

-- An amount over units by their prices, or over all lines where it is for none; the last takes what rounding leaves.
CREATE OR REPLACE FUNCTION gkm.refund_shares(p_order bigint, p_amount bigint, p_units bigint[]) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  WITH part AS (
    SELECT u.id AS unit, l.id AS line, l.unit_price::bigint AS price
    FROM gkm.order_unit u JOIN gkm.order_line l ON l.id = u.order_line_id
    WHERE u.order_id = p_order AND u.id = ANY (p_units)
    UNION ALL
    SELECT NULL, l.id, (l.unit_price * l.quantity)::bigint FROM gkm.order_line l
    WHERE l.order_id = p_order AND cardinality(p_units) = 0
  ), share AS (
    SELECT unit, line, price,
      floor(p_amount::numeric * price / nullif(sum(price) OVER (), 0))::bigint AS amount,
      row_number() OVER (ORDER BY line DESC, unit DESC) = 1 AS is_last
    FROM part
  ), exact AS (
    SELECT unit, line,
      CASE WHEN is_last THEN p_amount - (coalesce(sum(amount) OVER (), 0) - coalesce(amount, 0))
        ELSE coalesce(amount, 0) END AS amount
    FROM share
  )
  SELECT jsonb_build_object(
    'units', coalesce((
      SELECT jsonb_agg(jsonb_build_object(
        'id', e.unit, 'position', (SELECT count(*) FROM gkm.order_unit x WHERE x.order_id = p_order AND x.id <= e.unit),
        'line', e.line, 'title', l.title, 'vendor', v.handle, 'amount', e.amount, 'key', a.stock_unit_id,
        'delivery', d.state) ORDER BY e.unit)
      FROM exact e
      JOIN gkm.order_line l ON l.id = e.line
      JOIN gkm.vendor v ON v.id = l.vendor_id
      LEFT JOIN gkm.assignment a ON a.order_unit_id = e.unit AND a.active
      LEFT JOIN gkm.delivery d ON d.order_unit_id = e.unit AND d.channel = 'email'
      WHERE e.unit IS NOT NULL), '[]'),
    'lines', coalesce((
      SELECT jsonb_agg(jsonb_build_object('line', l.id, 'title', l.title, 'vendor', v.handle, 'amount', e.amount)
        ORDER BY l.id)
      FROM (SELECT line, sum(amount) AS amount FROM exact GROUP BY line) e
      JOIN gkm.order_line l ON l.id = e.line JOIN gkm.vendor v ON v.id = l.vendor_id), '[]'))
$$;

-- How many people who may refund have to agree, beside whoever asks. Up to the limit ops and admins decide alone and
-- support needs one of them; above it two of them stand behind every refund. What an order has had or is asked for
-- counts, so that no amount is split under the limit. The daemon gives back only what was never delivered.
CREATE OR REPLACE FUNCTION gkm.refund_approvals(p_order bigint, p_amount bigint, p_currency text, p_role text)
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT CASE WHEN p_role = 'daemon' THEN 0
    ELSE (p_role = 'support')::integer + (
      p_amount + coalesce((
        SELECT sum(r.amount) FROM gkm.refund_request r
        WHERE r.order_id = p_order AND r.state NOT IN ('failed', 'rejected', 'cancelled')), 0)
      > coalesce((SELECT s.value::bigint FROM gkm.setting s WHERE s.name = 'refund.limit.' || p_currency), 0)
    )::integer END
$$;

-- The inner door: makes a request of the signed-in person, or of the daemon, and answers its id. Waits for the order's
-- row, so that requests, payments and deliveries of one order come one after another. `p_units`: ids of order_unit.
CREATE OR REPLACE FUNCTION gkm.create_refund_request(
  p_order bigint, p_reason text, p_scope text DEFAULT 'whole', p_units bigint[] DEFAULT NULL,
  p_amount bigint DEFAULT NULL, p_payment text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  reason text := gkm.demand_reason(p_reason);
  as_role text := coalesce(
    (SELECT gkm.acting_role(p) FROM gkm.person p WHERE p.role_name = session_user), 'daemon');
  plan jsonb;
  needed integer;
  request bigint;
  order_number text;
BEGIN
  SELECT number INTO order_number FROM gkm.orders WHERE id = p_order FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM gkm.refund_request r WHERE r.order_id = p_order) >= 500 THEN
    RAISE EXCEPTION 'this order has 500 refund requests already: no more are taken'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  plan := gkm.refund_plan(p_order, p_scope, p_units, p_amount, p_payment);
  needed := gkm.refund_approvals(p_order, (plan ->> 'amount')::bigint, plan ->> 'currency', as_role);
  INSERT INTO gkm.refund_request (
    order_id, payment_intent, scope, amount, currency, reason, state, approvals_needed, requested_as)
  VALUES (p_order, plan ->> 'payment', plan ->> 'scope', (plan ->> 'amount')::bigint, plan ->> 'currency', reason,
    'awaiting_approval', needed, as_role)
  RETURNING id INTO request;
  INSERT INTO gkm.refund_request_unit (request_id, order_unit_id, amount)
  SELECT request, (u.value ->> 'id')::bigint, (u.value ->> 'amount')::bigint
  FROM jsonb_array_elements(plan -> 'units') u;
  UPDATE gkm.orders SET version = version + 1 WHERE id = p_order;
  PERFORM gkm.audit(
    'refund.requested', 'refund_request', request::text, p_order, order_number, NULL, as_role, reason,
    ARRAY['amount', plan ->> 'amount', 'currency', plan ->> 'currency', 'scope', plan ->> 'scope',
      'payment_intent', plan ->> 'payment', 'approvals_needed', needed::text,
      'order_units', (SELECT string_agg(u.value ->> 'id', ' ') FROM jsonb_array_elements(plan -> 'units') u)]);
  IF needed = 0 THEN PERFORM gkm.release_refund(request); END IF;
  RETURN request;
END $$;

-- From here on the daemon carries it out. Its units are held back: not sent and not shown until it is known whether the
-- money goes.
CREATE OR REPLACE FUNCTION gkm.release_refund(p_request bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  r gkm.refund_request;
BEGIN
  UPDATE gkm.refund_request SET state = 'approved', decided_at = now(), updated_at = now(), version = version + 1
  WHERE id = p_request AND state = 'awaiting_approval' RETURNING * INTO STRICT r;
  IF EXISTS (
    SELECT FROM gkm.payment_standing(r.order_id) s
    WHERE s.intent = r.payment_intent AND s.refunded + s.asked > s.received)
  THEN
    RAISE EXCEPTION 'this refund would give back more than was received: some of it went back meanwhile'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.order_unit u SET state = 'refunding'
  FROM gkm.refund_request_unit x WHERE x.request_id = p_request AND x.order_unit_id = u.id AND u.state = 'sold';
  INSERT INTO gkm.job (kind, subject) VALUES ('refund', p_request::text);
END $$;

-- Ends a request that Stripe never heard of: its units are free again, and their order is looked at once more.
CREATE OR REPLACE FUNCTION gkm.end_refund(p_request bigint, p_state text, p_problem text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  freed integer;
  about text;
BEGIN
  UPDATE gkm.refund_request
  SET state = p_state, problem = p_problem, decided_at = coalesce(decided_at, now()), updated_at = now(),
    version = version + 1
  WHERE id = p_request RETURNING order_id::text INTO about;
  UPDATE gkm.refund_request_unit SET live = false WHERE request_id = p_request;
  UPDATE gkm.order_unit u SET state = 'sold'
  FROM gkm.refund_request_unit x WHERE x.request_id = p_request AND x.order_unit_id = u.id AND u.state = 'refunding';
  GET DIAGNOSTICS freed = ROW_COUNT;
  IF freed > 0 THEN
    UPDATE gkm.job SET run_at = now() WHERE kind = 'restock' AND subject = about AND lease_token IS NULL;
    IF NOT FOUND THEN
      INSERT INTO gkm.job (kind, subject) VALUES ('restock', about);
    END IF;
  END IF;
END $$;

GRANT EXECUTE ON FUNCTION gkm.payment_standing(bigint), gkm.create_refund_request(bigint, text, text, bigint[], bigint, text),
  gkm.end_refund(bigint, text, text) TO gkm_daemon;

-- What people call -------------------------------------------------------------------------------------------------

-- Asks for a refund, or with `p_dry_run` only says what it would be. `p_units` are places in the order, from 1.
CREATE OR REPLACE FUNCTION api.request_refund(
  p_order bigint, p_version bigint, p_scope text, p_units integer[], p_amount bigint, p_payment text, p_reason text,
  p_dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  plan jsonb;
  units bigint[];
  missing text;
  o_version bigint;
  o_state text;
  request bigint;
BEGIN
  IF coalesce(cardinality(p_units), 0) > 1000 THEN
    RAISE EXCEPTION 'at most 1000 units are refunded at once' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT coalesce(p_dry_run, false) THEN
    PERFORM gkm.demand_reason(p_reason);
    SELECT version, state INTO o_version, o_state FROM gkm.orders WHERE id = p_order FOR NO KEY UPDATE;
    IF FOUND AND o_version IS DISTINCT FROM p_version THEN
      RAISE EXCEPTION 'this order changed since it was shown: it is % now', o_state
        USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
  IF p_units IS NOT NULL THEN
    SELECT array_agg(n.id), string_agg(w.place::text, ', ' ORDER BY w.place) FILTER (WHERE n.id IS NULL)
    INTO units, missing
    FROM unnest(p_units) AS w (place)
    LEFT JOIN (
      SELECT u.id, row_number() OVER (ORDER BY u.id) AS place FROM gkm.order_unit u WHERE u.order_id = p_order
    ) n ON n.place = w.place;
    IF missing IS NOT NULL THEN
      RAISE EXCEPTION 'this order has no unit %', missing USING ERRCODE = 'invalid_parameter_value';
    END IF;
  END IF;
  plan := gkm.refund_plan(p_order, p_scope, units, p_amount, p_payment);
  plan := plan || jsonb_build_object('approvals_needed',
    gkm.refund_approvals(p_order, (plan ->> 'amount')::bigint, plan ->> 'currency', person_role));
  IF NOT coalesce(p_dry_run, false) THEN
    request := gkm.create_refund_request(p_order, p_reason, p_scope, units, p_amount, p_payment);
    plan := plan || (
      SELECT jsonb_build_object('request', r.id, 'state', r.state, 'version', r.version)
      FROM gkm.refund_request r WHERE r.id = request);
  END IF;
  RETURN plan;
END $$;

-- The request for a decision, with its order locked first, as everywhere.
CREATE OR REPLACE FUNCTION gkm.refund_to_decide(p_request bigint, p_version bigint) RETURNS gkm.refund_request
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  r gkm.refund_request;
BEGIN
  PERFORM 1 FROM gkm.orders WHERE id = (SELECT q.order_id FROM gkm.refund_request q WHERE q.id = p_request)
  FOR NO KEY UPDATE;
  SELECT * INTO r FROM gkm.refund_request WHERE id = p_request FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no refund request %', p_request USING ERRCODE = 'no_data_found';
  END IF;
  IF r.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this refund request changed since it was shown: it is % now', r.state
      USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN r;
END $$;

CREATE OR REPLACE FUNCTION gkm.decide_refund(p_request bigint, p_version bigint, p_decision text, p_reason text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  r gkm.refund_request := gkm.refund_to_decide(p_request, p_version);
  agreed integer;
BEGIN
  IF r.state <> 'awaiting_approval' THEN
    RAISE EXCEPTION 'a refund request that is % waits for nobody''s decision', r.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF r.requested_by = session_user THEN
    RAISE EXCEPTION 'permission denied: whoever asks for a refund does not decide on it'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF EXISTS (SELECT FROM gkm.refund_approval a WHERE a.request_id = r.id AND a.person = session_user) THEN
    RAISE EXCEPTION 'you have agreed to this refund already: a second person is needed'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.refund_approval (request_id, requested_by, role, decision, reason)
  VALUES (r.id, r.requested_by, person_role, p_decision, reason);
  SELECT count(*) INTO agreed FROM gkm.refund_approval a WHERE a.request_id = r.id AND a.decision = 'approved';
  PERFORM gkm.audit(
    'refund.' || p_decision, 'refund_request', r.id::text, r.order_id,
    (SELECT o.number FROM gkm.orders o WHERE o.id = r.order_id), NULL, person_role, reason,
    ARRAY['amount', r.amount::text, 'currency', r.currency::text, 'approvals', agreed::text,
      'approvals_needed', r.approvals_needed::text]);
  IF p_decision = 'rejected' THEN
    PERFORM gkm.end_refund(r.id, 'rejected', reason);
  ELSIF agreed >= r.approvals_needed THEN
    PERFORM gkm.release_refund(r.id);
  ELSE
    UPDATE gkm.refund_request SET updated_at = now(), version = version + 1 WHERE id = r.id;
  END IF;
  UPDATE gkm.orders SET version = version + 1 WHERE id = r.order_id;
  RETURN (SELECT q.state FROM gkm.refund_request q WHERE q.id = r.id);
END $$;

CREATE OR REPLACE FUNCTION api.approve_refund(p_request bigint, p_version bigint, p_reason text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  SELECT gkm.decide_refund(p_request, p_version, 'approved', p_reason)
$$;

CREATE OR REPLACE FUNCTION api.reject_refund(p_request bigint, p_version bigint, p_reason text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  SELECT gkm.decide_refund(p_request, p_version, 'rejected', p_reason)
$$;

-- Takes a request back before Stripe hears of it: whoever asked may, and who may refund.
CREATE OR REPLACE FUNCTION api.cancel_refund(p_request bigint, p_version bigint, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  r gkm.refund_request := gkm.refund_to_decide(p_request, p_version);
BEGIN
  IF person_role = 'support' AND r.requested_by <> session_user THEN
    RAISE EXCEPTION 'permission denied: support cancels only what it asked for itself'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF r.state NOT IN ('awaiting_approval', 'approved') THEN
    RAISE EXCEPTION 'a refund request that is % cannot be cancelled', r.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM gkm.end_refund(r.id, 'cancelled', reason);
  UPDATE gkm.orders SET version = version + 1 WHERE id = r.order_id;
  PERFORM gkm.audit(
    'refund.cancelled', 'refund_request', r.id::text, r.order_id,
    (SELECT o.number FROM gkm.orders o WHERE o.id = r.order_id), NULL, person_role, reason,
    ARRAY['amount', r.amount::text, 'currency', r.currency::text, 'was', r.state]);
  RETURN 'cancelled';
END $$;

-- Settings ---------------------------------------------------------------------------------------------------------

-- The names there are, and what each may be.
CREATE OR REPLACE FUNCTION gkm.demand_setting(p_name text, p_value text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF p_name ~ '^refund\.limit\.[a-z]{3}$' THEN
    IF p_value IS NULL OR p_value !~ '^(0|[1-9][0-9]{0,13})$' THEN
      RAISE EXCEPTION '% is a whole number of minor units, from 0', p_name USING ERRCODE = 'invalid_parameter_value';
    END IF;
  ELSIF p_name IN ('reveal.hourly_limit', 'reveal.alone', 'reveal.find_limit') THEN
    IF p_value IS NULL OR p_value !~ '^(0|[1-9][0-9]{0,4})$' THEN
      RAISE EXCEPTION '% is a whole number from 0 to 99999', p_name USING ERRCODE = 'invalid_parameter_value';
    END IF;
  ELSE
    RAISE EXCEPTION 'there is no setting %; there are refund.limit.<currency>, reveal.hourly_limit, reveal.alone and reveal.find_limit',
      left(p_name, 64)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
END $$;

-- Sets one; `p_version` is that of the value it replaces, 0 where there is none yet. Answers the new version.
CREATE OR REPLACE FUNCTION api.set_setting(p_name text, p_value text, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  was gkm.setting;
BEGIN
  PERFORM gkm.demand_setting(p_name, p_value);
  SELECT * INTO was FROM gkm.setting WHERE name = p_name FOR NO KEY UPDATE;
  IF coalesce(was.version, 0) IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this setting changed since it was shown: it is % now', coalesce(was.value, 'not set')
      USING ERRCODE = 'serialization_failure';
  END IF;
  IF was.name IS NULL THEN
    INSERT INTO gkm.setting (name, value) VALUES (p_name, p_value);
  ELSE
    UPDATE gkm.setting SET value = p_value, version = version + 1, changed_by = session_user, changed_at = now()
    WHERE name = p_name;
  END IF;
  PERFORM gkm.audit(
    'setting.changed', 'setting', p_name, NULL, NULL, NULL, person_role, reason,
    ARRAY['was', was.value::text, 'value', p_value]);
  RETURN coalesce(was.version, 0) + 1;
END $$;

-- Whoever writes the row: no refund is released or sent that fewer than the needed people agreed to.
CREATE OR REPLACE FUNCTION gkm.demand_approvals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF NEW.state IN ('approved', 'sending') AND NEW.approvals_needed > (
    SELECT count(*) FROM gkm.refund_approval a WHERE a.request_id = NEW.id AND a.decision = 'approved')
  THEN
    RAISE EXCEPTION 'refund request % has too few approvals', NEW.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'demand_approvals', TABLE = 'refund_request';
  END IF;
  RETURN NEW;
END $$;
GRANT EXECUTE ON FUNCTION gkm.demand_approvals() TO gkm_owner;
RESET ROLE;

SET ROLE gkm_owner;
DROP TRIGGER IF EXISTS demand_approvals ON gkm.refund_request;
CREATE TRIGGER demand_approvals BEFORE INSERT OR UPDATE ON gkm.refund_request
  FOR EACH ROW EXECUTE FUNCTION gkm.demand_approvals();
RESET ROLE;
