-- Erasing a customer: what is about a person goes, what is about money stays. Sealed events name orders by number and
-- people by login, so that nothing that is sealed changes.
SET ROLE gkm_owner;

-- Stands where an address stood (RFC 2606: no mail ever goes there).
CREATE OR REPLACE FUNCTION gkm.erased_address() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$ SELECT 'erased@erased.invalid' $$;

-- Takes everything about the person out of their orders and of what hangs on them; answers how many rows of each table
-- were touched. What people wrote goes whole, what machines wrote goes without its addresses. `p_address` is in lower
-- case.
CREATE OR REPLACE FUNCTION gkm.erase_orders(p_orders bigint[], p_address text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  gone CONSTANT text := '(erased)';
  told jsonb := '{}';
  n bigint;
  mine text[] := ARRAY(SELECT e.event_id FROM gkm.stripe_event e WHERE e.order_id = ANY (p_orders));
  -- Events that led to no order may still name the person.
  loose text[] := CASE WHEN p_address = gkm.erased_address() THEN '{}' ELSE ARRAY(
    SELECT b.event_id FROM gkm.stripe_event e JOIN gkm.stripe_event_body b ON b.event_id = e.event_id
    WHERE e.order_id IS NULL AND strpos(lower(encode(b.body, 'escape')), p_address) > 0) END;
BEGIN
  UPDATE gkm.orders SET customer_email = gkm.erased_address(), customer_name = NULL,
    hold_reason = gkm.nameless(hold_reason),
    -- The link that the customer holds opens nothing any more.
    token_hash = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), token_due = false,
    version = version + 1, updated_at = now()
  WHERE id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('orders', n);
  UPDATE gkm.vendor_order SET customer_masked = gone WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('vendor_order', n);
  UPDATE gkm.payment SET facts = facts - 'customerEmail', customer = NULL WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('payment', n);
  UPDATE gkm.payment_attempt SET message = gkm.nameless(message) WHERE order_id = ANY (p_orders);
  UPDATE gkm.refund_request SET reason = gone, problem = gkm.nameless(problem) WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('refund_request', n);
  UPDATE gkm.dispute_evidence SET fields = '{}', problem = gkm.nameless(problem) WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('dispute_evidence', n);
  DELETE FROM gkm.stripe_event_body WHERE event_id = ANY (mine || loose);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('stripe_event_body', n);
  UPDATE gkm.stripe_event SET problem = gkm.nameless(problem) WHERE event_id = ANY (mine || loose) AND problem IS NOT NULL;
  UPDATE gkm.delivery SET last_reply = gkm.nameless(last_reply) WHERE order_id = ANY (p_orders);
  UPDATE gkm.delivery_attempt SET reply = gkm.nameless(reply) WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('delivery_attempt', n);
  UPDATE gkm.notice SET
    data = CASE WHEN audience = 'customer' THEN '{}' ELSE gkm.nameless(data::text)::jsonb END,
    state = CASE WHEN audience = 'customer' AND state NOT IN ('sent', 'bounced') THEN 'cancelled' ELSE state END,
    last_reply = gkm.nameless(last_reply), version = version + 1
  WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('notice', n);
  UPDATE gkm.notice_attempt a SET reply = gkm.nameless(a.reply) FROM gkm.notice x
  WHERE x.id = a.notice_id AND x.order_id = ANY (p_orders);
  UPDATE gkm.reveal SET address = NULL, agent = NULL WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('reveal', n);
  UPDATE gkm.bounce SET diagnostic = gkm.nameless(diagnostic) WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('bounce', n);
  UPDATE gkm.ask SET address = NULL, reason = gone, decision = CASE WHEN decision IS NOT NULL THEN gone END
  WHERE order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('ask', n);
  UPDATE gkm.address_change SET old_email = gkm.erased_address()
  WHERE order_id = ANY (p_orders) OR lower(old_email) = p_address;
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('address_change', n);
  UPDATE gkm.bad_key SET reason = gone WHERE order_id = ANY (p_orders);
  UPDATE gkm.case_message m SET body = gone FROM gkm.support_case c
  WHERE c.id = m.case_id AND c.order_id = ANY (p_orders);
  GET DIAGNOSTICS n = ROW_COUNT; told := told || jsonb_build_object('case_message', n);
  UPDATE gkm.recon_break SET detail = gkm.nameless(detail), explanation = gkm.nameless(explanation)
  WHERE order_id = ANY (p_orders);
  DELETE FROM gkm.checkout_idempotency WHERE order_id = ANY (p_orders);
  DELETE FROM gkm.address_code WHERE order_id = ANY (p_orders);
  -- What is about no order and can still name somebody: short-lived, and small.
  UPDATE gkm.job_dead SET problem = gkm.nameless(problem) WHERE strpos(lower(problem), p_address) > 0;
  UPDATE gkm.alert SET detail = gkm.nameless(detail) WHERE strpos(lower(detail), p_address) > 0;
  UPDATE gkm.notice SET data = gkm.nameless(data::text)::jsonb
  WHERE order_id IS NULL AND strpos(lower(data::text), p_address) > 0;
  RETURN told;
