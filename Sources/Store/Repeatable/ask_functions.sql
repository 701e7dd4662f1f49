-- Wishes that somebody else agrees to, and holding an order. Written anew whenever this text changes.
SET ROLE gkm_api;

-- Writes a wish down. One of a kind waits at a time, for an order or for a unit of it.
CREATE OR REPLACE FUNCTION gkm.ask(
  p_kind text, p_order bigint, p_number text, p_unit bigint, p_address text, p_waits boolean, p_role text, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  earlier bigint;
  made bigint;
BEGIN
  SELECT a.id INTO earlier FROM gkm.ask a
  WHERE a.order_id = p_order AND a.kind = p_kind AND a.order_unit_id IS NOT DISTINCT FROM p_unit AND a.state = 'waiting';
  IF FOUND THEN
    RAISE EXCEPTION 'ask % waits for the same already', earlier USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.ask (kind, order_id, order_unit_id, address, waits, reason, asked_as)
  VALUES (p_kind, p_order, p_unit, p_address, p_waits, p_reason, p_role) RETURNING id INTO made;
  UPDATE gkm.orders SET updated_at = now(), version = version + 1 WHERE id = p_order;
  PERFORM gkm.audit('ask.made', 'ask', made::text, p_order, p_number, NULL, p_role, p_reason,
    ARRAY['kind', p_kind, 'order_unit', p_unit::text]);
  RETURN made;
END $$;

-- A wish that waits, locked behind its order, as it was shown.
CREATE OR REPLACE FUNCTION gkm.ask_to_decide(p_ask bigint, p_version bigint) RETURNS gkm.ask
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  a gkm.ask;
BEGIN
  PERFORM 1 FROM gkm.orders WHERE id = (SELECT q.order_id FROM gkm.ask q WHERE q.id = p_ask) FOR NO KEY UPDATE;
  SELECT * INTO a FROM gkm.ask WHERE id = p_ask FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no ask %', p_ask USING ERRCODE = 'no_data_found';
  END IF;
  IF a.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this ask changed since it was shown: it is % now', a.state USING ERRCODE = 'serialization_failure';
  END IF;
  IF a.state <> 'waiting' THEN
    RAISE EXCEPTION 'an ask that is % waits for nobody''s decision', a.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN a;
END $$;

CREATE OR REPLACE FUNCTION gkm.end_ask(p_ask gkm.ask, p_state text, p_number text, p_role text, p_reason text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE gkm.ask
  SET state = p_state, address = NULL, decided_by = session_user, decided_at = now(), decision = p_reason,
    version = version + 1
  WHERE id = p_ask.id;
  PERFORM gkm.audit('ask.' || p_state, 'ask', p_ask.id::text, p_ask.order_id, p_number, NULL, p_role, p_reason,
    ARRAY['kind', p_ask.kind, 'asked_by', p_ask.asked_by]);
END $$;

-- Does what was asked for, as the order stands now. Nobody agrees to what they asked for themselves.
CREATE OR REPLACE FUNCTION api.approve_ask(p_ask bigint, p_version bigint, p_reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  a gkm.ask := gkm.ask_to_decide(p_ask, p_version);
  o record;
  plan jsonb;
  fresh bigint;
BEGIN
  IF a.asked_by = session_user THEN
    RAISE EXCEPTION 'permission denied: whoever asks for something does not agree to it'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT q.number, q.state, q.customer_email AS email INTO o FROM gkm.orders q WHERE q.id = a.order_id;
  PERFORM gkm.demand_delivering(o.state);
  IF a.kind = 'resend_elsewhere' THEN
    plan := gkm.elsewhere_plan(a.order_id, o.state);
    PERFORM gkm.change_address(a.order_id, o.number, o.email, gkm.demand_address(a.address, o.email), plan, a.id,
      person_role, a.reason);
  ELSE
    plan := gkm.replacement_plan(a.order_id, a.order_unit_id);
    fresh := gkm.replace_key(a.order_id, o.number, plan, a.waits, a.id, person_role, a.reason);
  END IF;
  PERFORM gkm.end_ask(a, 'approved', o.number, person_role, reason);
  RETURN jsonb_build_object('number', o.number, 'kind', a.kind, 'replaced_by', fresh);
END $$;

CREATE OR REPLACE FUNCTION api.refuse_ask(p_ask bigint, p_version bigint, p_reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  a gkm.ask := gkm.ask_to_decide(p_ask, p_version);
  number text := (SELECT o.number FROM gkm.orders o WHERE o.id = a.order_id);
BEGIN
  IF a.asked_by = session_user THEN
    RAISE EXCEPTION 'permission denied: one''s own ask is withdrawn, not refused' USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM gkm.end_ask(a, 'refused', number, person_role, reason);
  RETURN jsonb_build_object('number', number, 'kind', a.kind);
END $$;

-- Takes one's own wish back.
CREATE OR REPLACE FUNCTION api.withdraw_ask(p_ask bigint, p_version bigint, p_reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  a gkm.ask := gkm.ask_to_decide(p_ask, p_version);
  number text := (SELECT o.number FROM gkm.orders o WHERE o.id = a.order_id);
BEGIN
  IF a.asked_by <> session_user THEN
    RAISE EXCEPTION 'permission denied: only whoever asked withdraws an ask' USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM gkm.end_ask(a, 'withdrawn', number, person_role, reason);
  RETURN jsonb_build_object('number', number, 'kind', a.kind);
END $$;

-- Holding ----------------------------------------------------------------------------------------------------------

-- The next word of staff in the facts that the daemon decides by: the highest generation counts.
CREATE OR REPLACE FUNCTION gkm.say_hold(p_order bigint, p_holds boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  UPDATE gkm.payment SET version = version + 1, updated_at = now(), facts = facts || jsonb_build_object('staffHold',
    jsonb_build_object('generation', coalesce((facts #>> '{staffHold,generation}')::bigint, 0) + 1, 'isHeld', p_holds))
  WHERE order_id = p_order
$$;

-- Stops an order: nothing of it is bound, delivered or paid back by itself until it is released. What Stripe tells goes
-- on being applied. Answers {number, state, was, stopped, version}.
CREATE OR REPLACE FUNCTION api.hold_order(p_order bigint, p_version bigint, p_reason text, p_dry_run boolean)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  dry boolean := coalesce(p_dry_run, false);
  reason text := CASE WHEN NOT dry THEN gkm.demand_reason(p_reason) END;
  o record;
  d record;
  holder text;
  becomes text;
  stopped integer := 0;
BEGIN
  SELECT * INTO o FROM gkm.order_in_hand(p_order, p_version, dry);
  SELECT q.held_by INTO holder FROM gkm.orders q WHERE q.id = p_order;
  IF holder IS NOT NULL THEN
    RAISE EXCEPTION 'this order is held already, by %', holder USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF o.state IN ('refunded', 'charged_back', 'expired', 'payment_failed') THEN
    RAISE EXCEPTION 'an order that is % needs no hold: nothing more happens to it', o.state
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  -- An order that is unpaid, disputed or held for its amount stays so in name, and is held once that is over.
  becomes := CASE WHEN o.state IN ('paid', 'delivered', 'partially_refunded', 'paid_unfulfillable') THEN 'held'
    ELSE o.state END;
  FOR d IN
    SELECT t.id, t.state, t.vendor_id FROM gkm.delivery t
    WHERE t.order_id = p_order AND t.state IN ('pending', 'retrying', 'failed') AND becomes <> o.state ORDER BY t.id
  LOOP
    stopped := stopped + 1;
    CONTINUE WHEN dry;
    UPDATE gkm.delivery SET state = 'cancelled', next_attempt_at = NULL, updated_at = now(), version = version + 1
    WHERE id = d.id;
    PERFORM gkm.audit('delivery.frozen', 'delivery', d.id::text, p_order, o.number, d.vendor_id, person_role, NULL,
      ARRAY['was', d.state]);
  END LOOP;
  IF NOT dry THEN
    PERFORM gkm.say_hold(p_order, true);
    UPDATE gkm.orders
    SET state = becomes, hold_reason = CASE WHEN becomes <> o.state THEN 'staff' ELSE hold_reason END, held_at = now(),
      held_by = session_user, held_for = reason, updated_at = now(), version = orders.version + 1
    WHERE id = p_order;
    PERFORM gkm.audit('order.held', 'order', p_order::text, p_order, o.number, NULL, person_role, reason,
      ARRAY['was', o.state, 'state', becomes, 'stopped', stopped::text]);
    PERFORM gkm.notice_add('alert', 'team', 'order_held/' || p_order || '/' || o.version, p_order, NULL,
      jsonb_build_object('title', 'Order ' || o.number || ' is held', 'detail', 'by ' || session_user,
        'severity', 'info'));
  END IF;
  RETURN jsonb_build_object('number', o.number, 'was', o.state, 'state', becomes, 'stopped', stopped,
    'version', o.version + (NOT dry)::integer);
END $$;

-- Lets an order go on: the daemon looks at it at once, and makes of it what its payment says.
CREATE OR REPLACE FUNCTION api.release_order(p_order bigint, p_version bigint, p_reason text, p_dry_run boolean)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  dry boolean := coalesce(p_dry_run, false);
  reason text := CASE WHEN NOT dry THEN gkm.demand_reason(p_reason) END;
  o record;
  hold record;
  resumed integer;
BEGIN
  SELECT * INTO o FROM gkm.order_in_hand(p_order, p_version, dry);
  SELECT q.held_by, q.held_at, q.hold_reason INTO hold FROM gkm.orders q WHERE q.id = p_order;
  IF hold.held_by IS NULL THEN
    RAISE EXCEPTION 'nobody holds this order: it is %', o.state || coalesce(' for ' || hold.hold_reason, '')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT count(*) INTO resumed
  FROM gkm.delivery t JOIN gkm.assignment a ON a.order_unit_id = t.order_unit_id AND a.active
  WHERE t.order_id = p_order AND t.state = 'cancelled' AND hold.hold_reason = 'staff';
  IF NOT dry THEN
    PERFORM gkm.say_hold(p_order, false);
    UPDATE gkm.orders SET held_at = NULL, held_by = NULL, held_for = NULL, updated_at = now(),
      version = orders.version + 1
    WHERE id = p_order;
    PERFORM gkm.audit('order.released', 'order', p_order::text, p_order, o.number, NULL, person_role, reason,
      ARRAY['held_by', hold.held_by, 'state', o.state]);
    PERFORM gkm.look_now(p_order);
  END IF;
  RETURN jsonb_build_object('number', o.number, 'was', o.state, 'held_by', hold.held_by, 'resumed', resumed,
    'version', o.version + (NOT dry)::integer);
END $$;

-- Says something about an order among staff. It needs no version: it takes nothing away from what another did meanwhile.
CREATE OR REPLACE FUNCTION api.note_order(p_order bigint, p_text text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  told text := gkm.demand_reason(p_text);
  number text;
BEGIN
  SELECT o.number INTO number FROM gkm.orders o WHERE o.id = p_order;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no order %', p_order USING ERRCODE = 'no_data_found';
  END IF;
  PERFORM gkm.audit('order.noted', 'order', p_order::text, p_order, number, NULL, person_role, told, NULL);
  RETURN number;
END $$;
RESET ROLE;
