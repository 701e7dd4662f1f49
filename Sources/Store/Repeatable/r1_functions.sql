-- Functions and triggers; run as the role that each section sets. Written anew whenever this text changes.

-- Who is asking. session_user cannot be changed by SET ROLE or by a definer function.
SET ROLE gkm_api;

CREATE OR REPLACE FUNCTION api.my_vendor() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT p.vendor_id FROM gkm.person p
  WHERE p.role_name = session_user AND p.role = 'vendor' AND p.disabled_at IS NULL
    AND (p.expires_at IS NULL OR p.expires_at > now())
$$;

-- What somebody is at this moment; NULL for one who has no access. Whatever the roles of the cluster say that nobody has
-- put right yet, no function lets anybody do more than this.
CREATE OR REPLACE FUNCTION gkm.acting_role(p gkm.person) RETURNS text
LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT CASE WHEN (p).disabled_at IS NOT NULL OR (p).expires_at <= now() THEN NULL
    WHEN (p).elevated_until <= now() THEN (p).elevated_from ELSE (p).role END
$$;

-- Functions that answer rows are dropped first: a row that changed its columns cannot be put in another's place.
DROP FUNCTION IF EXISTS api.whoami();
CREATE OR REPLACE FUNCTION api.whoami(
  OUT role_name text, OUT display_name text, OUT role text, OUT vendor_id bigint, OUT vendor text,
  OUT vendor_handle text, OUT database_time timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT p.role_name, p.display_name::text, gkm.acting_role(p), p.vendor_id, v.name::text, v.handle, now()
  FROM gkm.person p LEFT JOIN gkm.vendor v ON v.id = p.vendor_id
  WHERE p.role_name = session_user AND gkm.acting_role(p) IS NOT NULL
$$;

-- The signed-in person's role, or an error: the first line of every function that writes.
CREATE OR REPLACE FUNCTION gkm.demand_role(VARIADIC allowed text[]) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  found text;
BEGIN
  SELECT gkm.acting_role(p) INTO found FROM gkm.person p WHERE p.role_name = session_user;
  IF found IS NULL OR NOT found = ANY (allowed) THEN
    RAISE EXCEPTION 'permission denied: % may not do this', coalesce(found, 'this login')
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN found;
END $$;

-- A reason is demanded wherever a person changes something: what is not said is not audited.
CREATE OR REPLACE FUNCTION gkm.demand_reason(reason text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
BEGIN
  IF reason IS NULL OR length(btrim(reason)) < 3 OR length(reason) > 500 THEN
    RAISE EXCEPTION 'a reason of 3 to 500 characters is needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN btrim(reason)::gkm.safe_text;
END $$;

-- Retry ---------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION api.retry_delivery(p_delivery bigint, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  d gkm.delivery;
  o record;
BEGIN
  SELECT * INTO d FROM gkm.delivery WHERE id = p_delivery FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no delivery %', p_delivery USING ERRCODE = 'no_data_found';
  END IF;
  IF d.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this delivery changed since it was shown: it is % now', d.state
      USING ERRCODE = 'serialization_failure';
  END IF;
  IF d.state NOT IN ('failed', 'retrying') THEN
    RAISE EXCEPTION 'a delivery that is % cannot be retried', d.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT orders.id, orders.number, orders.state INTO o FROM gkm.orders WHERE orders.id = d.order_id;
  IF o.state NOT IN ('paid', 'delivered', 'partially_refunded') THEN
    RAISE EXCEPTION 'nothing is delivered for an order that is %', o.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  IF (SELECT u.state FROM gkm.order_unit u WHERE u.id = d.order_unit_id) <> 'sold' THEN
    RAISE EXCEPTION 'this unit is refunded, or about to be: its key is not sent'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  UPDATE gkm.delivery
  SET state = 'retrying', attempts_in_round = 0, next_attempt_at = now(), updated_at = now(), version = version + 1
  WHERE id = d.id;
  PERFORM gkm.send_now(d.id);
  PERFORM gkm.audit(
    'delivery.retry.requested', 'delivery', d.id::text, o.id, o.number, d.vendor_id, person_role, reason,
    ARRAY['was', d.state, 'attempts', d.attempts::text]);
  RETURN d.version + 1;
END $$;
RESET ROLE;

-- What a vendor sees --------------------------------------------------------------------------------------------
-- Owned by gkm_vendor_read, which is itself under row security: a query without a WHERE still gives one vendor's rows.
SET ROLE gkm_vendor_read;

DROP FUNCTION IF EXISTS api.vendor_list(text, jsonb, bigint, integer);
CREATE OR REPLACE FUNCTION api.vendor_list(p_kind text, p_filter jsonb, p_after bigint, p_limit integer)
RETURNS TABLE (id bigint, row_data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET timezone = 'UTC'
-- What a vendor looks for decides the plan: one for all would be wrong for most.
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  me bigint := api.my_vendor();
  take integer := least(greatest(coalesce(p_limit, 50), 1), 500);
  f jsonb := coalesce(p_filter, '{}');
  prefix text := f->>'text';
  since timestamptz := (f->>'since')::timestamptz;
  until timestamptz := (f->>'until')::timestamptz;
  states text[] := CASE WHEN f ? 'state' THEN ARRAY(SELECT jsonb_array_elements_text(f->'state')) END;
  -- One state's rows come in the order of an index on the state and the id.
  only_state text := CASE WHEN cardinality(states) = 1 THEN states[1] END;
  -- Few orders' numbers begin so: they are looked up. With less of a number a page is soon full.
  numbered boolean := prefix IS NOT NULL AND left(upper(prefix), 2) = 'GK';
  few boolean := prefix IS NOT NULL
    AND (length(prefix) >= 5 OR left(upper(prefix), 3) <> left('GK-', length(prefix)));
  -- Of one letter after that there are many: not they are gone through, but what is asked for, newest first, beside them.
  many boolean := prefix IS NOT NULL AND NOT few AND length(prefix) = 4;
BEGIN
  IF me IS NULL THEN
    RAISE EXCEPTION 'permission denied: only a vendor may ask this' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- Rows of some time lie together in the order of that time, and are read in it.
  IF p_kind IN ('orders', 'deliveries', 'ledger') AND (since IS NOT NULL OR until IS NOT NULL) THEN
    p_kind := p_kind || ' by time';
  END IF;
  -- What needs somebody is rare among all orders, and is read in the order of its index.
  IF p_kind = 'orders' AND prefix IS NULL
    AND only_state IN ('paid', 'held', 'paid_unfulfillable', 'disputed', 'awaiting_async') THEN
    p_kind := 'unsettled orders';
  END IF;
  CASE p_kind
  WHEN 'unsettled orders' THEN
    -- Between two pairs: by equality the planner believes the partial index of these states to hold a share of them that
    -- has nothing to do with this one.
    RETURN QUERY
    SELECT o.id, jsonb_build_object(
      'number', v.number, 'state', o.state, 'customer', v.customer_masked, 'amount', v.amount, 'currency', v.currency,
      'title', (SELECT string_agg(l.title || CASE WHEN l.quantity > 1 THEN ' ×' || l.quantity ELSE '' END, ', '
        ORDER BY l.id) FROM gkm.order_line l WHERE l.order_id = o.id AND l.vendor_id = me),
      'created_at', v.created_at, 'paid_at', o.paid_at, 'delivered_at', o.delivered_at)
    FROM gkm.orders o JOIN gkm.vendor_order v ON v.vendor_id = me AND v.order_id = o.id
    WHERE o.state >= only_state AND (o.state, o.id) < (only_state, coalesce(p_after, 9223372036854775807))
    ORDER BY o.state DESC, o.id DESC LIMIT take;
  WHEN 'orders by time' THEN
    RETURN QUERY
    SELECT v.order_id, jsonb_build_object(
      'number', v.number, 'state', o.state, 'customer', v.customer_masked, 'amount', v.amount, 'currency', v.currency,
      'title', (SELECT string_agg(l.title || CASE WHEN l.quantity > 1 THEN ' ×' || l.quantity ELSE '' END, ', '
        ORDER BY l.id) FROM gkm.order_line l WHERE l.order_id = v.order_id AND l.vendor_id = me),
      'created_at', v.created_at, 'paid_at', o.paid_at, 'delivered_at', o.delivered_at)
    FROM gkm.vendor_order v JOIN gkm.orders o ON o.id = v.order_id
    WHERE v.vendor_id = me AND (p_after IS NULL OR (v.created_at, v.order_id) < ((
        SELECT a.created_at FROM gkm.vendor_order a WHERE a.vendor_id = me AND a.order_id = p_after), p_after))
      AND (only_state IS NULL OR o.state = only_state)
      AND (only_state IS NOT NULL OR states IS NULL OR o.state = ANY (states))
      AND (since IS NULL OR v.created_at >= since) AND (until IS NULL OR v.created_at < until)
      AND (prefix IS NULL OR v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))
    ORDER BY v.created_at DESC, v.order_id DESC LIMIT take;
  WHEN 'deliveries by time' THEN
    RETURN QUERY
    SELECT d.id, jsonb_build_object(
      'order', o.number, 'channel', d.channel, 'state', d.state, 'attempts', d.attempts,
      'next_attempt_at', d.next_attempt_at, 'confirmed_at', d.confirmed_at, 'created_at', d.created_at,
      'updated_at', d.updated_at)
    FROM gkm.delivery d JOIN gkm.vendor_order o ON o.vendor_id = me AND o.order_id = d.order_id
    WHERE d.vendor_id = me AND (p_after IS NULL OR (d.created_at, d.id) < ((
        SELECT a.created_at FROM gkm.delivery a WHERE a.vendor_id = me AND a.id = p_after), p_after))
      AND (states IS NULL OR d.state = ANY (states))
      AND (since IS NULL OR d.created_at >= since) AND (until IS NULL OR d.created_at < until)
      AND (prefix IS NULL OR o.number ~>=~ upper(prefix) AND o.number ~<~ (upper(prefix) || chr(1114109)))
    ORDER BY d.created_at DESC, d.id DESC LIMIT take;
  WHEN 'orders' THEN
    RETURN QUERY
    SELECT v.order_id, jsonb_build_object(
      'number', v.number, 'state', o.state, 'customer', v.customer_masked, 'amount', v.amount, 'currency', v.currency,
      'title', (SELECT string_agg(l.title || CASE WHEN l.quantity > 1 THEN ' ×' || l.quantity ELSE '' END, ', '
        ORDER BY l.id) FROM gkm.order_line l WHERE l.order_id = v.order_id AND l.vendor_id = me),
      'created_at', v.created_at, 'paid_at', o.paid_at, 'delivered_at', o.delivered_at)
    FROM gkm.vendor_order v JOIN gkm.orders o ON o.id = v.order_id
    WHERE v.vendor_id = me AND v.order_id < coalesce(p_after, 9223372036854775807)
      AND (only_state IS NULL OR o.state = only_state)
      AND (only_state IS NOT NULL OR states IS NULL OR o.state = ANY (states))
      AND (prefix IS NULL OR v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))
    ORDER BY v.order_id DESC LIMIT take;
  WHEN 'deliveries' THEN
    RETURN QUERY
    SELECT d.id, jsonb_build_object(
      'order', o.number, 'channel', d.channel, 'state', d.state, 'attempts', d.attempts,
      'next_attempt_at', d.next_attempt_at, 'confirmed_at', d.confirmed_at, 'created_at', d.created_at,
      'updated_at', d.updated_at)
    FROM gkm.delivery d JOIN gkm.vendor_order o ON o.vendor_id = me AND o.order_id = d.order_id
    WHERE d.vendor_id = me AND d.id < coalesce(p_after, 9223372036854775807)
      AND (states IS NULL OR d.state = ANY (states))
      AND (NOT few OR d.order_id = ANY (ARRAY(
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))))
      AND (NOT many OR (d.order_id IN (
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))) IS TRUE)
      AND (prefix IS NULL OR few OR many OR o.number ~>=~ upper(prefix) AND o.number ~<~ (upper(prefix) || chr(1114109)))
    ORDER BY d.id DESC LIMIT take;
  WHEN 'stock' THEN
    RETURN QUERY
    SELECT l.id, jsonb_build_object(
      'title', p.title, 'platform', p.platform, 'region', p.region, 'price', l.price, 'currency', l.currency,
      'state', l.state, 'available', s.available, 'reserved', s.reserved, 'low_stock', l.low_stock,
      'sold', s.sold, 'version', s.version)
    FROM gkm.listing l
    JOIN gkm.product p ON p.id = l.product_id
    JOIN gkm.listing_stock s ON s.listing_id = l.id
    WHERE l.vendor_id = me AND l.id < coalesce(p_after, 9223372036854775807)
      AND (states IS NULL OR l.state = ANY (states))
      AND (prefix IS NULL OR strpos(lower(p.title), lower(prefix)) > 0)
    ORDER BY l.id DESC LIMIT take;
  WHEN 'audit' THEN
    RETURN QUERY
    SELECT e.id, jsonb_build_object(
      'at', e.at, 'action', e.action, 'subject_kind', e.subject_kind, 'subject_id', e.subject_id, 'order', o.number)
    FROM gkm.audit_event e LEFT JOIN gkm.vendor_order o ON o.vendor_id = me AND o.order_id = e.order_id
    WHERE e.vendor_id = me AND (p_after IS NULL OR (e.at, e.id) < ((
        SELECT a.at FROM gkm.audit_event a WHERE a.vendor_id = me AND a.id = p_after), p_after))
      AND (since IS NULL OR e.at >= since) AND (until IS NULL OR e.at < until)
      AND (NOT numbered OR NOT few OR e.order_id = ANY (ARRAY(
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))))
      AND (NOT many OR (e.order_id IN (
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))) IS TRUE)
      AND (NOT numbered OR few OR many OR o.number ~>=~ upper(prefix) AND o.number ~<~ (upper(prefix) || chr(1114109)))
      AND (prefix IS NULL OR numbered
        OR e.action ~>=~ lower(prefix) AND e.action ~<~ (lower(prefix) || chr(1114109)))
    ORDER BY e.at DESC, e.id DESC LIMIT take;
  WHEN 'cases' THEN
    RETURN QUERY
    SELECT c.id, jsonb_build_object(
      'kind', c.kind, 'order', o.number, 'state', c.state, 'audience', c.audience, 'created_at', c.created_at,
      'updated_at', c.updated_at, 'closed_at', c.closed_at)
    FROM gkm.support_case c LEFT JOIN gkm.vendor_order o ON o.vendor_id = me AND o.order_id = c.order_id
    WHERE c.vendor_id = me AND c.id < coalesce(p_after, 9223372036854775807)
      AND (states IS NULL OR c.state = ANY (states))
      AND (since IS NULL OR c.created_at >= since) AND (until IS NULL OR c.created_at < until)
      AND (prefix IS NULL OR o.number ~>=~ upper(prefix) AND o.number ~<~ (upper(prefix) || chr(1114109)))
    ORDER BY c.id DESC LIMIT take;
  WHEN 'ledger by time' THEN
    RETURN QUERY
    SELECT p.tx_id * 1000 + p.position, jsonb_build_object(
      'at', t.posted_at, 'order', o.number, 'entry', t.entry, 'title', l.title, 'amount', -p.amount,
      'currency', p.currency, 'line', (
        SELECT count(*) FROM gkm.order_line x WHERE x.order_id = l.order_id AND x.vendor_id = me AND x.id <= l.id))
    FROM gkm.ledger_posting p
    JOIN gkm.ledger_tx t ON t.id = p.tx_id
    LEFT JOIN gkm.vendor_order o ON o.vendor_id = me AND o.order_id = t.order_id
    LEFT JOIN gkm.order_line l ON l.id = p.order_line_id
    WHERE p.vendor_id = me
      AND (p_after IS NULL OR (t.posted_at, t.id) <= ((
        SELECT a.posted_at FROM gkm.ledger_tx a WHERE a.id = p_after / 1000), p_after / 1000)
        AND (t.id <> p_after / 1000 OR p.position < p_after % 1000))
      AND (since IS NULL OR t.posted_at >= since) AND (until IS NULL OR t.posted_at < until)
      AND (NOT few OR t.order_id = ANY (ARRAY(
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))))
      AND (NOT many OR (t.order_id IN (
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))) IS TRUE)
      AND (prefix IS NULL OR few OR many OR o.number ~>=~ upper(prefix) AND o.number ~<~ (upper(prefix) || chr(1114109)))
    ORDER BY t.posted_at DESC, t.id DESC, p.position DESC LIMIT take;
  WHEN 'ledger' THEN
    RETURN QUERY
    SELECT p.tx_id * 1000 + p.position, jsonb_build_object(
      'at', t.posted_at, 'order', o.number, 'entry', t.entry, 'title', l.title, 'amount', -p.amount,
      'currency', p.currency, 'line', (
        SELECT count(*) FROM gkm.order_line x WHERE x.order_id = l.order_id AND x.vendor_id = me AND x.id <= l.id))
    FROM gkm.ledger_posting p
    JOIN gkm.ledger_tx t ON t.id = p.tx_id
    LEFT JOIN gkm.vendor_order o ON o.vendor_id = me AND o.order_id = t.order_id
    LEFT JOIN gkm.order_line l ON l.id = p.order_line_id
    WHERE p.vendor_id = me
      AND (p.tx_id, p.position) < (coalesce(p_after / 1000, 9223372036854775807), coalesce(p_after % 1000, 0))
      AND (NOT few OR t.order_id = ANY (ARRAY(
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))))
      AND (NOT many OR (t.order_id IN (
        SELECT v.order_id FROM gkm.vendor_order v
        WHERE v.vendor_id = me AND v.number ~>=~ upper(prefix) AND v.number ~<~ (upper(prefix) || chr(1114109)))) IS TRUE)
      AND (prefix IS NULL OR few OR many OR o.number ~>=~ upper(prefix) AND o.number ~<~ (upper(prefix) || chr(1114109)))
    ORDER BY p.tx_id DESC, p.position DESC LIMIT take;
  WHEN 'balances' THEN
    RETURN QUERY
    SELECT a.id, jsonb_build_object(
      'currency', a.currency,
      'balance', -(coalesce(c.amount, 0) + coalesce((
        SELECT sum(p.amount) FROM gkm.ledger_posting p
        WHERE p.vendor_id = me AND p.currency = a.currency AND p.tx_id > coalesce(c.through_tx, 0)), 0)),
      'on_hold', coalesce((
        SELECT sum(h.amount) FROM gkm.payable_hold h WHERE h.vendor_id = me AND h.account_id = a.id), 0))
    FROM gkm.ledger_account a
    LEFT JOIN gkm.ledger_checkpoint c ON c.account_id = a.id AND c.vendor_id = me
    WHERE a.vendor_id = me AND a.id < coalesce(p_after, 9223372036854775807)
    ORDER BY a.id DESC LIMIT take;
  WHEN 'commission' THEN
    RETURN QUERY
    SELECT c.id, c.rule || jsonb_build_object('state', c.state) FROM (
      SELECT r.id, lower(r.valid) AS begins, p.title,
        CASE WHEN r.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN r.valid @> now() THEN 'current'
          WHEN lower(r.valid) > now() THEN 'coming' ELSE 'ended' END AS state,
        jsonb_build_object(
          'category', r.category, 'product_id', r.product_id, 'product', p.title || ' (' || p.platform || ')',
          'basis_points', r.basis_points, 'amounts', r.amounts::text, 'from', lower(r.valid),
          'until', upper(r.valid)) AS rule
      FROM gkm.commission_rule r LEFT JOIN gkm.product p ON p.id = r.product_id
      WHERE r.vendor_id = me AND r.id < coalesce(p_after, 9223372036854775807)
    ) c
    WHERE (states IS NULL OR c.state = ANY (states))
      AND (since IS NULL OR c.begins >= since) AND (until IS NULL OR c.begins < until)
      AND (prefix IS NULL OR strpos(lower(c.title), lower(prefix)) > 0)
    ORDER BY c.id DESC LIMIT take;
  WHEN 'imports' THEN
    RETURN QUERY
    SELECT i.id, jsonb_build_object(
      'listing', i.listing_id, 'title', p.title, 'source', i.source, 'state', i.state, 'dry_run', i.is_dry_run,
      'rows', greatest(i.rows_total, coalesce(g.rows_staged, 0)), 'done', coalesce(g.rows_done, i.rows_total),
      'accepted', i.rows_accepted, 'repeated', i.rows_repeated, 'yours', i.rows_yours, 'review', i.rows_review,
      'malformed', i.rows_malformed, 'too_long', i.rows_too_long, 'problem', i.problem, 'created_at', i.created_at,
      'finished_at', i.finished_at, 'version', i.version)
    FROM gkm.stock_import i
    JOIN gkm.listing l ON l.id = i.listing_id
    JOIN gkm.product p ON p.id = l.product_id
    LEFT JOIN gkm.stock_import_progress g ON g.import_id = i.id
    WHERE i.vendor_id = me AND i.id < coalesce(p_after, 9223372036854775807)
      AND (states IS NULL OR i.state = ANY (states))
      AND (since IS NULL OR i.created_at >= since) AND (until IS NULL OR i.created_at < until)
      AND (prefix IS NULL OR i.id::text = prefix OR strpos(lower(p.title), lower(prefix)) > 0)
    ORDER BY i.id DESC LIMIT take;
  ELSE
    RAISE EXCEPTION 'there is no list called %; there are orders, deliveries, stock, audit, cases, ledger, balances, commission and imports',
      p_kind
      USING ERRCODE = 'invalid_parameter_value';
  END CASE;
