-- Alerts: what people do about them.
SET ROLE gkm_api;

-- Says that somebody knows of a firing alert: no reminders follow.
CREATE OR REPLACE FUNCTION api.alert_ack(p_alert bigint, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  a record;
BEGIN
  SELECT id, rule, subject, state, version INTO a FROM gkm.alert WHERE id = p_alert FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no alert %', p_alert USING ERRCODE = 'no_data_found';
  END IF;
  IF a.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this alert changed since it was shown: it is % now', a.state
      USING ERRCODE = 'serialization_failure';
  END IF;
  IF a.state <> 'firing' THEN
    RAISE EXCEPTION 'this alert is %', a.state USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.alert_ack (alert_id, acked_by, reason) VALUES (p_alert, session_user, reason)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'somebody knows of this alert already' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.alert SET version = version + 1 WHERE id = p_alert;
  PERFORM gkm.audit('alert.acknowledged', 'alert', p_alert::text, NULL, NULL, NULL, person_role, reason,
    ARRAY['rule', a.rule, 'about', nullif(a.subject, '')]);
  RETURN a.version + 1;
END $$;

-- Has a rule say nothing for a while: about everything, or about one subject. What is still the case at its end is
-- said then. A new silence takes the place of the one before. Answers its id.
CREATE OR REPLACE FUNCTION api.alert_silence(p_rule text, p_subject text, p_seconds bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  about text := nullif(btrim(p_subject), '');
  silence bigint;
BEGIN
  IF p_rule IS NULL OR p_rule !~ '^[a-z_]{1,32}$' THEN
    RAISE EXCEPTION 'that is no rule' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_seconds IS NULL OR p_seconds NOT BETWEEN 60 AND 30 * 86400 THEN
    RAISE EXCEPTION 'a silence lasts from a minute to 30 days' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM gkm.end_silences(p_rule, about, person_role, reason);
  INSERT INTO gkm.alert_silence (rule, subject, until, silenced_by, reason)
  VALUES (p_rule, about, now() + make_interval(secs => p_seconds), session_user, reason) RETURNING id INTO silence;
  PERFORM gkm.audit('alert.silenced', 'alert_silence', silence::text, NULL, NULL, NULL, person_role, reason,
    ARRAY['rule', p_rule, 'about', about, 'seconds', p_seconds::text]);
  RETURN silence;
END $$;

-- Ends what silences there are of a rule, or of one subject of it. Answers how many there were.
CREATE OR REPLACE FUNCTION api.alert_unsilence(p_rule text, p_subject text, p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  ended integer := gkm.end_silences(p_rule, nullif(btrim(p_subject), ''), person_role, reason);
BEGIN
  IF ended = 0 THEN
    RAISE EXCEPTION 'that rule is not silenced' USING ERRCODE = 'no_data_found';
  END IF;
  RETURN ended;
END $$;

CREATE OR REPLACE FUNCTION gkm.end_silences(p_rule text, p_subject text, p_role text, p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  s record;
  ended integer := 0;
BEGIN
  FOR s IN
    SELECT id FROM gkm.alert_silence
    WHERE rule = p_rule AND subject IS NOT DISTINCT FROM p_subject AND ended_at IS NULL AND until > now()
    ORDER BY id FOR UPDATE
  LOOP
    UPDATE gkm.alert_silence SET ended_at = now(), version = version + 1 WHERE id = s.id;
    PERFORM gkm.audit('alert.unsilenced', 'alert_silence', s.id::text, NULL, NULL, NULL, p_role, p_reason,
      ARRAY['rule', p_rule, 'about', p_subject]);
    ended := ended + 1;
  END LOOP;
  RETURN ended;
END $$;
RESET ROLE;