END $$;
GRANT EXECUTE ON FUNCTION gkm.erase_orders(bigint[], text), gkm.erased_address() TO gkm_api;
RESET ROLE;

SET ROLE gkm_api;

-- What keeps a customer from being erased: orders that are not over. Their numbers, each with why.
CREATE OR REPLACE FUNCTION gkm.erasure_obstacles(p_orders bigint[]) RETURNS TABLE (number text, why text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT o.number, 'it is ' || replace(o.state, '_', ' ') FROM gkm.orders o
  WHERE o.id = ANY (p_orders)
    AND o.state IN ('open', 'awaiting_async', 'paid', 'paid_unfulfillable', 'held', 'disputed')
  UNION ALL
  SELECT o.number, 'its dispute ' || d.id || ' is not over'
  FROM gkm.dispute d JOIN gkm.orders o ON o.id = d.order_id
  WHERE d.order_id = ANY (p_orders) AND d.standing IN ('inquiry', 'open')
  UNION ALL
  SELECT o.number, 'its refund ' || r.id || ' is ' || replace(r.state, '_', ' ')
  FROM gkm.refund_request r JOIN gkm.orders o ON o.id = r.order_id
  WHERE r.order_id = ANY (p_orders) AND r.state IN ('awaiting_approval', 'approved', 'sending', 'sent')
  UNION ALL
  SELECT o.number, 'its case ' || c.id || ' is not closed'
  FROM gkm.support_case c JOIN gkm.orders o ON o.id = c.order_id
  WHERE c.order_id = ANY (p_orders) AND c.state <> 'closed'
  UNION ALL
  SELECT o.number, 'somebody has to decide about request ' || a.id
  FROM gkm.ask a JOIN gkm.orders o ON o.id = a.order_id
  WHERE a.order_id = ANY (p_orders) AND a.state = 'waiting'
  UNION ALL
  SELECT o.number, 'its delivery ' || d.id || ' is under way'
  FROM gkm.delivery d JOIN gkm.orders o ON o.id = d.order_id
  WHERE d.order_id = ANY (p_orders) AND d.state IN ('pending', 'sending', 'retrying')
$$;

-- Erases the customer of an address, or of one order's address, with all of their orders. `p_digest` is the SHA-256 of a
-- salt and the address, made by whoever asks. Answers what there is (dry run) or what was done.
CREATE OR REPLACE FUNCTION api.customer_erase(
  p_order text, p_address text, p_digest bytea, p_reason text, p_dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := CASE WHEN p_dry_run THEN '' ELSE gkm.demand_reason(p_reason) END;
  address text := lower(btrim(p_address));
  ids bigint[];
  obstacles jsonb;
  done jsonb;
  erasure bigint;
  o record;
BEGIN
  IF (p_order IS NULL) = (p_address IS NULL) THEN
    RAISE EXCEPTION 'name an order or an address' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_order IS NOT NULL THEN
    SELECT lower(x.customer_email), ARRAY[x.id] INTO address, ids FROM gkm.orders x WHERE x.number = upper(p_order);
    IF NOT FOUND THEN
      RAISE EXCEPTION 'there is no order %', p_order USING ERRCODE = 'no_data_found';
    END IF;
  END IF;
  -- An order whose customer was erased before is looked through again, for what came since.
  IF address <> gkm.erased_address() THEN
    ids := ARRAY(SELECT x.id FROM gkm.orders x WHERE lower(x.customer_email) = address ORDER BY x.id);
  ELSIF p_order IS NULL THEN
    RAISE EXCEPTION 'that address is nobody''s' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF ids = '{}' AND NOT EXISTS (SELECT FROM gkm.address_change c WHERE lower(c.old_email) = address) THEN
    RAISE EXCEPTION 'no order has that address' USING ERRCODE = 'no_data_found';
  END IF;
  IF NOT p_dry_run THEN
    PERFORM 1 FROM gkm.orders x WHERE x.id = ANY (ids) ORDER BY x.id FOR UPDATE;
  END IF;
  SELECT coalesce(jsonb_agg(jsonb_build_object('order', b.number, 'why', b.why) ORDER BY b.number, b.why), '[]')
  INTO obstacles FROM gkm.erasure_obstacles(ids) b;
  IF p_dry_run THEN
    RETURN jsonb_build_object('orders', cardinality(ids), 'obstacles', obstacles);
  END IF;
  IF obstacles <> '[]' THEN
    RAISE EXCEPTION 'order % is not over: %', obstacles -> 0 ->> 'order', obstacles -> 0 ->> 'why'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p_digest IS NULL OR octet_length(p_digest) <> 32 THEN
    RAISE EXCEPTION 'a customer is noted by a salted digest' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO gkm.erasure (digest, orders, reason) VALUES (p_digest, cardinality(ids), gkm.nameless(reason))
  RETURNING id INTO erasure;
  PERFORM gkm.audit('customer.erased', 'erasure', erasure::text, NULL, NULL, NULL, person_role, reason,
    ARRAY['orders', cardinality(ids)::text, 'customer', encode(p_digest, 'hex')]);
  FOR o IN
    SELECT 'order' AS kind, x.id::text AS id, x.id AS order_id, x.number FROM gkm.orders x WHERE x.id = ANY (ids)
    UNION ALL
    SELECT 'case', c.id::text, c.order_id, x.number FROM gkm.support_case c JOIN gkm.orders x ON x.id = c.order_id
    WHERE c.order_id = ANY (ids)
    UNION ALL
    SELECT 'bounce', b.id::text, b.order_id, x.number FROM gkm.bounce b JOIN gkm.orders x ON x.id = b.order_id
    WHERE b.order_id = ANY (ids)
    UNION ALL
    SELECT 'ask', a.id::text, a.order_id, x.number FROM gkm.ask a JOIN gkm.orders x ON x.id = a.order_id
    WHERE a.order_id = ANY (ids)
    UNION ALL
    SELECT 'recon_break', b.id::text, b.order_id, x.number FROM gkm.recon_break b JOIN gkm.orders x ON x.id = b.order_id
    WHERE b.order_id = ANY (ids)
    UNION ALL
    -- Orders of others that were this customer's once.
    SELECT DISTINCT 'order', x.id::text, x.id, x.number FROM gkm.address_change c JOIN gkm.orders x ON x.id = c.order_id
    WHERE lower(c.old_email) = address AND x.id <> ALL (ids)
  LOOP
    PERFORM gkm.audit('customer.erased', o.kind, o.id, o.order_id, o.number, NULL, person_role, reason,
      ARRAY['erasure', erasure::text]);
  END LOOP;
  done := gkm.erase_orders(ids, address);
  RETURN jsonb_build_object('erasure', erasure, 'orders', cardinality(ids), 'obstacles', obstacles, 'rows', done);
END $$;
RESET ROLE;
