-- What people do about Stripe's events.
SET ROLE gkm_api;

-- Has a quarantined or parked event applied once more, by the same path as when it came: after a fix, or when its order
-- is known by now. Answers what its state was.
DROP FUNCTION IF EXISTS api.replay_event(text, text);
CREATE OR REPLACE FUNCTION api.replay_event(p_event text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  e gkm.stripe_event;
BEGIN
  SELECT * INTO e FROM gkm.stripe_event WHERE event_id = p_event FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no event %', left(p_event, 80) USING ERRCODE = 'no_data_found';
  END IF;
  IF e.state NOT IN ('quarantined', 'parked') THEN
    RAISE EXCEPTION 'an event that is % is not replayed', e.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF e.livemode <> (SELECT i.livemode FROM gkm.installation i) THEN
    RAISE EXCEPTION 'an event of the other mode is not for this market' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM FROM gkm.stripe_event_body b WHERE b.event_id = e.event_id AND b.received_at = e.received_at;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the bytes of this event are no longer kept' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.stripe_event SET state = 'pending', replays = replays + 1 WHERE event_id = e.event_id;
  INSERT INTO gkm.job (kind, subject) VALUES ('apply', e.event_id);
  PERFORM gkm.audit(
    'stripe.event.replayed', 'stripe_event', e.event_id, NULL, NULL, NULL, person_role, reason,
    ARRAY['type', e.type, 'was', e.state, 'problem', e.problem::text]);
  RETURN e.state;
END $$;
RESET ROLE;
