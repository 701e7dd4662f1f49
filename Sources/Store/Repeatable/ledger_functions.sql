-- The ledger: what makes its transactions whole, and keeps them as they are. Written anew whenever this text changes.
SET ROLE gkm_audit_owner;

-- Fired at commit, deferred: a transaction has all its postings, they sum to zero in each currency, and an audit event
-- of the same database transaction tells of its order, or of itself.
CREATE OR REPLACE FUNCTION gkm.require_ledger_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  present bigint;
  uneven text;
BEGIN
  SELECT coalesce(sum(c.n), 0), string_agg(upper(c.currency) || ' ' || c.total, ', ') FILTER (WHERE c.total <> 0)
  INTO present, uneven
  FROM (
    SELECT p.currency, count(*) AS n, sum(p.amount) AS total FROM gkm.ledger_posting p WHERE p.tx_id = NEW.id
    GROUP BY p.currency
  ) c;
  IF uneven IS NOT NULL OR present <> NEW.postings THEN
    RAISE EXCEPTION 'ledger transaction % (%) is not whole: % of % postings, off by %', NEW.id, NEW.entry, present,
      NEW.postings, coalesce(uneven, 'nothing')
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_balance', TABLE = TG_TABLE_NAME;
  END IF;
  PERFORM 1 FROM gkm.audit_event e
  WHERE e.order_id = NEW.order_id AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id();
  IF FOUND THEN RETURN NULL; END IF;
  PERFORM 1 FROM gkm.audit_event e
  WHERE e.subject_kind = 'ledger_tx' AND e.subject_id = NEW.id::text AND e.subject_kind <> 'order'
    AND e.at = transaction_timestamp() AND e.xact = pg_current_xact_id();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'ledger transaction % has no audit event in its transaction', NEW.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'require_audit', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
GRANT EXECUTE ON FUNCTION gkm.require_ledger_entry() TO gkm_owner;
RESET ROLE;

SET ROLE gkm_owner;

-- Nobody changes what was posted, the owner of the tables included: a mistake is posted back.
CREATE OR REPLACE FUNCTION gkm.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION '% is never changed, only added to', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'append_only', TABLE = TG_TABLE_NAME;
END $$;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['ledger_account', 'ledger_tx', 'ledger_posting'] LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS append_only ON gkm.%I', t);
    EXECUTE format(
      'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gkm.%I FOR EACH STATEMENT
        EXECUTE FUNCTION gkm.refuse_change()', t);
  END LOOP;
END $$;
RESET ROLE;

-- What a vendor sees: how the commission of each of their own lines of an order came about. Which rule of the market's
-- own it was is told by its number alone.
SET ROLE gkm_vendor_read;
DROP FUNCTION IF EXISTS api.vendor_lines(text);
CREATE FUNCTION api.vendor_lines(p_number text) RETURNS TABLE (id bigint, row_data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  me bigint := api.my_vendor();
BEGIN
  IF me IS NULL THEN
    RAISE EXCEPTION 'permission denied: only a vendor may ask this' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
  SELECT l.id, jsonb_build_object(
    'place', row_number() OVER (ORDER BY l.id), 'title', l.title, 'quantity', l.quantity, 'unit_price', l.unit_price,
    'currency', l.currency, 'bps', l.commission_bps, 'fixed', l.commission_fixed, 'minimum', l.commission_min,
    'maximum', l.commission_max, 'commission', l.commission, 'rule', l.commission_rule_id, 'is_own', r.id IS NOT NULL,
    'category', r.category, 'product_id', r.product_id)
  FROM gkm.vendor_order v
  JOIN gkm.order_line l ON l.order_id = v.order_id AND l.vendor_id = me
  LEFT JOIN gkm.commission_rule r ON r.id = l.commission_rule_id AND r.vendor_id = me
  WHERE v.vendor_id = me AND v.number = upper(p_number)
  ORDER BY l.id;
END $$;
RESET ROLE;