END $$;

-- What happened to the vendor's own part of one order, in causal order. Nothing of the customer, of another vendor,
-- or of what staff wrote.
DROP FUNCTION IF EXISTS api.vendor_timeline(text);
CREATE OR REPLACE FUNCTION api.vendor_timeline(p_number text)
RETURNS TABLE (id bigint, row_data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET timezone = 'UTC' AS $$
DECLARE
  me bigint := api.my_vendor();
BEGIN
  IF me IS NULL THEN
    RAISE EXCEPTION 'permission denied: only a vendor may ask this' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
  SELECT e.id, jsonb_build_object(
    'at', e.at, 'action', e.action, 'subject_kind', e.subject_kind, 'subject_id', e.subject_id)
  FROM gkm.vendor_order v JOIN gkm.audit_event e ON e.order_id = v.order_id AND e.vendor_id = me
  WHERE v.vendor_id = me AND v.number = upper(p_number)
  ORDER BY e.id LIMIT 500;
END $$;
RESET ROLE;

-- What demands the audit event ----------------------------------------------------------------------------------
-- Fired at commit, deferred: a change whose transaction wrote no audit event about its subject cannot commit.
SET ROLE gkm_audit_owner;

-- TG_ARGV: the column that holds the order's id. A branch that is not taken is never looked up in the row.
CREATE OR REPLACE FUNCTION gkm.require_order_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  wanted bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF TG_ARGV[0] = 'id' THEN wanted := OLD.id; ELSE wanted := OLD.order_id; END IF;
  ELSE
    IF TG_ARGV[0] = 'id' THEN wanted := NEW.id; ELSE wanted := NEW.order_id; END IF;
  END IF;
  PERFORM 1 FROM gkm.audit_event e
  WHERE e.order_id = wanted AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a change of % for order % has no audit event in its transaction', TG_TABLE_NAME, wanted
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'require_audit', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;

-- TG_ARGV: the kind of subject, the column that holds its id.
CREATE OR REPLACE FUNCTION gkm.require_subject_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  wanted text;
BEGIN
  IF TG_OP = 'DELETE' THEN wanted := to_jsonb(OLD) ->> TG_ARGV[1]; ELSE wanted := to_jsonb(NEW) ->> TG_ARGV[1]; END IF;
  PERFORM 1 FROM gkm.audit_event e
  WHERE e.subject_kind = TG_ARGV[0] AND e.subject_id = wanted AND e.subject_kind <> 'order'
    AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a change of % for % % has no audit event in its transaction', TG_TABLE_NAME, TG_ARGV[0], wanted
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'require_audit', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION gkm.require_unit_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  unit bigint;
  import bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN unit := OLD.id; import := OLD.import_id; ELSE unit := NEW.id; import := NEW.import_id; END IF;
  IF TG_OP = 'UPDATE' THEN
    PERFORM 1 FROM gkm.audit_event e
    WHERE e.order_id = (SELECT a.order_id FROM gkm.assignment a WHERE a.stock_unit_id = unit)
      AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id();
    IF FOUND THEN RETURN NULL; END IF;
    PERFORM 1 FROM gkm.audit_event e
    WHERE e.subject_kind = 'stock_unit' AND e.subject_id = unit::text AND e.subject_kind <> 'order'
      AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id();
    IF FOUND THEN RETURN NULL; END IF;
  END IF;
  PERFORM 1 FROM gkm.audit_event e
  WHERE e.subject_kind = 'stock_import' AND e.subject_id = import::text AND e.subject_kind <> 'order'
    AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a change of stock unit % has no audit event in its transaction', unit
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'require_audit', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
GRANT EXECUTE ON FUNCTION gkm.require_order_audit(), gkm.require_subject_audit(),
  gkm.require_unit_audit() TO gkm_owner;
RESET ROLE;

-- Upkeep --------------------------------------------------------------------------------------------------------
SET ROLE gkm_owner;

-- Makes this month's and the next months' partitions where they are missing; answers how many it made. A month whose
-- rows already lie in the default partition is left there.
CREATE OR REPLACE FUNCTION gkm.ensure_partitions(months_ahead integer DEFAULT 2) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  parent text;
  month date;
  made integer := 0;
BEGIN
  IF months_ahead NOT BETWEEN 0 AND 24 THEN
    RAISE EXCEPTION 'between 0 and 24 months can be made ahead' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_catalog.pg_advisory_xact_lock(7261001);
  FOREACH parent IN ARRAY ARRAY['audit_event', 'stripe_event_body', 'delivery_attempt'] LOOP
    FOR n IN 0 .. months_ahead LOOP
      month := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n))::date;
      CONTINUE WHEN to_regclass(format('gkm.%I', parent || '_' || to_char(month, 'YYYYMM'))) IS NOT NULL;
      BEGIN
        EXECUTE format(
          'CREATE TABLE gkm.%I PARTITION OF gkm.%I FOR VALUES FROM (%L) TO (%L)',
          parent || '_' || to_char(month, 'YYYYMM'), parent,
          month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
        EXECUTE format('ALTER TABLE gkm.%I ENABLE ROW LEVEL SECURITY', parent || '_' || to_char(month, 'YYYYMM'));
        EXECUTE format('ALTER TABLE gkm.%I FORCE ROW LEVEL SECURITY', parent || '_' || to_char(month, 'YYYYMM'));
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        NULL;
      END;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
GRANT EXECUTE ON FUNCTION gkm.ensure_partitions(integer) TO gkm_daemon;

-- Nobody is granted anything on a partition; and row security would keep them out all the same.
DO $$
DECLARE
  part text;
BEGIN
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE c.relnamespace = 'gkm'::regnamespace AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
  LOOP
    EXECUTE format('ALTER TABLE gkm.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
  END LOOP;
END $$;
RESET ROLE;
