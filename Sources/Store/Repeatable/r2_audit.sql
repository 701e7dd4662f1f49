-- Audit events written from SQL, in the same bytes that Market's AuditRecord writes ("gkm-audit v1").
SET ROLE gkm_audit_owner;

CREATE OR REPLACE FUNCTION gkm.audit_line(key text, value text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT key || ' ' || replace(replace(value, '\', '\\'), E'\n', '\n') || E'\n'
$$;

-- What is sealed names nobody: an address in what people write is replaced (Market's PersonalText).
CREATE OR REPLACE FUNCTION gkm.nameless(value text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT regexp_replace(value, '[^\s<>()\[\]"'',;:]+@[^\s<>()\[\]"'',;:]+', '(address)', 'g')
$$;

-- Writes one event of the signed-in person. `details` is name, value, name, value; names are sorted here.
CREATE OR REPLACE FUNCTION gkm.audit(
  p_action text, p_subject_kind text, p_subject_id text, p_order_id bigint, p_order_number text, p_vendor bigint,
  p_role text, p_reason text, p_details text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  body text;
  details text;
  reason text := p_reason::gkm.safe_text;
BEGIN
  -- Where a reason may be left out it is not looked at before: what is said all the same is no longer than any other.
  IF length(reason) > 500 THEN
    RAISE EXCEPTION 'a reason has at most 500 characters' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT string_agg(gkm.audit_line('detail.' || p_details[n], gkm.nameless(p_details[n + 1])), '' ORDER BY p_details[n] COLLATE "C")
  INTO details
  FROM generate_series(1, coalesce(array_length(p_details, 1), 0), 2) AS n
  WHERE p_details[n + 1] IS NOT NULL;

  body := E'gkm-audit v1\n'
    || gkm.audit_line('at', to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    || gkm.audit_line('actor', session_user)
    || gkm.audit_line('role', p_role)
    || gkm.audit_line('action', p_action)
    || gkm.audit_line('subject', p_subject_kind || ' ' || p_subject_id)
    || coalesce(gkm.audit_line('order', p_order_number), '')
    || coalesce(gkm.audit_line('vendor', p_vendor::text), '')
    || coalesce(gkm.audit_line('reason', gkm.nameless(reason)), '')
    || gkm.audit_line('nonce', encode(uuid_send(gen_random_uuid()), 'hex'))
    || coalesce(details, '');

  INSERT INTO gkm.audit_event (at, action, subject_kind, subject_id, order_id, vendor_id, body)
  VALUES (transaction_timestamp(), p_action, p_subject_kind, p_subject_id, p_order_id, p_vendor, convert_to(body, 'UTF8'));
END $$;
GRANT EXECUTE ON FUNCTION gkm.audit(text, text, text, bigint, text, bigint, text, text, text[]), gkm.nameless(text)
  TO gkm_api;
GRANT EXECUTE ON FUNCTION gkm.nameless(text) TO gkm_owner;
RESET ROLE;
