-- What people do about disputes: evidence is prepared, edited, and handed to the daemon for Stripe.
SET ROLE gkm_api;

-- What is wrong with evidence, in a sentence; NULL where nothing is. Names and limits are Stripe's, as Market's
-- EvidenceField has them: a test compares the two.
CREATE OR REPLACE FUNCTION gkm.evidence_problem(fields jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
DECLARE
  long CONSTANT text[] := ARRAY['access_activity_log', 'cancellation_policy_disclosure', 'cancellation_rebuttal',
    'duplicate_charge_explanation', 'product_description', 'refund_policy_disclosure', 'refund_refusal_explanation',
    'uncategorized_text'];
  short CONSTANT text[] := ARRAY['billing_address', 'customer_email_address', 'customer_name', 'customer_purchase_ip',
    'duplicate_charge_id', 'service_date'];
  files CONSTANT text[] := ARRAY['cancellation_policy', 'customer_communication', 'customer_signature',
    'duplicate_charge_documentation', 'receipt', 'refund_policy', 'service_documentation', 'uncategorized_file'];
  f record;
  most integer;
  total integer := 0;
BEGIN
  IF fields IS NULL OR jsonb_typeof(fields) <> 'object' THEN
    RETURN 'evidence is made of fields';
  END IF;
  FOR f IN SELECT e.key, e.value #>> '{}' AS words, jsonb_typeof(e.value) AS kind FROM jsonb_each(fields) e LOOP
    most := CASE WHEN f.key = ANY (long) THEN 20000 WHEN f.key = ANY (short) THEN 5000 WHEN f.key = ANY (files) THEN 255 END;
    IF most IS NULL THEN
      RETURN format('Stripe has no evidence field called %s', left(f.key, 60));
    ELSIF f.kind <> 'string' OR f.words = '' THEN
      RETURN format('%s is not a text', f.key);
    ELSIF length(f.words) > most THEN
      RETURN format('%s has %s characters; Stripe takes %s', f.key, length(f.words), most);
    ELSIF f.key = ANY (files) AND f.words !~ '^file_[A-Za-z0-9_]+$' THEN
      RETURN format('%s names a file that was uploaded to Stripe: file_…', f.key);
    ELSIF f.words ~ '[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]' THEN
      RETURN format('%s holds a control character', f.key);
    END IF;
    total := total + length(f.words);
  END LOOP;
  IF total > 150000 THEN
    RETURN format('the evidence has %s characters; Stripe takes 150000', total);
  END IF;
  RETURN NULL;
END $$;

-- Refuses what Stripe would.
CREATE OR REPLACE FUNCTION gkm.demand_evidence(fields jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
DECLARE
  problem text := gkm.evidence_problem(fields);
BEGIN
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION '%', problem USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN fields;
END $$;

-- Makes a draft of a dispute's evidence, or fills the one there is anew. `p_version` is the draft's, 0 where there is
-- none. Answers the draft's version.
CREATE OR REPLACE FUNCTION api.prepare_evidence(p_dispute text, p_version bigint, p_fields jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  d gkm.dispute;
  e gkm.dispute_evidence;
BEGIN
  PERFORM gkm.demand_evidence(p_fields);
  PERFORM FROM gkm.orders WHERE id = (SELECT order_id FROM gkm.dispute WHERE id = p_dispute) FOR NO KEY UPDATE;
  SELECT * INTO d FROM gkm.dispute WHERE id = p_dispute;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no dispute %', left(p_dispute, 60) USING ERRCODE = 'no_data_found';
  END IF;
  IF d.standing NOT IN ('open', 'inquiry') THEN
    RAISE EXCEPTION 'a dispute that is % takes no evidence', d.status USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT * INTO e FROM gkm.dispute_evidence WHERE dispute_id = d.id AND state <> 'submitted' FOR UPDATE;
  IF coalesce(e.version, 0) IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this evidence changed since it was shown' USING ERRCODE = 'serialization_failure';
  END IF;
  IF e.state IN ('staging', 'submitting') THEN
    RAISE EXCEPTION 'this evidence is on its way to Stripe' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF e.id IS NULL THEN
    INSERT INTO gkm.dispute_evidence (dispute_id, order_id, fields, prepared_by)
    VALUES (d.id, d.order_id, p_fields, session_user) RETURNING * INTO e;
  ELSE
    UPDATE gkm.dispute_evidence
    SET state = 'draft', fields = p_fields, prepared_by = session_user, updated_at = now(), version = version + 1
    WHERE id = e.id RETURNING * INTO e;
  END IF;
  PERFORM gkm.audit(
    'dispute.evidence.prepared', 'dispute', d.id, d.order_id, (SELECT number FROM gkm.orders WHERE id = d.order_id),
    NULL, person_role, NULL,
    ARRAY['fields', (SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(p_fields) k)]);
  RETURN e.version;
END $$;

-- The draft of that id and version, locked behind its order, for whoever changes it next.
CREATE OR REPLACE FUNCTION gkm.open_evidence(p_evidence bigint, p_version bigint) RETURNS gkm.dispute_evidence
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  e gkm.dispute_evidence;
BEGIN
  PERFORM FROM gkm.orders WHERE id = (SELECT order_id FROM gkm.dispute_evidence WHERE id = p_evidence)
  FOR NO KEY UPDATE;
  SELECT * INTO e FROM gkm.dispute_evidence WHERE id = p_evidence FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no evidence %', p_evidence USING ERRCODE = 'no_data_found';
  END IF;
  IF e.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'this evidence changed since it was shown: it is % now', e.state
      USING ERRCODE = 'serialization_failure';
  END IF;
  IF e.state NOT IN ('draft', 'failed') THEN
    RAISE EXCEPTION '%', CASE e.state WHEN 'submitted' THEN 'this evidence was submitted, which can be done once'
      ELSE 'this evidence is on its way to Stripe' END USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN e;
END $$;

-- Puts a text into one field of a draft; an empty one takes the field out. Answers the draft's new version.
CREATE OR REPLACE FUNCTION api.edit_evidence(p_evidence bigint, p_version bigint, p_field text, p_text text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('support', 'ops', 'admin');
  e gkm.dispute_evidence := gkm.open_evidence(p_evidence, p_version);
  is_empty boolean := coalesce(p_text, '') = '';
  changed jsonb;
BEGIN
  -- Every field there is takes this text.
  PERFORM gkm.demand_evidence(jsonb_build_object(p_field, 'file_x'));
  changed := CASE WHEN is_empty THEN e.fields - p_field ELSE e.fields || jsonb_build_object(p_field, p_text) END;
  PERFORM gkm.demand_evidence(changed);
  UPDATE gkm.dispute_evidence SET state = 'draft', fields = changed, updated_at = now(), version = version + 1
  WHERE id = e.id;
  PERFORM gkm.audit(
    'dispute.evidence.edited', 'dispute', e.dispute_id, e.order_id,
    (SELECT number FROM gkm.orders WHERE id = e.order_id), NULL, person_role, NULL,
    ARRAY['field', p_field, 'characters', CASE WHEN is_empty THEN '0' ELSE length(p_text)::text END]);
  RETURN e.version + 1;
END $$;

-- Hands a draft to the daemon: to be staged at Stripe, or submitted to the bank, which can be done once. Answers the
-- evidence's new version.
CREATE OR REPLACE FUNCTION api.submit_evidence(p_evidence bigint, p_version bigint, p_submits boolean, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  e gkm.dispute_evidence := gkm.open_evidence(p_evidence, p_version);
  d gkm.dispute;
BEGIN
  SELECT * INTO d FROM gkm.dispute WHERE id = e.dispute_id;
  IF d.status NOT IN ('needs_response', 'warning_needs_response') THEN
    RAISE EXCEPTION 'a dispute that is % takes no evidence', d.status USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF e.fields = '{}' THEN
    RAISE EXCEPTION 'there is nothing in this evidence' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM gkm.demand_evidence(e.fields);
  UPDATE gkm.dispute_evidence
  SET state = CASE WHEN p_submits THEN 'submitting' ELSE 'staging' END, round = round + 1, requested_by = session_user,
    requested_at = now(), problem = NULL, updated_at = now(), version = version + 1
  WHERE id = e.id;
  INSERT INTO gkm.job (kind, subject) VALUES ('submit_evidence', e.id::text);
  PERFORM gkm.audit(
    'dispute.evidence.requested', 'dispute', d.id, d.order_id, (SELECT number FROM gkm.orders WHERE id = d.order_id),
    NULL, person_role, reason,
    ARRAY['evidence', e.id::text, 'round', (e.round + 1)::text, 'submits', CASE WHEN p_submits THEN 'yes' ELSE 'no' END,
      'sha256', encode(sha256(convert_to(e.fields::text, 'UTF8')), 'hex')]);
  RETURN e.version + 1;
END $$;
RESET ROLE;
