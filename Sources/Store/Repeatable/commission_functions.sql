-- Commission rules: an admin adds one from a moment on, ends one, or takes one back before it begins. What was sold
-- keeps the terms that stand on its line. Written anew whenever this text changes.
SET ROLE gkm_api;

-- The amounts of a rule, {"eur": {"fixed": 30, "min": 50, "max": 500}}, or an error that names what is wrong with them.
CREATE OR REPLACE FUNCTION gkm.demand_commission_amounts(p_amounts jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
DECLARE
  part record;
  one record;
BEGIN
  IF jsonb_typeof(coalesce(p_amounts, '{}')) <> 'object' THEN
    RAISE EXCEPTION 'the amounts are an object by currency' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR part IN SELECT e.key, e.value FROM jsonb_each(coalesce(p_amounts, '{}')) e LOOP
    IF part.key !~ '^[a-z]{3}$' THEN
      RAISE EXCEPTION '“%” is no currency: three lower-case letters are', left(part.key, 20)
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF jsonb_typeof(part.value) <> 'object' THEN
      RAISE EXCEPTION 'the amounts in % are an object of fixed, min and max', upper(part.key)
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR one IN SELECT e.key, e.value FROM jsonb_each(part.value) e LOOP
      IF one.key NOT IN ('fixed', 'min', 'max') THEN
        RAISE EXCEPTION 'there is no amount “%” in %; there are fixed, min and max', left(one.key, 20), upper(part.key)
          USING ERRCODE = 'invalid_parameter_value';
      END IF;
      IF one.value::text !~ '^(0|[1-9][0-9]{0,13})$' THEN
        RAISE EXCEPTION '% in % is a whole number of minor units, from 0 to 99999999999999', one.key, upper(part.key)
          USING ERRCODE = 'invalid_parameter_value';
      END IF;
    END LOOP;
    IF (part.value ->> 'min')::bigint > (part.value ->> 'max')::bigint THEN
      RAISE EXCEPTION 'in % the least commission is above the greatest', upper(part.key)
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
  END LOOP;
  RETURN coalesce(p_amounts, '{}');
END $$;

-- Refuses a scope that nothing sold could ever be in.
CREATE OR REPLACE FUNCTION gkm.demand_commission_scope(p_vendor bigint, p_category text, p_product bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF p_category IS NOT NULL AND p_product IS NOT NULL THEN
    RAISE EXCEPTION 'a rule is for a category or for a product, not for both' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_vendor IS NOT NULL AND NOT EXISTS (SELECT FROM gkm.vendor v WHERE v.id = p_vendor) THEN
    RAISE EXCEPTION 'there is no vendor %', p_vendor USING ERRCODE = 'no_data_found';
  END IF;
  IF p_product IS NOT NULL AND NOT EXISTS (SELECT FROM gkm.product p WHERE p.id = p_product) THEN
    RAISE EXCEPTION 'there is no product %', p_product USING ERRCODE = 'no_data_found';
  END IF;
  IF p_category IS NOT NULL AND NOT EXISTS (SELECT FROM gkm.product p WHERE p.category = p_category) THEN
    RAISE EXCEPTION 'no product is of the category “%”', left(p_category, 60) USING ERRCODE = 'no_data_found';
  END IF;
END $$;

-- A rule that begins at `p_from` (NULL: now) and ends at `p_until` (NULL: never). The rule of the same scope that holds
-- then is cut short; `p_version` is that rule's, 0 where there is none. Answers {rule, version, from, replaces}.
CREATE OR REPLACE FUNCTION api.commission_set(
  p_vendor bigint, p_category text, p_product bigint, p_basis_points integer, p_amounts jsonb, p_from timestamptz,
  p_until timestamptz, p_version bigint, p_reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET timezone = 'UTC' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  terms jsonb := gkm.demand_commission_amounts(p_amounts);
  begins timestamptz := coalesce(p_from, transaction_timestamp());
  was gkm.commission_rule;
  later gkm.commission_rule;
  made gkm.commission_rule;
BEGIN
  PERFORM gkm.demand_commission_scope(p_vendor, p_category, p_product);
  IF p_basis_points IS NULL OR p_basis_points NOT BETWEEN 0 AND 10000 THEN
    RAISE EXCEPTION 'basis points are 0 to 10000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF begins < transaction_timestamp() THEN
    RAISE EXCEPTION 'a rule cannot begin in the past: what was sold keeps its terms'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT isfinite(begins) OR NOT isfinite(p_until) OR p_until <= begins THEN
    RAISE EXCEPTION 'a rule ends after it begins' USING ERRCODE = 'invalid_parameter_value';
  END IF;

  SELECT * INTO was FROM gkm.commission_rule r
  WHERE r.vendor_id IS NOT DISTINCT FROM p_vendor AND r.category IS NOT DISTINCT FROM p_category
    AND r.product_id IS NOT DISTINCT FROM p_product AND r.withdrawn_at IS NULL AND r.valid @> begins
  FOR NO KEY UPDATE;
  IF coalesce(was.version, 0) IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'the rule for this changed since it was shown: %', CASE WHEN was.id IS NULL THEN 'there is none now'
      ELSE 'it is rule ' || was.id || ' with ' || was.basis_points || ' basis points now' END
      USING ERRCODE = 'serialization_failure';
  END IF;
  SELECT * INTO later FROM gkm.commission_rule r
  WHERE r.vendor_id IS NOT DISTINCT FROM p_vendor AND r.category IS NOT DISTINCT FROM p_category
    AND r.product_id IS NOT DISTINCT FROM p_product AND r.withdrawn_at IS NULL AND lower(r.valid) >= begins
    AND (p_until IS NULL OR lower(r.valid) < p_until)
  ORDER BY lower(r.valid) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'rule % for the same begins on % already: take it back first, or let this one end by then', later.id,
      to_char(lower(later.valid), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  IF was.id IS NOT NULL THEN
    UPDATE gkm.commission_rule SET valid = tstzrange(lower(valid), begins), version = version + 1 WHERE id = was.id;
    PERFORM gkm.audit('commission.ended', 'commission_rule', was.id::text, NULL, NULL, was.vendor_id, person_role, reason,
      ARRAY['until', begins::text, 'scope', was.scope]);
  END IF;
  INSERT INTO gkm.commission_rule (vendor_id, category, product_id, basis_points, amounts, valid, replaces_id,
    replaced_until)
  VALUES (p_vendor, p_category, p_product, p_basis_points, terms, tstzrange(begins, p_until), was.id, upper(was.valid))
  RETURNING * INTO made;
  PERFORM gkm.audit('commission.changed', 'commission_rule', made.id::text, NULL, NULL, made.vendor_id, person_role,
    reason,
    ARRAY['scope', made.scope, 'basis_points', made.basis_points::text, 'amounts', made.amounts::text,
      'from', begins::text, 'until', p_until::text, 'replaces', was.id::text]);
  RETURN jsonb_build_object('rule', made.id, 'version', made.version, 'from', begins, 'replaces', was.id);
EXCEPTION WHEN exclusion_violation THEN
  RAISE EXCEPTION 'another rule for the same was set meanwhile' USING ERRCODE = 'serialization_failure';
END $$;

-- Lets a rule end at `p_until` (NULL: now), sooner than it would. Answers its new version.
CREATE OR REPLACE FUNCTION api.commission_end(p_rule bigint, p_version bigint, p_until timestamptz, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET timezone = 'UTC' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  ends timestamptz := coalesce(p_until, transaction_timestamp());
  r gkm.commission_rule := gkm.commission_to_change(p_rule, p_version);
BEGIN
  IF ends < transaction_timestamp() THEN
    RAISE EXCEPTION 'a rule cannot end in the past: what was sold keeps its terms'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT r.valid @> ends OR ends = lower(r.valid) THEN
    RAISE EXCEPTION 'rule % does not hold then: it holds from % to %', r.id, coalesce(lower(r.valid)::text, 'ever'),
      coalesce(upper(r.valid)::text, 'for good') USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.commission_rule SET valid = tstzrange(lower(valid), ends), version = version + 1 WHERE id = r.id;
  PERFORM gkm.audit('commission.ended', 'commission_rule', r.id::text, NULL, NULL, r.vendor_id, person_role, reason,
    ARRAY['until', ends::text, 'was', upper(r.valid)::text, 'scope', r.scope]);
  RETURN r.version + 1;
END $$;

-- Takes a rule back that has not begun; the one that was cut short for it holds on. Answers its new version.
CREATE OR REPLACE FUNCTION api.commission_withdraw(p_rule bigint, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET timezone = 'UTC' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  r gkm.commission_rule := gkm.commission_to_change(p_rule, p_version);
  earlier gkm.commission_rule;
  ends timestamptz;
BEGIN
  IF lower_inf(r.valid) OR lower(r.valid) <= transaction_timestamp() THEN
    RAISE EXCEPTION 'rule % holds since %: let it end instead', r.id, coalesce(lower(r.valid)::text, 'ever')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.commission_rule SET withdrawn_at = transaction_timestamp(), version = version + 1 WHERE id = r.id;
  PERFORM gkm.audit('commission.withdrawn', 'commission_rule', r.id::text, NULL, NULL, r.vendor_id, person_role, reason,
    ARRAY['scope', r.scope, 'from', lower(r.valid)::text]);
  SELECT * INTO earlier FROM gkm.commission_rule e
  WHERE e.id = r.replaces_id AND e.withdrawn_at IS NULL AND upper(e.valid) = lower(r.valid) FOR NO KEY UPDATE;
  IF FOUND THEN
    SELECT least(r.replaced_until, min(lower(x.valid))) INTO ends FROM gkm.commission_rule x
    WHERE x.scope = r.scope AND x.withdrawn_at IS NULL AND lower(x.valid) >= lower(r.valid);
    UPDATE gkm.commission_rule SET valid = tstzrange(lower(valid), ends), version = version + 1 WHERE id = earlier.id;
    PERFORM gkm.audit('commission.resumed', 'commission_rule', earlier.id::text, NULL, NULL, earlier.vendor_id,
      person_role, reason, ARRAY['scope', earlier.scope, 'until', ends::text]);
  END IF;
  RETURN r.version + 1;
END $$;

-- The rule, locked, if it is still what was shown.
CREATE OR REPLACE FUNCTION gkm.commission_to_change(p_rule bigint, p_version bigint) RETURNS gkm.commission_rule
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  r gkm.commission_rule;
BEGIN
  SELECT * INTO r FROM gkm.commission_rule WHERE id = p_rule FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no commission rule %', p_rule USING ERRCODE = 'no_data_found';
  END IF;
  IF r.withdrawn_at IS NOT NULL THEN
    RAISE EXCEPTION 'rule % was taken back', p_rule USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF r.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'rule % changed since it was shown', p_rule USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN r;
END $$;
RESET ROLE;
