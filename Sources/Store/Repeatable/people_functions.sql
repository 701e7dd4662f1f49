-- Making and ending people. Owned by gkm_people, the only role with CREATEROLE, which owns nothing else and has no
-- members. A clear password never comes here: the caller hands over a SCRAM verifier made on the client.
-- The functions of schema gkm that are called here write the rows and their audit events; they come with the
-- migrations (person_functions.sql).

CREATE OR REPLACE FUNCTION api.person_add(
  p_login text, p_display_name text, p_role text, p_vendor bigint, p_verifier text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person bigint;
BEGIN
  IF p_login !~ '^[a-z][a-z0-9_]{1,62}$' OR p_login ~ '^(gkm_|pg_)' THEN
    RAISE EXCEPTION 'a login is 2 to 63 lower-case letters, digits and _, and starts with a letter'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_role NOT IN ('support', 'ops', 'vendor', 'admin') THEN
    RAISE EXCEPTION 'there is no role %; there are support, ops, vendor and admin', p_role
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_verifier IS NOT NULL THEN PERFORM gkm.demand_verifier(p_verifier); END IF;
  person := gkm.person_insert(p_login, p_display_name, p_role, p_vendor);
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = p_login) THEN
    EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS CONNECTION LIMIT 12', p_login);
  ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = p_login AND (rolsuper OR rolbypassrls OR rolcreaterole)) THEN
    RAISE EXCEPTION 'the login % exists and is not an ordinary one', p_login USING ERRCODE = 'duplicate_object';
  END IF;
  EXECUTE format('GRANT %I TO %I', 'gkm_' || p_role, p_login);
  EXECUTE format('ALTER ROLE %I SET statement_timeout TO ''30s''', p_login);
  IF p_verifier IS NOT NULL THEN
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', p_login, p_verifier);
  END IF;
  RETURN person;
END $$;

CREATE OR REPLACE FUNCTION api.person_disable(p_login text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  was text;
BEGIN
  was := gkm.person_end(p_login, p_reason);
  EXECUTE format('ALTER ROLE %I NOLOGIN', p_login);
  EXECUTE format('REVOKE %I FROM %I', 'gkm_' || was, p_login);
  PERFORM pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a WHERE a.usename = p_login;
END $$;

-- Lets somebody in again who left. What opened the login before opens it no more: the password is the one whose verifier
-- is given, or none, which leaves the system's user of that name and certificates.
CREATE OR REPLACE FUNCTION api.person_enable(p_login text, p_verifier text, p_until timestamptz, p_reason text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  role text;
BEGIN
  -- Looks first at who asks.
  role := gkm.person_back(p_login, p_until, p_verifier IS NOT NULL, p_reason);
  IF p_verifier IS NOT NULL THEN PERFORM gkm.demand_verifier(p_verifier); END IF;
  -- A database that was restored into another cluster may name logins that are not there.
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = p_login) THEN
    EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS CONNECTION LIMIT 12', p_login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout TO ''30s''', p_login);
  ELSIF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = p_login AND (rolsuper OR rolbypassrls OR rolcreaterole)) THEN
    RAISE EXCEPTION 'the login % is not an ordinary one', p_login USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  EXECUTE format('GRANT %I TO %I', 'gkm_' || role, p_login);
  EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L VALID UNTIL %L', p_login, p_verifier,
    coalesce(p_until::text, 'infinity'));
END $$;

