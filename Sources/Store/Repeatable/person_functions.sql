-- People: the rows and events behind what gkm_people does to logins (people_functions.sql, written by the bootstrap).
SET ROLE gkm_api;

CREATE OR REPLACE FUNCTION gkm.demand_people_manager() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  -- The cluster's superuser adds the first admin; there is nobody else who could.
  IF (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = session_user) THEN
    RETURN 'admin';
  END IF;
  RETURN gkm.demand_role('admin');
END $$;

-- Refuses whatever is no SCRAM-SHA-256 verifier of 4,096 rounds or more: above all a password in the clear.
CREATE OR REPLACE FUNCTION gkm.demand_verifier(p_verifier text) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
BEGIN
  IF p_verifier IS NULL OR p_verifier !~
    '^SCRAM-SHA-256\$[0-9]{4,7}:[A-Za-z0-9+/]{22,}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$' THEN
    RAISE EXCEPTION 'a password is taken only as a SCRAM verifier' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF substring(p_verifier FROM '\$([0-9]+):')::integer < 4096 THEN
    RAISE EXCEPTION 'a SCRAM verifier has 4096 rounds at least' USING ERRCODE = 'invalid_parameter_value';
  END IF;
END $$;

-- The person's row, locked; an error where nobody of that login has access.
CREATE OR REPLACE FUNCTION gkm.active_person(p_login text) RETURNS gkm.person
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  p gkm.person;
BEGIN
  SELECT * INTO p FROM gkm.person WHERE role_name = p_login AND disabled_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no active person with the login %', coalesce(p_login, 'named')
      USING ERRCODE = 'no_data_found';
  END IF;
  RETURN p;
END $$;

