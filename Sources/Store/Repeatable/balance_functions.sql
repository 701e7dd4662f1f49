-- What vendors are owed: checkpoints of their accounts, and what of it is on hold. Written anew whenever this text changes.
SET ROLE gkm_owner;

-- Brings what is on hold of these orders up to date.
CREATE OR REPLACE FUNCTION gkm.note_holds(p_orders bigint[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
  DELETE FROM gkm.payable_hold WHERE order_id = ANY (p_orders);
  INSERT INTO gkm.payable_hold (order_id, account_id, vendor_id, amount)
  SELECT o.id, p.account_id, p.vendor_id, -sum(p.amount)
  FROM gkm.orders o JOIN gkm.ledger_tx t ON t.order_id = o.id JOIN gkm.ledger_posting p ON p.tx_id = t.id
  WHERE o.id = ANY (p_orders) AND o.state IN ('disputed', 'held') AND p.vendor_id IS NOT NULL
  GROUP BY 1, 2, 3 HAVING sum(p.amount) <> 0;
$$;

-- Fired at commit, deferred: the order's state and its postings are what they will be. Whoever changes either holds the
-- order's row.
CREATE OR REPLACE FUNCTION gkm.note_hold_of_order() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM gkm.note_holds(ARRAY[NEW.id]);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION gkm.note_hold_of_posting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF EXISTS (SELECT FROM gkm.orders o WHERE o.id = NEW.order_id AND o.state IN ('disputed', 'held')) THEN
    PERFORM gkm.note_holds(ARRAY[NEW.order_id]);
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS note_hold ON gkm.orders;
CREATE CONSTRAINT TRIGGER note_hold AFTER UPDATE OF state ON gkm.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN ((OLD.state IN ('disputed', 'held')) <> (NEW.state IN ('disputed', 'held')))
  EXECUTE FUNCTION gkm.note_hold_of_order();
DROP TRIGGER IF EXISTS note_hold ON gkm.ledger_tx;
CREATE CONSTRAINT TRIGGER note_hold AFTER INSERT ON gkm.ledger_tx DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.order_id IS NOT NULL) EXECUTE FUNCTION gkm.note_hold_of_posting();

-- A writer of the ledger has its transaction number before it takes the first number of the ledger's (see below).
CREATE OR REPLACE FUNCTION gkm.number_ledger_writer() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  PERFORM pg_catalog.pg_current_xact_id();
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS number_writer ON gkm.ledger_tx;
CREATE TRIGGER number_writer BEFORE INSERT ON gkm.ledger_tx FOR EACH STATEMENT
  EXECUTE FUNCTION gkm.number_ledger_writer();

-- Moves the checkpoints on, unless that was done within `p_every`. Answers through which transaction they are now; NULL
-- where somebody else is at it, or an older transaction did not end within `p_wait`: then a later call does it. A `p_wait`
-- of NULL says that nobody else writes.
--
-- An entry with a low number can be committed late. So the bound is the highest number that is visible; whoever took a
-- lower one had a number of its transaction before that, which is lower than the one that this takes now; and when all of
-- those have ended there is nothing left to come below the bound. Each statement here has to see what was committed
-- before it: READ COMMITTED.
CREATE OR REPLACE FUNCTION gkm.take_ledger_checkpoint(p_every interval, p_wait interval) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  bound bigint;
  last bigint;
  last_taken timestamptz;
  mine xid8;
  until timestamptz := clock_timestamp() + p_wait;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'checkpoints are taken by transactions that are read committed'
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  IF NOT pg_catalog.pg_try_advisory_xact_lock(7261004) THEN RETURN NULL; END IF;
  SELECT coalesce(max(c.through_tx), 0), max(c.taken_at) INTO last, last_taken FROM gkm.ledger_checkpoint c;
  SELECT coalesce(max(t.id), 0) INTO bound FROM gkm.ledger_tx t;
  IF bound <= last OR last_taken > now() - p_every THEN RETURN last; END IF;
  mine := pg_catalog.pg_current_xact_id();
  WHILE p_wait IS NOT NULL AND pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) < mine LOOP
    IF clock_timestamp() > until THEN RETURN NULL; END IF;
    PERFORM pg_catalog.pg_sleep(0.004);
  END LOOP;
  INSERT INTO gkm.ledger_checkpoint AS c (account_id, vendor_id, through_tx, postings, amount)
  SELECT a.id, a.vendor_id, bound, coalesce(s.n, 0), coalesce(s.amount, 0)
  FROM gkm.ledger_account a LEFT JOIN (
    SELECT p.account_id, count(*) AS n, sum(p.amount) AS amount FROM gkm.ledger_posting p
    WHERE p.tx_id > last AND p.tx_id <= bound AND p.vendor_id IS NOT NULL GROUP BY 1
  ) s ON s.account_id = a.id
  WHERE a.vendor_id IS NOT NULL
  ON CONFLICT (account_id) DO UPDATE SET through_tx = excluded.through_tx, postings = c.postings + excluded.postings,
    amount = c.amount + excluded.amount, taken_at = excluded.taken_at;
  RETURN bound;
END $$;
REVOKE ALL ON FUNCTION gkm.note_holds(bigint[]), gkm.note_hold_of_order(), gkm.note_hold_of_posting(),
  gkm.number_ledger_writer(), gkm.take_ledger_checkpoint(interval, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gkm.take_ledger_checkpoint(interval, interval) TO gkm_daemon;
RESET ROLE;
