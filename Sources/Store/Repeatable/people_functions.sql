-- Making and ending people. Owned by gkm_people, the only role with CREATEROLE, which owns nothing else and has no
-- members. A clear password never comes here: the caller hands over a SCRAM verifier made on the client.
-- `gkm.person_insert` and `gkm.person_end` write the row and its audit event; they come with the migrations.

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
  IF p_verifier IS NOT NULL AND p_verifier !~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' THEN
    RAISE EXCEPTION 'a password is taken only as a SCRAM verifier' USING ERRCODE = 'invalid_parameter_value';
  END IF;
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

ALTER FUNCTION api.person_add(text, text, text, bigint, text) OWNER TO gkm_people;
ALTER FUNCTION api.person_disable(text, text) OWNER TO gkm_people;
REVOKE EXECUTE ON FUNCTION api.person_add(text, text, text, bigint, text), api.person_disable(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.person_add(text, text, text, bigint, text), api.person_disable(text, text) TO gkm_admin;
GRANT pg_signal_backend TO gkm_people;
