-- What people do about an order by hand: send its mails once more, correct its address, replace a bad key, hold it and
-- let it go, note something; and what support asks for and others agree to. Written anew whenever this text changes.
SET ROLE gkm_api;

-- The order as it is shown to whoever is about to act on it. With `p_version` it is locked, and refused where it moved on.
DROP FUNCTION IF EXISTS gkm.order_in_hand(bigint, bigint, boolean);
CREATE FUNCTION gkm.order_in_hand(
  p_order bigint, p_version bigint, p_dry_run boolean, OUT number text, OUT state text, OUT email text,
  OUT version bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF NOT p_dry_run THEN
    PERFORM 1 FROM gkm.orders o WHERE o.id = p_order FOR NO KEY UPDATE;
  END IF;
  SELECT o.number, o.state, o.customer_email, o.version INTO number, state, email, version
  FROM gkm.orders o WHERE o.id = p_order;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no order %', p_order USING ERRCODE = 'no_data_found';
  END IF;
  IF email = gkm.erased_address() THEN
    RAISE EXCEPTION 'the customer of this order was erased: there is nobody to send anything to'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF NOT p_dry_run AND version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this order changed since it was shown: it is % now', state USING ERRCODE = 'serialization_failure';
  END IF;
END $$;

-- Keys go out for paid orders that nothing speaks against.
CREATE OR REPLACE FUNCTION gkm.demand_delivering(p_state text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
BEGIN
  IF p_state NOT IN ('paid', 'delivered', 'partially_refunded', 'paid_unfulfillable') THEN
    RAISE EXCEPTION 'no key is sent for an order that is %', p_state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END $$;

-- The id of the order's unit at a place, from 1.
CREATE OR REPLACE FUNCTION gkm.unit_at(p_order bigint, p_place integer) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  unit bigint;
BEGIN
  SELECT u.id INTO unit FROM gkm.order_unit u WHERE u.order_id = p_order ORDER BY u.id
  OFFSET greatest(coalesce(p_place, 0) - 1, 0) LIMIT 1;
  IF unit IS NULL OR p_place IS NULL OR p_place < 1 THEN
    RAISE EXCEPTION 'this order has no unit %', coalesce(p_place::text, 'without a place')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN unit;
END $$;

-- Has a delivery sent now. A job that some worker holds is taken from it: what that worker still does counts no more.
CREATE OR REPLACE FUNCTION gkm.send_now(p_delivery bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE gkm.job SET run_at = now(), priority = 0, lease_token = NULL
  WHERE kind = 'deliver' AND subject = p_delivery::text;
  IF NOT FOUND THEN
    INSERT INTO gkm.job (kind, subject, priority) VALUES ('deliver', p_delivery::text, 0);
  END IF;
END $$;

-- Has the daemon look at an order at once.
CREATE OR REPLACE FUNCTION gkm.look_now(p_order bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE gkm.job SET run_at = now(), priority = 0
  WHERE kind = 'restock' AND subject = p_order::text AND lease_token IS NULL;
  IF NOT FOUND THEN
    INSERT INTO gkm.job (kind, subject, priority) VALUES ('restock', p_order::text, 0);
  END IF;
END $$;

-- Sending again ----------------------------------------------------------------------------------------------------

-- What sending an order's mails once more would be: [{unit, position, title, delivery, state}], or why not.
CREATE OR REPLACE FUNCTION gkm.resend_plan(p_order bigint, p_units bigint[], p_elsewhere boolean) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  fit CONSTANT text[] := CASE WHEN p_elsewhere THEN ARRAY['confirmed', 'bounced', 'failed', 'retrying', 'pending']
    ELSE ARRAY['confirmed', 'bounced'] END;
  one record;
  plan jsonb := '[]';
  obstacle text;
  is_final boolean := p_units IS NOT NULL;
BEGIN
  FOR one IN
    SELECT d.id, d.state, u.id AS unit, u.state AS unit_state, l.title,
      (SELECT count(*) FROM gkm.order_unit x WHERE x.order_id = p_order AND x.id <= u.id) AS position
    FROM gkm.order_unit u
    JOIN gkm.order_line l ON l.id = u.order_line_id
    JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
    JOIN gkm.delivery d ON d.order_unit_id = u.id AND d.channel = 'email'
    WHERE u.order_id = p_order AND (p_units IS NULL OR u.id = ANY (p_units))
    ORDER BY u.id
  LOOP
    IF one.unit_state <> 'sold' THEN
      obstacle := format('unit %s is refunded, or about to be: its key is not sent', one.position);
    ELSIF one.state = ANY (fit) THEN
      plan := plan || jsonb_build_object(
        'unit', one.unit, 'position', one.position, 'title', one.title, 'delivery', one.id, 'state', one.state);
      CONTINUE;
    ELSIF one.state = 'failed' THEN
      obstacle := format(
        'the delivery of unit %s failed: it is retried by ops, or sent to another address', one.position);
    ELSE
      obstacle := format('the delivery of unit %s is %s: it is under way already', one.position, one.state);
      is_final := is_final OR p_elsewhere AND one.state = 'sending';
    END IF;
    EXIT WHEN is_final;
  END LOOP;
  IF obstacle IS NOT NULL AND (is_final OR plan = '[]') THEN
    RAISE EXCEPTION '%', obstacle USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF plan = '[]' AND NOT p_elsewhere THEN
    RAISE EXCEPTION 'no key of this order was sent yet' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN plan;
END $$;

-- Sends what a plan names. What was never tried goes out for the first time, and is no resend.
CREATE OR REPLACE FUNCTION gkm.resend(
  p_order bigint, p_number text, p_plan jsonb, p_change bigint, p_role text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  d record;
  again integer;
BEGIN
  FOR d IN
    SELECT t.id, t.state, t.vendor_id FROM gkm.delivery t
    WHERE t.id IN (SELECT (e.value ->> 'delivery')::bigint FROM jsonb_array_elements(p_plan) e)
    ORDER BY t.id FOR NO KEY UPDATE
  LOOP
    SELECT coalesce(max(r.number), 0) + 1 INTO again FROM gkm.resend r WHERE r.delivery_id = d.id;
    IF d.state <> 'pending' THEN
      INSERT INTO gkm.resend (delivery_id, number, order_id, address_change_id)
      VALUES (d.id, again, p_order, p_change);
    END IF;
    UPDATE gkm.delivery
    SET state = CASE d.state WHEN 'pending' THEN 'pending' ELSE 'retrying' END, attempts_in_round = 0,
      next_attempt_at = now(), updated_at = now(), version = version + 1,
      message_id = CASE d.state WHEN 'pending' THEN message_id
        ELSE regexp_replace(message_id, '(\.again-[0-9]+)?@', '.again-' || again || '@') END
    WHERE id = d.id;
    PERFORM gkm.send_now(d.id);
    PERFORM gkm.audit(
      'delivery.resend.requested', 'delivery', d.id::text, p_order, p_number, d.vendor_id, p_role, p_reason,
      ARRAY['was', d.state, 'number', again::text, 'address', CASE WHEN p_change IS NULL THEN 'same' ELSE 'changed' END]);
  END LOOP;
END $$;

-- Sends the keys of an order that arrived before once more to its address: of all units, or of those at `p_units`,
-- places from 1. At most three times an hour and ten times a day.
CREATE OR REPLACE FUNCTION api.resend_order(
  p_order bigint, p_version bigint, p_units integer[], p_reason text, p_dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  dry boolean := coalesce(p_dry_run, false);
  reason text := CASE WHEN NOT dry THEN gkm.demand_reason(p_reason) END;
  o record;
  plan jsonb;
  hour integer;
  day integer;
BEGIN
  IF coalesce(cardinality(p_units), 0) > 1000 THEN
    RAISE EXCEPTION 'at most 1000 units are sent at once' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT * INTO o FROM gkm.order_in_hand(p_order, p_version, dry);
  PERFORM gkm.demand_delivering(o.state);
  plan := gkm.resend_plan(
    p_order, CASE WHEN p_units IS NOT NULL THEN ARRAY(SELECT gkm.unit_at(p_order, n) FROM unnest(p_units) n) END, false);
  SELECT count(DISTINCT r.asked_at) FILTER (WHERE r.asked_at > now() - interval '1 hour'), count(DISTINCT r.asked_at)
  INTO hour, day FROM gkm.resend r WHERE r.order_id = p_order AND r.asked_at > now() - interval '1 day';
  IF hour >= 3 OR day >= 10 THEN
    RAISE EXCEPTION 'this order was sent again % times within the last %: wait before sending it once more',
      CASE WHEN hour >= 3 THEN hour ELSE day END, CASE WHEN hour >= 3 THEN 'hour' ELSE 'day' END
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF NOT dry THEN
    PERFORM gkm.resend(p_order, o.number, plan, NULL, person_role, reason);
    UPDATE gkm.orders SET updated_at = now(), version = orders.version + 1 WHERE id = p_order;
  END IF;
  RETURN jsonb_build_object(
    'number', o.number, 'version', o.version + (NOT dry)::integer, 'address', o.email, 'deliveries', plan);
END $$;

-- An address as mail takes it: a dot-atom, an @, and labels.
CREATE OR REPLACE FUNCTION gkm.demand_address(p_address text, p_current text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
DECLARE
  address text := btrim(p_address);
BEGIN
  IF address IS NULL OR length(address) > 254 OR address !~
    ('^[!#-''*+/-9=?A-Z^-~-]+(\.[!#-''*+/-9=?A-Z^-~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+'
      || '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$')
  THEN
    RAISE EXCEPTION 'that is no e-mail address' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF lower(address) = lower(p_current) THEN
    RAISE EXCEPTION 'that is the order''s address already' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN address;
END $$;

-- What changing an order's address would send, or why it is refused.
CREATE OR REPLACE FUNCTION gkm.elsewhere_plan(p_order bigint, p_state text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM gkm.demand_delivering(p_state);
  IF EXISTS (SELECT FROM gkm.reveal r WHERE r.order_id = p_order AND r.channel = 'page') THEN
    RAISE EXCEPTION 'a key of this order was looked at already: it goes to no other address'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF (SELECT count(*) FROM gkm.address_change c WHERE c.order_id = p_order AND c.changed_at > now() - interval '1 day') >= 3
  THEN
    RAISE EXCEPTION 'the address of this order was changed three times within the last day'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN gkm.resend_plan(p_order, NULL, true);
END $$;

-- As vendors see a customer (Store's maskedCustomer).
CREATE OR REPLACE FUNCTION gkm.masked_customer(p_address text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT left(p_address, 1) || '•••@' || substr(p_address, strpos(p_address, '@') + 1, 1) || '•••'
    || substring(p_address FROM '\.[^.]*$')
$$;

-- Changes the address and sends what there is to it. The order is locked and was looked at; the old address is told,
-- and the link that it was sent opens nothing any more.
CREATE OR REPLACE FUNCTION gkm.change_address(
  p_order bigint, p_number text, p_old text, p_address text, p_plan jsonb, p_ask bigint, p_role text, p_reason text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  change bigint;
BEGIN
  INSERT INTO gkm.address_change (order_id, old_email, ask_id) VALUES (p_order, p_old, p_ask) RETURNING id INTO change;
  UPDATE gkm.orders
  SET customer_email = p_address, token_generation = token_generation + 1, token_due = true, updated_at = now(),
    version = version + 1
  WHERE id = p_order;
  UPDATE gkm.vendor_order SET customer_masked = gkm.masked_customer(p_address) WHERE order_id = p_order;
  PERFORM gkm.audit(
    'order.address.changed', 'order', p_order::text, p_order, p_number, NULL, p_role, p_reason,
    ARRAY['address_change', change::text, 'deliveries', jsonb_array_length(p_plan)::text, 'ask', p_ask::text]);
  PERFORM gkm.resend(p_order, p_number, p_plan, change, p_role, p_reason);
  PERFORM gkm.notice_add(
    'address_changed', 'customer', 'address_changed/' || change, p_order, NULL,
    jsonb_build_object('address_change', change::text, 'new_address', gkm.masked_customer(p_address)));
END $$;

-- Sends an order's keys to another address, which its later mails go to as well. Ops and admins do it; support asks.
CREATE OR REPLACE FUNCTION api.resend_elsewhere(
  p_order bigint, p_version bigint, p_address text, p_reason text, p_dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  dry boolean := coalesce(p_dry_run, false);
  reason text := CASE WHEN NOT dry THEN gkm.demand_reason(p_reason) END;
  o record;
  address text;
  plan jsonb;
  asked bigint;
BEGIN
  SELECT * INTO o FROM gkm.order_in_hand(p_order, p_version, dry);
  address := gkm.demand_address(p_address, o.email);
  plan := gkm.elsewhere_plan(p_order, o.state);
  IF NOT dry AND person_role = 'support' THEN
    asked := gkm.ask('resend_elsewhere', p_order, o.number, NULL, address, false, person_role, reason);
  ELSIF NOT dry THEN
    PERFORM gkm.change_address(p_order, o.number, o.email, address, plan, NULL, person_role, reason);
  END IF;
  RETURN jsonb_build_object(
    'number', o.number, 'version', o.version + (NOT dry)::integer, 'address', address, 'deliveries', plan,
    'ask', asked, 'asks', person_role = 'support');
END $$;

-- Bad keys ---------------------------------------------------------------------------------------------------------

-- The keys that came with one: {import, source, imported_at, flagged, total, available, sold, quarantined, revoked,
-- withdrawn, bad}.
CREATE OR REPLACE FUNCTION gkm.sibling_counts(p_import bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT jsonb_build_object(
    'import', i.id, 'source', i.source, 'imported_at', i.created_at, 'flagged', i.flagged_at IS NOT NULL,
    'bad', (SELECT count(*) FROM gkm.bad_key b WHERE b.import_id = i.id)) || (
      SELECT jsonb_build_object(
        'total', count(*), 'available', count(*) FILTER (WHERE s.state = 'available'),
        'sold', count(*) FILTER (WHERE s.state = 'assigned'),
        'quarantined', count(*) FILTER (WHERE s.state = 'quarantined'),
        'revoked', count(*) FILTER (WHERE s.state = 'revoked'),
        'withdrawn', count(*) FILTER (WHERE s.state = 'withdrawn'))
      FROM gkm.stock_unit s WHERE s.import_id = i.id)
  FROM gkm.stock_import i WHERE i.id = p_import
$$;

-- What replacing the key of one unit would be, or why it is refused: {unit, position, title, vendor, vendor_id, listing,
-- key, delivery, delivery_state, was_delivered, was_revealed, in_stock, siblings}.
CREATE OR REPLACE FUNCTION gkm.replacement_plan(p_order bigint, p_unit bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  u record;
BEGIN
  SELECT x.id, x.state, x.listing_id, x.vendor_id, l.title, v.handle, a.stock_unit_id, s.import_id, d.id AS delivery,
    d.state AS delivery_state, d.confirmed_at,
    (SELECT count(*) FROM gkm.order_unit y WHERE y.order_id = p_order AND y.id <= x.id) AS position
  INTO u
  FROM gkm.order_unit x
  JOIN gkm.order_line l ON l.id = x.order_line_id
  JOIN gkm.vendor v ON v.id = x.vendor_id
  LEFT JOIN gkm.assignment a ON a.order_unit_id = x.id AND a.active
  LEFT JOIN gkm.stock_unit s ON s.id = a.stock_unit_id
  LEFT JOIN gkm.delivery d ON d.order_unit_id = x.id AND d.channel = 'email'
  WHERE x.id = p_unit AND x.order_id = p_order;
  IF u.state <> 'sold' THEN
    RAISE EXCEPTION 'unit % is refunded, or about to be: it gets no other key', u.position
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF u.stock_unit_id IS NULL THEN
    RAISE EXCEPTION 'unit % has no key that could be replaced', u.position
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN jsonb_build_object(
    'unit', u.id, 'position', u.position, 'title', u.title, 'vendor', u.handle, 'vendor_id', u.vendor_id,
    'listing', u.listing_id, 'key', u.stock_unit_id, 'delivery', u.delivery, 'delivery_state', u.delivery_state,
    'was_delivered', u.confirmed_at IS NOT NULL,
    'was_revealed', EXISTS (SELECT FROM gkm.reveal r WHERE r.order_unit_id = u.id AND r.channel = 'page'),
    'in_stock', coalesce((SELECT t.available FROM gkm.listing_stock t WHERE t.listing_id = u.listing_id), 0),
    'siblings', gkm.sibling_counts(u.import_id));
END $$;

-- Takes a key of the listing that nobody holds: rather of another batch than the bad key's. NULL where there is none.
CREATE OR REPLACE FUNCTION gkm.take_free_key(p_listing bigint, p_not_of bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  fresh bigint;
BEGIN
  UPDATE gkm.listing_stock SET available = available - 1, version = version + 1
  WHERE listing_id = p_listing AND available > 0;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT s.id INTO fresh FROM gkm.stock_unit s
  WHERE s.listing_id = p_listing AND s.state = 'available' AND s.import_id <> p_not_of
  ORDER BY s.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  IF fresh IS NULL THEN
    SELECT s.id INTO fresh FROM gkm.stock_unit s WHERE s.listing_id = p_listing AND s.state = 'available'
    ORDER BY s.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  END IF;
  IF fresh IS NULL THEN
    RAISE EXCEPTION 'the last keys of this listing are being handed out right now: try again'
      USING ERRCODE = 'serialization_failure';
  END IF;
  UPDATE gkm.stock_unit SET state = 'assigned', version = version + 1 WHERE id = fresh;
  RETURN fresh;
END $$;

-- Carries a plan out, in the order's lock: the bad key is quarantined and its batch flagged, another takes its place and
-- is sent under a Message-ID of its own. Answers the other key; NULL where the order waits for one.
CREATE OR REPLACE FUNCTION gkm.replace_key(
  p_order bigint, p_number text, p_plan jsonb, p_waits boolean, p_ask bigint, p_role text, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  bad CONSTANT bigint := p_plan ->> 'key';
  bought CONSTANT bigint := p_plan ->> 'unit';
  shelf CONSTANT bigint := p_plan ->> 'listing';
  seller CONSTANT bigint := p_plan ->> 'vendor_id';
  parcel CONSTANT bigint := p_plan ->> 'delivery';
  batch CONSTANT bigint := p_plan #>> '{siblings,import}';
  fresh bigint;
BEGIN
  UPDATE gkm.stock_unit SET state = 'quarantined', version = version + 1 WHERE id = bad AND state = 'assigned';
  UPDATE gkm.assignment SET active = false, ended_at = now() WHERE stock_unit_id = bad AND active;
  UPDATE gkm.stock_import SET flagged_at = coalesce(flagged_at, now()), flag_reason = coalesce(flag_reason, p_reason)
  WHERE id = batch;
  fresh := gkm.take_free_key(shelf, batch);
  IF fresh IS NULL AND NOT p_waits THEN
    RAISE EXCEPTION 'no key of % is in stock: refund the unit, or have the order wait for stock', p_plan ->> 'title'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.bad_key (stock_unit_id, import_id, order_id, order_unit_id, replaced_by, reason, ask_id)
  VALUES (bad, batch, p_order, bought, fresh, p_reason, p_ask);
  UPDATE gkm.delivery_attempt SET outcome = 'unknown', ended_at = now(), reply = 'its key was replaced on the way'
  WHERE delivery_id = parcel AND outcome = 'prepared';
  UPDATE gkm.delivery
  SET state = CASE WHEN fresh IS NULL THEN 'cancelled' ELSE 'pending' END, attempts_in_round = 0, confirmed_at = NULL,
    next_attempt_at = CASE WHEN fresh IS NOT NULL THEN now() END, updated_at = now(), version = version + 1,
    message_id = format('<unit-%s.%s@%s', bought, left(replace(gen_random_uuid()::text, '-', ''), 16),
      split_part(message_id, '@', 2))
  WHERE id = parcel;
  UPDATE gkm.orders
  SET units_delivered = units_delivered - (p_plan ->> 'was_delivered')::boolean::integer,
    state = CASE state WHEN 'delivered' THEN 'paid' ELSE state END, updated_at = now(), version = version + 1
  WHERE id = p_order;
  IF fresh IS NULL THEN
    UPDATE gkm.listing_stock SET sold = sold - 1, version = version + 1 WHERE listing_id = shelf;
    UPDATE gkm.job SET lease_token = NULL, run_at = now() WHERE kind = 'deliver' AND subject = parcel::text;
    PERFORM gkm.look_now(p_order);
  ELSE
    INSERT INTO gkm.assignment (stock_unit_id, order_unit_id, order_id, vendor_id) VALUES (fresh, bought, p_order, seller);
    PERFORM gkm.send_now(parcel);
  END IF;
  PERFORM gkm.audit(
    'key.replaced', 'order_unit', bought::text, p_order, p_number, seller, p_role, p_reason,
    ARRAY['unit', p_plan ->> 'position', 'was', bad::text, 'stock_unit', fresh::text, 'delivery_was',
      p_plan ->> 'delivery_state', 'ask', p_ask::text]);
  PERFORM gkm.audit(
    'stock.quarantined', 'stock_import', batch::text, p_order, p_number, seller, p_role, p_reason,
    ARRAY['stock_unit', bad::text, 'siblings_sold', p_plan #>> '{siblings,sold}', 'siblings_available',
      p_plan #>> '{siblings,available}']);
  IF fresh IS NULL THEN
    PERFORM gkm.audit('stock.quarantined', 'listing', shelf::text, p_order, p_number, seller, p_role, p_reason,
      ARRAY['stock_units', bad::text]);
  ELSE
    PERFORM gkm.audit('key.assigned', 'listing', shelf::text, p_order, p_number, seller, p_role, NULL,
      ARRAY['quantity', '1', 'order_units', bought::text, 'stock_units', fresh::text]);
  END IF;
  PERFORM gkm.notice_add(
    'key_replaced', 'customer', 'key_replaced/' || bad, p_order, NULL,
    jsonb_build_object('title', p_plan ->> 'title', 'position', p_plan ->> 'position',
      'waits', CASE WHEN fresh IS NULL THEN 'yes' ELSE '' END));
  RETURN fresh;
END $$;

-- Replaces the key of the unit at a place, from 1. Ops and admins do it; support asks. With `p_waits` the order waits for
-- stock where none is there, as one whose stock was gone when it was paid.
CREATE OR REPLACE FUNCTION api.replace_key(
  p_order bigint, p_version bigint, p_unit integer, p_waits boolean, p_reason text, p_dry_run boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  dry boolean := coalesce(p_dry_run, false);
  reason text := CASE WHEN NOT dry THEN gkm.demand_reason(p_reason) END;
  o record;
  plan jsonb;
  fresh bigint;
  asked bigint;
BEGIN
  SELECT * INTO o FROM gkm.order_in_hand(p_order, p_version, dry);
  PERFORM gkm.demand_delivering(o.state);
  plan := gkm.replacement_plan(p_order, gkm.unit_at(p_order, p_unit));
  IF NOT dry AND person_role = 'support' THEN
    asked := gkm.ask('replace_key', p_order, o.number, (plan ->> 'unit')::bigint, NULL, coalesce(p_waits, false),
      person_role, reason);
  ELSIF NOT dry THEN
    fresh := gkm.replace_key(p_order, o.number, plan, coalesce(p_waits, false), NULL, person_role, reason);
  END IF;
  RETURN plan || jsonb_build_object(
    'number', o.number, 'version', o.version + (NOT dry)::integer, 'replaced_by', fresh, 'ask', asked,
    'asks', person_role = 'support');
END $$;

-- The batch that the key of the unit at a place came with, or that of the key it last had.
CREATE OR REPLACE FUNCTION api.key_siblings(p_order bigint, p_unit integer) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  unit bigint := gkm.unit_at(p_order, p_unit);
  batch bigint;
BEGIN
  SELECT s.import_id INTO batch FROM gkm.assignment a JOIN gkm.stock_unit s ON s.id = a.stock_unit_id
  WHERE a.order_unit_id = unit ORDER BY a.active DESC, a.id DESC LIMIT 1;
  IF batch IS NULL THEN
    RAISE EXCEPTION 'unit % never had a key', p_unit USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN gkm.sibling_counts(batch);
END $$;
RESET ROLE;