-- A role's group is left and another one joined; sessions that are open knew the one before, and end.
CREATE OR REPLACE FUNCTION api.person_role(p_login text, p_role text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  was text;
BEGIN
  -- Looks first at who asks.
  was := gkm.person_turn(p_login, p_role, p_reason);
  EXECUTE format('REVOKE %I FROM %I', 'gkm_' || was, p_login);
  EXECUTE format('GRANT %I TO %I', 'gkm_' || p_role, p_login);
  PERFORM pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
  WHERE a.usename = p_login AND a.pid <> pg_catalog.pg_backend_pid();
END $$;

-- Until when they have access; NULL: without end. With a password the server itself holds to it, at each sign-in; any
-- other way in is closed by api.people_keep.
CREATE OR REPLACE FUNCTION api.person_until(p_login text, p_until timestamptz, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM gkm.person_until(p_login, p_until, p_reason);
  EXECUTE format('ALTER ROLE %I VALID UNTIL %L', p_login, coalesce(p_until::text, 'infinity'));
END $$;

-- A new password, one's own or as an admin another's. Other sessions of that login end: they may be a thief's.
CREATE OR REPLACE FUNCTION api.person_password(p_login text, p_verifier text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  -- Looks first at who asks.
  PERFORM gkm.person_password_changed(p_login, p_reason);
  PERFORM gkm.demand_verifier(p_verifier);
  EXECUTE format('ALTER ROLE %I PASSWORD %L', p_login, p_verifier);
  PERFORM pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
  WHERE a.usename = p_login AND a.pid <> pg_catalog.pg_backend_pid();
END $$;

-- Breaks the glass with the SHA-256 of the code in the envelope: the signed-in person is an admin until the answered
-- time; NULL: the code was wrong. Tells everybody either way.
CREATE OR REPLACE FUNCTION api.break_glass(p_proof bytea, p_reason text, p_minutes integer) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  g record;
BEGIN
  SELECT * INTO g FROM gkm.glass_break(p_proof, p_reason, p_minutes);
  IF g.until IS NULL THEN RETURN NULL; END IF;
  EXECUTE format('REVOKE %I FROM %I', 'gkm_' || g.was, session_user);
  EXECUTE format('GRANT gkm_admin TO %I', session_user);
  RETURN g.until;
END $$;

CREATE OR REPLACE FUNCTION api.break_glass_end(p_login text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  becomes text := gkm.glass_end(p_login, p_reason);
BEGIN
  EXECUTE format('REVOKE gkm_admin FROM %I', p_login);
  EXECUTE format('GRANT %I TO %I', 'gkm_' || becomes, p_login);
  PERFORM pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
  WHERE a.usename = p_login AND a.pid <> pg_catalog.pg_backend_pid();
END $$;

-- What the daemon has done every few seconds: ends what is over, cuts sessions that slipped in while a login was being
-- ended, and notes who is there. It decides nothing. Answers who lost what.
CREATE OR REPLACE FUNCTION api.people_keep() RETURNS TABLE (login text, was text, becomes text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  d record;
BEGIN
  IF NOT pg_catalog.pg_has_role(session_user, 'gkm_daemon', 'MEMBER') THEN
    RAISE EXCEPTION 'this is for the daemon' USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOR d IN SELECT * FROM gkm.people_due() LOOP
    -- A database that was restored into another cluster may name logins that are not there.
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = d.login);
    EXECUTE format('REVOKE %I FROM %I', 'gkm_' || d.was, d.login);
    IF d.becomes IS NULL THEN
      EXECUTE format('ALTER ROLE %I NOLOGIN', d.login);
    ELSE
      EXECUTE format('GRANT %I TO %I', 'gkm_' || d.becomes, d.login);
    END IF;
    PERFORM pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a WHERE a.usename = d.login;
    login := d.login;
    was := d.was;
    becomes := d.becomes;
    RETURN NEXT;
  END LOOP;
  PERFORM pg_catalog.pg_terminate_backend(a.pid)
  FROM pg_catalog.pg_stat_activity a JOIN gkm.people_ended() AS e ON e = a.usename::text;
  PERFORM gkm.people_seen(array_agg(s.usename), array_agg(s.n)) FROM (
    SELECT a.usename::text AS usename, count(*)::integer AS n FROM pg_catalog.pg_stat_activity a
    WHERE a.usename IS NOT NULL AND a.datname = pg_catalog.current_database() GROUP BY 1) s;
END $$;

DO $$
DECLARE
  f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['person_add(text, text, text, bigint, text)',
    'person_disable(text, text)', 'person_enable(text, text, timestamptz, text)', 'person_role(text, text, text)', 'person_until(text, timestamptz, text)',
    'person_password(text, text, text)', 'break_glass(bytea, text, integer)', 'break_glass_end(text, text)',
    'people_keep()'] LOOP
    EXECUTE format('ALTER FUNCTION api.%s OWNER TO gkm_people', f);
    EXECUTE format('REVOKE ALL ON FUNCTION api.%s FROM PUBLIC, gkm_support, gkm_ops, gkm_vendor, gkm_admin, gkm_daemon', f);
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION api.person_add(text, text, text, bigint, text), api.person_disable(text, text),
  api.person_enable(text, text, timestamptz, text), api.person_role(text, text, text), api.person_until(text, timestamptz, text),
  api.break_glass_end(text, text) TO gkm_admin;
GRANT EXECUTE ON FUNCTION api.person_password(text, text, text) TO gkm_support, gkm_ops, gkm_vendor, gkm_admin;
GRANT EXECUTE ON FUNCTION api.break_glass(bytea, text, integer) TO gkm_support, gkm_ops;
GRANT EXECUTE ON FUNCTION api.people_keep() TO gkm_daemon;
GRANT pg_signal_backend TO gkm_people;
