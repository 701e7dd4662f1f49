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