-- Somebody has to be left who can let others in; one who is admin for an hour does not count.
CREATE OR REPLACE FUNCTION gkm.demand_another_admin(p gkm.person) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF p.role <> 'admin' OR p.elevated_until IS NOT NULL
    OR (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = session_user) THEN
    RETURN;
  END IF;
  -- One at a time: two admins who remove each other would leave none.
  PERFORM 1 FROM gkm.person a WHERE a.role = 'admin' AND a.disabled_at IS NULL ORDER BY a.id FOR UPDATE;
  IF NOT EXISTS (
    SELECT FROM gkm.person a WHERE a.role = 'admin' AND a.disabled_at IS NULL AND a.elevated_until IS NULL
      AND a.expires_at IS NULL AND a.id <> p.id) THEN
    RAISE EXCEPTION '% is the last admin without an end: make another one first', p.role_name
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION gkm.person_insert(p_login text, p_display_name text, p_role text, p_vendor bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  manager text := gkm.demand_people_manager();
  person bigint;
BEGIN
  INSERT INTO gkm.person (role_name, display_name, role, vendor_id)
  VALUES (p_login, p_display_name, p_role, p_vendor) RETURNING id INTO person;
  PERFORM gkm.audit('person.added', 'person', person::text, NULL, NULL, p_vendor, manager, NULL,
    ARRAY['login', p_login, 'role', p_role]);
  RETURN person;
END $$;

-- Ends a person's access; answers the role whose group the login is in.
CREATE OR REPLACE FUNCTION gkm.person_end(p_login text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  manager text := gkm.demand_people_manager();
  reason text := gkm.demand_reason(p_reason);
  p gkm.person := gkm.active_person(p_login);
BEGIN
  PERFORM gkm.demand_another_admin(p);
  PERFORM gkm.person_gone(p, manager, reason);
  RETURN p.role;
END $$;

-- What goes with the access, whoever or whatever ends it.
CREATE OR REPLACE FUNCTION gkm.person_gone(p gkm.person, p_by text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM gkm.glass_over(p, p_by, 'the person''s access ended');
  UPDATE gkm.person SET disabled_at = now(), version = version + 1 WHERE id = p.id;
  DELETE FROM gkm.live_pass WHERE person_id = p.id;
  PERFORM gkm.audit('person.disabled', 'person', p.id::text, NULL, NULL, p.vendor_id, p_by, p_reason,
    ARRAY['login', p.role_name, 'role', coalesce(p.elevated_from, p.role)]);
END $$;

-- Lets somebody in again whose access ended, until `p_until` or without end; answers the role that they had and have.
CREATE OR REPLACE FUNCTION gkm.person_back(p_login text, p_until timestamptz, p_has_password boolean, p_reason text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  manager text := gkm.demand_people_manager();
  reason text := gkm.demand_reason(p_reason);
  p gkm.person;
BEGIN
  SELECT * INTO p FROM gkm.person WHERE role_name = p_login FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no person with the login %', coalesce(p_login, 'named') USING ERRCODE = 'no_data_found';
  END IF;
  IF gkm.acting_role(p) IS NOT NULL THEN
    RAISE EXCEPTION '% has access', p_login USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p.elevated_until IS NOT NULL THEN
    RAISE EXCEPTION '% has broken the glass: that has to be over first', p_login
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p_until <= now() THEN
    RAISE EXCEPTION 'that time is over: say a later one, or none' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE gkm.person SET disabled_at = NULL, expires_at = p_until, version = version + 1 WHERE id = p.id;
  -- Nothing that a console of theirs opened Redis with is good again.
  DELETE FROM gkm.live_pass WHERE person_id = p.id;
  PERFORM gkm.audit('person.enabled', 'person', p.id::text, NULL, NULL, p.vendor_id, manager, reason,
    ARRAY['login', p_login, 'role', p.role, 'password', CASE WHEN p_has_password THEN 'new' ELSE 'none' END,
      'until', coalesce(to_char(p_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'without end')]);
  RETURN p.role;
END $$;

-- Holds a person's row as it was shown until the transaction ends; an error where it moved on since. What is done behind
-- it is done to what was looked at.
CREATE OR REPLACE FUNCTION api.person_unchanged(p_login text, p_version bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  now_at bigint;
BEGIN
  PERFORM gkm.demand_people_manager();
  SELECT p.version INTO now_at FROM gkm.person p WHERE p.role_name = p_login FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no person with the login %', coalesce(p_login, 'named') USING ERRCODE = 'no_data_found';
  END IF;
  IF now_at IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION '% changed since they were shown', p_login USING ERRCODE = 'serialization_failure';
  END IF;
END $$;

-- Makes a person something else; answers what they were.
CREATE OR REPLACE FUNCTION gkm.person_turn(p_login text, p_role text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  manager text := gkm.demand_people_manager();
  reason text := gkm.demand_reason(p_reason);
  p gkm.person := gkm.active_person(p_login);
BEGIN
  IF p_role IS NULL OR p_role NOT IN ('support', 'ops', 'admin') THEN
    RAISE EXCEPTION 'a person of the staff is support, ops or admin' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p.elevated_until IS NOT NULL THEN
    RAISE EXCEPTION '% has broken the glass: that has to be over first', p_login
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p.role = p_role THEN
    RAISE EXCEPTION '% is % already', p_login, p_role USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p.role = 'vendor' THEN
    RAISE EXCEPTION 'a vendor''s login is never one of the staff: add a person'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM gkm.demand_another_admin(p);
  UPDATE gkm.person SET role = p_role, version = version + 1 WHERE id = p.id;
  PERFORM gkm.audit('person.changed', 'person', p.id::text, NULL, NULL, p.vendor_id, manager, reason,
    ARRAY['login', p_login, 'role', p_role, 'was', p.role]);
  RETURN p.role;
END $$;

CREATE OR REPLACE FUNCTION gkm.person_until(p_login text, p_until timestamptz, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  manager text := gkm.demand_people_manager();
  reason text := gkm.demand_reason(p_reason);
  p gkm.person := gkm.active_person(p_login);
BEGIN
  IF p_until <= now() THEN
    RAISE EXCEPTION 'that time is over: disable the person instead' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_until IS NOT NULL THEN PERFORM gkm.demand_another_admin(p); END IF;
  UPDATE gkm.person SET expires_at = p_until, version = version + 1 WHERE id = p.id;
  PERFORM gkm.audit('person.changed', 'person', p.id::text, NULL, NULL, p.vendor_id, manager, reason,
    ARRAY['login', p_login, 'until', coalesce(to_char(p_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'without end')]);
END $$;

-- One's own password, or as an admin another's, with a reason.
CREATE OR REPLACE FUNCTION gkm.person_password_changed(p_login text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  by_role text := gkm.demand_role('support', 'ops', 'vendor', 'admin');
  reason text;
  p gkm.person;
BEGIN
  -- Whether there is such a login is told to whoever may change it.
  IF p_login <> session_user THEN
    by_role := gkm.demand_people_manager();
    reason := gkm.demand_reason(p_reason);
  END IF;
  p := gkm.active_person(p_login);
  UPDATE gkm.person SET version = version + 1 WHERE id = p.id;
  DELETE FROM gkm.live_pass WHERE person_id = p.id;
  PERFORM gkm.audit('person.changed', 'person', p.id::text, NULL, NULL, p.vendor_id, by_role, reason,
    ARRAY['login', p_login, 'password', 'changed']);
END $$;

-- The glass ------------------------------------------------------------------------------------------------------

-- Tells every channel of the team, whatever is silenced.
CREATE OR REPLACE FUNCTION gkm.glass_tell(p_what text, p_key text, p_title text, p_detail text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  SELECT gkm.notice_add(p_what, 'team', 'break_glass/' || p_key, NULL, NULL, jsonb_build_object(
    'title', p_title, 'detail', gkm.nameless(p_detail), 'severity', 'page',
    'since', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'lasted', 'its time'))
$$;

-- Puts a new code into the envelope; the one before it is good for nothing any more.
CREATE OR REPLACE FUNCTION api.break_glass_seal(p_digest bytea, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  code bigint;
  old bigint;
BEGIN
  IF EXISTS (SELECT FROM gkm.person p WHERE p.role_name = session_user AND p.elevated_until IS NOT NULL) THEN
    RAISE EXCEPTION 'who has broken the glass does not seal the next code: an admin does'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF p_digest IS NULL OR octet_length(p_digest) <> 32 THEN
    RAISE EXCEPTION 'a code is taken only as its digest' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE gkm.break_glass SET state = 'withdrawn', version = version + 1 WHERE state = 'sealed' RETURNING id INTO old;
  INSERT INTO gkm.break_glass (digest) VALUES (p_digest) RETURNING id INTO code;
  IF old IS NOT NULL THEN
    PERFORM gkm.audit('break_glass.withdrawn', 'break_glass', old::text, NULL, NULL, NULL, person_role, reason, NULL);
  END IF;
  PERFORM gkm.audit('break_glass.sealed', 'break_glass', code::text, NULL, NULL, NULL, person_role, reason, NULL);
  RETURN code;
END $$;

-- Breaks it: the signed-in person is an admin for a while. `until` is NULL where the code was wrong, which is told to
-- everybody too. Called by api.break_glass, which changes the login.
CREATE OR REPLACE FUNCTION gkm.glass_break(
  p_proof bytea, p_reason text, p_minutes integer, OUT was text, OUT until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops');
  p_why text := gkm.demand_reason(p_reason);
  p gkm.person := gkm.active_person(session_user);
  code bigint;
  tries bigint;
BEGIN
  IF p_minutes IS NULL OR p_minutes NOT BETWEEN 5 AND 240 THEN
    RAISE EXCEPTION 'the glass is broken for 5 to 240 minutes' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT count(*) INTO tries FROM gkm.break_glass_try t WHERE t.person_id = p.id AND t.tried_at > now() - interval '1 hour';
  IF tries >= 5 THEN
    RAISE EXCEPTION 'too many wrong codes within an hour' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.break_glass
  SET state = 'broken', person_id = p.id, reason = p_why, broken_at = now(),
    until = now() + make_interval(mins => p_minutes), version = version + 1
  WHERE state = 'sealed' AND digest = sha256(p_proof) RETURNING id INTO code;
  IF NOT FOUND THEN
    INSERT INTO gkm.break_glass_try (person_id) VALUES (p.id);
    PERFORM gkm.audit('break_glass.refused', 'person', p.id::text, NULL, NULL, NULL, person_role, p_why,
      ARRAY['login', p.role_name]);
    PERFORM gkm.glass_tell('alert', 'refused/' || p.id || '/' || extract(epoch FROM now()),
      'Somebody tried to break the glass',
      p.role_name || ' (' || person_role || ') gave a wrong code. Reason given: ' || p_why);
    RETURN;
  END IF;
  was := person_role;
  until := now() + make_interval(mins => p_minutes);
  UPDATE gkm.person SET role = 'admin', elevated_from = was, elevated_until = glass_break.until, version = version + 1
  WHERE id = p.id;
  PERFORM gkm.audit('break_glass.used', 'break_glass', code::text, NULL, NULL, NULL, was, p_why,
    ARRAY['login', p.role_name, 'minutes', p_minutes::text]);
  PERFORM gkm.audit('person.changed', 'person', p.id::text, NULL, NULL, NULL, was, p_why,
    ARRAY['login', p.role_name, 'role', 'admin', 'was', was]);
  PERFORM gkm.glass_tell('alert', code::text, 'The glass is broken',
    p.role_name || ' (' || was || ') is admin until ' || to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
    || '. Reason given: ' || p_why);
END $$;

-- Ends it, before the person's row is changed: the code's row, its event, and the word to everybody.
CREATE OR REPLACE FUNCTION gkm.glass_over(p gkm.person, p_by text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  code bigint;
BEGIN
  IF p.elevated_until IS NULL THEN RETURN; END IF;
  UPDATE gkm.break_glass SET state = 'over', ended_at = now(), version = version + 1
  WHERE person_id = p.id AND state = 'broken' RETURNING id INTO code;
  UPDATE gkm.person SET role = p.elevated_from, elevated_from = NULL, elevated_until = NULL, version = version + 1
  WHERE id = p.id;
  PERFORM gkm.audit('break_glass.ended', 'break_glass', code::text, NULL, NULL, NULL, p_by, p_reason,
    ARRAY['login', p.role_name]);
  PERFORM gkm.audit('person.changed', 'person', p.id::text, NULL, NULL, NULL, p_by, p_reason,
    ARRAY['login', p.role_name, 'role', p.elevated_from, 'was', 'admin']);
  PERFORM gkm.glass_tell('alert_recovered', code || '/over', 'The glass is broken',
    p.role_name || ' is ' || p.elevated_from || ' again: ' || p_reason);
END $$;

-- Ends it before its time: the one who broke it, or an admin. Answers what they are again.
CREATE OR REPLACE FUNCTION gkm.glass_end(p_login text, p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_people_manager();
  reason text := gkm.demand_reason(p_reason);
  p gkm.person := gkm.active_person(p_login);
BEGIN
  IF p.elevated_until IS NULL THEN
    RAISE EXCEPTION '% has not broken the glass', p_login USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM gkm.glass_over(p, person_role, reason);
  RETURN p.elevated_from;
END $$;

-- What time brings ------------------------------------------------------------------------------------------------

-- Whose access, or whose time as an admin, is over: the rows and events. `becomes` is NULL for who has no access any more.
CREATE OR REPLACE FUNCTION gkm.people_due() RETURNS TABLE (login text, was text, becomes text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  p gkm.person;
BEGIN
  FOR p IN
    SELECT * FROM gkm.person q
    WHERE q.disabled_at IS NULL AND (q.expires_at IS NOT NULL OR q.elevated_until IS NOT NULL)
      AND least(q.expires_at, q.elevated_until) <= now()
    ORDER BY q.id FOR UPDATE SKIP LOCKED
  LOOP
    login := p.role_name;
    was := p.role;
    IF p.expires_at <= now() THEN
      PERFORM gkm.person_gone(p, 'daemon', 'the time that was set is over');
      becomes := NULL;
    ELSE
      PERFORM gkm.glass_over(p, 'daemon', 'the time that was asked for is over');
      becomes := p.elevated_from;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

-- The logins of people who have no access.
CREATE OR REPLACE FUNCTION gkm.people_ended() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT p.role_name FROM gkm.person p WHERE p.disabled_at IS NOT NULL
$$;

-- Notes who is signed in right now, with how many sessions; the times of others stay.
CREATE OR REPLACE FUNCTION gkm.people_seen(p_logins text[], p_sessions integer[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  UPDATE gkm.person_seen s SET sessions = 0
  FROM gkm.person p WHERE p.id = s.person_id AND s.sessions > 0 AND NOT p.role_name = ANY (p_logins);
  INSERT INTO gkm.person_seen (person_id, last_seen_at, sessions)
  SELECT p.id, now(), l.sessions
  FROM unnest(p_logins, p_sessions) AS l (login, sessions) JOIN gkm.person p ON p.role_name = l.login
  ORDER BY p.id
  ON CONFLICT (person_id) DO UPDATE SET last_seen_at = excluded.last_seen_at, sessions = excluded.sessions
  WHERE person_seen.sessions <> excluded.sessions OR person_seen.last_seen_at < now() - interval '15 seconds'
$$;

-- Notes that the signed-in person is here: also sessions that last for less than a look are seen.
CREATE OR REPLACE FUNCTION api.here() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  INSERT INTO gkm.person_seen (person_id, last_seen_at, sessions)
  SELECT p.id, now(), 0 FROM gkm.person p WHERE p.role_name = session_user AND gkm.acting_role(p) IS NOT NULL
  ON CONFLICT (person_id) DO UPDATE SET last_seen_at = excluded.last_seen_at
  WHERE person_seen.last_seen_at < now() - interval '15 seconds'
$$;

-- Redis -------------------------------------------------------------------------------------------------------------

-- Takes the digest of the password that a console of the staff made up for Redis. It holds for twelve hours, and for
-- twelve more each time it is said again. Of one person's the newest eight hold.
CREATE OR REPLACE FUNCTION api.live_pass(p_digest bytea) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  me bigint;
  held timestamptz;
BEGIN
  PERFORM gkm.demand_role('support', 'ops', 'admin');
  SELECT p.id INTO me FROM gkm.person p WHERE p.role_name = session_user FOR NO KEY UPDATE;
  IF p_digest IS NULL OR octet_length(p_digest) <> 32 THEN
    RAISE EXCEPTION 'a password for Redis is taken only as its digest' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  DELETE FROM gkm.live_pass l WHERE l.person_id = me AND (l.digest = p_digest OR l.expires_at <= now() OR l.id IN (
    SELECT o.id FROM gkm.live_pass o WHERE o.person_id = me ORDER BY o.id DESC OFFSET 7));
  INSERT INTO gkm.live_pass (person_id, digest, expires_at) VALUES (me, p_digest, now() + interval '12 hours')
  RETURNING expires_at INTO held;
  RETURN held;
END $$;

GRANT EXECUTE ON FUNCTION gkm.demand_verifier(text), gkm.person_insert(text, text, text, bigint),
  gkm.person_end(text, text),
  gkm.person_turn(text, text, text), gkm.person_until(text, timestamptz, text),
  gkm.person_back(text, timestamptz, boolean, text), gkm.person_password_changed(text, text), gkm.glass_break(bytea, text, integer), gkm.glass_end(text, text),
  gkm.people_due(), gkm.people_ended(), gkm.people_seen(text[], integer[]) TO gkm_people;
RESET ROLE;
