-- The queue: what a claim may take, and what people do about kinds of work and dead letters.
SET ROLE gkm_owner;

-- How many jobs of a kind may be claimed now, of those wanted: none while it is paused, and no more than its limits
-- leave. Claimers of a limited kind wait for each other, so that together they stay within it.
CREATE OR REPLACE FUNCTION gkm.claim_allowance(p_kind text, p_wanted integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  k record;
  b record;
  allowed integer := p_wanted;
  filled double precision;
BEGIN
  SELECT paused_at, concurrency, rate_per_second INTO k FROM gkm.job_kind WHERE kind = p_kind;
  IF NOT FOUND THEN RETURN p_wanted; END IF;
  IF k.paused_at IS NOT NULL THEN RETURN 0; END IF;
  IF k.concurrency IS NULL AND k.rate_per_second IS NULL THEN RETURN p_wanted; END IF;

  INSERT INTO gkm.job_budget (kind, tokens) VALUES (p_kind, coalesce(k.rate_per_second, 0)) ON CONFLICT DO NOTHING;
  SELECT tokens, filled_at INTO b FROM gkm.job_budget WHERE kind = p_kind FOR UPDATE;
  IF k.concurrency IS NOT NULL THEN
    SELECT least(allowed, k.concurrency - count(*)) INTO allowed
    FROM gkm.job WHERE kind = p_kind AND lease_token IS NOT NULL AND run_at > clock_timestamp();
  END IF;
  IF k.rate_per_second IS NOT NULL AND allowed > 0 THEN
    -- A second's worth may be saved up; at least one, or a slow kind would never run.
    filled := least(greatest(k.rate_per_second, 1),
      b.tokens + k.rate_per_second * extract(epoch FROM clock_timestamp() - b.filled_at));
    SELECT count(*) INTO allowed FROM (
      SELECT FROM gkm.job WHERE kind = p_kind AND run_at <= now() LIMIT least(allowed, floor(filled)::integer)
    ) due;
    UPDATE gkm.job_budget SET tokens = filled - allowed, filled_at = clock_timestamp() WHERE kind = p_kind;
  END IF;
  RETURN greatest(allowed, 0);
END $$;
GRANT EXECUTE ON FUNCTION gkm.claim_allowance(text, integer) TO gkm_daemon;

-- Takes old months of raw event bodies away, and of the rest what is over for so long.
DROP FUNCTION IF EXISTS gkm.prune(interval, interval);
DROP FUNCTION IF EXISTS gkm.prune(interval, interval, interval);
CREATE OR REPLACE FUNCTION gkm.prune(
  p_bodies interval, p_letters interval, p_alerts interval, p_notices interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  child record;
  month text;
  dropped integer := 0;
BEGIN
  -- Less than what Stripe may still send again by hand is never kept.
  IF p_bodies < interval '31 days' THEN
    RAISE EXCEPTION 'event bodies are kept for 31 days at least' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR child IN
    SELECT c.relname FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'gkm.stripe_event_body'::regclass AND c.relname ~ '^stripe_event_body_[0-9]{6}$'
  LOOP
    month := right(child.relname, 6);
    IF to_timestamp(month || '01', 'YYYYMMDD') + interval '1 month' < now() - p_bodies THEN
      EXECUTE format('DROP TABLE gkm.%I', child.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  -- Rounds of what comes every few seconds are of no use for long.
  DELETE FROM gkm.job_round
  WHERE due_at < now() - interval '14 days' OR (kind = 'watch' AND due_at < now() - interval '1 day');
  DELETE FROM gkm.job_dead WHERE state <> 'dead' AND settled_at < now() - p_letters;
  DELETE FROM gkm.alert a WHERE a.state = 'resolved' AND a.resolved_at < now() - p_alerts
    AND NOT EXISTS (SELECT FROM gkm.alert_ack k WHERE k.alert_id = a.id);
  -- So many in a round: the first one after years must not hold everything up. What may have arrived twice, or came
  -- back, is evidence.
  WITH old AS (
    SELECT n.id FROM gkm.notice n
    WHERE n.created_at < now() - p_notices AND n.updated_at < now() - p_notices AND n.state IN ('sent', 'cancelled')
      AND NOT EXISTS (SELECT FROM gkm.notice_attempt t WHERE t.notice_id = n.id AND t.outcome = 'unknown')
      AND NOT EXISTS (SELECT FROM gkm.bounce b WHERE b.notice_id = n.id)
    ORDER BY n.id LIMIT 10000 FOR UPDATE SKIP LOCKED
  ), attempts AS (
    DELETE FROM gkm.notice_attempt t USING old WHERE t.notice_id = old.id
  )
  DELETE FROM gkm.notice n USING old WHERE n.id = old.id;
  DELETE FROM gkm.slo_minute WHERE minute < now() - interval '90 days';
  DELETE FROM gkm.worker WHERE last_seen < now() - interval '7 days';
  RETURN dropped;
END $$;
GRANT EXECUTE ON FUNCTION gkm.prune(interval, interval, interval, interval) TO gkm_daemon;
RESET ROLE;

SET ROLE gkm_api;

-- Locks a kind's row, made if there was none, and refuses what changed since it was shown (version 0: none was shown).
CREATE OR REPLACE FUNCTION gkm.lock_kind(p_kind text, p_version bigint) RETURNS gkm.job_kind
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  k gkm.job_kind;
BEGIN
  IF p_kind IS NULL OR p_kind !~ '^[a-z_]{1,24}$' THEN
    RAISE EXCEPTION 'that is no kind of work' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO gkm.job_kind (kind, version) VALUES (p_kind, 0) ON CONFLICT DO NOTHING;
  SELECT * INTO k FROM gkm.job_kind WHERE kind = p_kind FOR UPDATE;
  IF k.version IS DISTINCT FROM p_version THEN
    RAISE EXCEPTION 'the work of kind % changed since it was shown', p_kind USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN k;
END $$;

-- Stops a kind from being taken up, on every daemon; what is under way is finished.
CREATE OR REPLACE FUNCTION api.pause_work(p_kind text, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  k gkm.job_kind := gkm.lock_kind(p_kind, p_version);
BEGIN
  IF k.paused_at IS NOT NULL THEN
    RAISE EXCEPTION 'the work of kind % is paused already', p_kind USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.job_kind
  SET paused_at = now(), paused_by = session_user, pause_reason = reason, version = version + 1, changed_at = now()
  WHERE kind = p_kind;
  PERFORM gkm.audit('work.paused', 'work', p_kind, NULL, NULL, NULL, person_role, reason, '{}');
  RETURN k.version + 1;
END $$;

CREATE OR REPLACE FUNCTION api.resume_work(p_kind text, p_version bigint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  k gkm.job_kind := gkm.lock_kind(p_kind, p_version);
BEGIN
  IF k.paused_at IS NULL THEN
    RAISE EXCEPTION 'the work of kind % is not paused', p_kind USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  UPDATE gkm.job_kind
  SET paused_at = NULL, paused_by = NULL, pause_reason = NULL, version = version + 1, changed_at = now()
  WHERE kind = p_kind;
  PERFORM gkm.audit('work.resumed', 'work', p_kind, NULL, NULL, NULL, person_role, reason,
    ARRAY['paused_by', k.paused_by]);
  RETURN k.version + 1;
END $$;

-- Limits a kind; NULL takes a limit away.
CREATE OR REPLACE FUNCTION api.limit_work(
  p_kind text, p_version bigint, p_concurrency integer, p_rate double precision, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  k gkm.job_kind := gkm.lock_kind(p_kind, p_version);
BEGIN
  IF p_concurrency NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION 'the number under way at once is 1 to 10000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT (p_rate > 0 AND p_rate <= 100000) THEN
    RAISE EXCEPTION 'the rate is more than 0 and at most 100000 a second' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE gkm.job_kind
  SET concurrency = p_concurrency, rate_per_second = p_rate, version = version + 1, changed_at = now()
  WHERE kind = p_kind;
  PERFORM gkm.audit('work.limited', 'work', p_kind, NULL, NULL, NULL, person_role, reason,
    ARRAY['concurrency', p_concurrency::text, 'rate_per_second', p_rate::text, 'was_concurrency', k.concurrency::text,
      'was_rate_per_second', k.rate_per_second::text]);
  RETURN k.version + 1;
END $$;

-- Gives dead letters back to the queue, behind everything else that waits if there are many. An event's own quarantine
-- ends with it. Answers how many were dead and are not any more.
CREATE OR REPLACE FUNCTION api.redrive_jobs(p_jobs bigint[], p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  letter gkm.job_dead;
  level smallint := CASE WHEN cardinality(p_jobs) > 10 THEN 2 ELSE 0 END;
  done integer := 0;
BEGIN
  IF p_jobs IS NULL OR cardinality(p_jobs) NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION '1 to 10000 dead letters are redriven at once' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR letter IN SELECT * FROM gkm.job_dead WHERE id = ANY (p_jobs) AND state = 'dead' ORDER BY id FOR UPDATE LOOP
    UPDATE gkm.job_dead SET state = 'redriven', settled_at = now(), settled_by = session_user, version = version + 1 WHERE id = letter.id;
    IF letter.kind = 'apply' THEN
      UPDATE gkm.stripe_event SET state = 'pending', problem = NULL
      WHERE event_id = letter.subject AND state = 'quarantined';
    END IF;
    INSERT INTO gkm.job (kind, subject, priority) VALUES (letter.kind, letter.subject, level);
    PERFORM gkm.audit('job.redriven', 'job', letter.id::text, NULL, NULL, NULL, person_role, reason,
      ARRAY['kind', letter.kind, 'about', letter.subject, 'attempts', letter.attempts::text]);
    done := done + 1;
  END LOOP;
  IF done = 0 THEN
    RAISE EXCEPTION 'there is no such dead letter, or it was settled meanwhile' USING ERRCODE = 'no_data_found';
  END IF;
  RETURN done;
END $$;

-- Says that dead letters need not be done any more. They are kept, as what they are.
CREATE OR REPLACE FUNCTION api.discard_jobs(p_jobs bigint[], p_reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  letter gkm.job_dead;
  done integer := 0;
BEGIN
  IF p_jobs IS NULL OR cardinality(p_jobs) NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION '1 to 10000 dead letters are discarded at once' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR letter IN SELECT * FROM gkm.job_dead WHERE id = ANY (p_jobs) AND state = 'dead' ORDER BY id FOR UPDATE LOOP
    UPDATE gkm.job_dead SET state = 'discarded', settled_at = now(), settled_by = session_user, version = version + 1 WHERE id = letter.id;
    PERFORM gkm.audit('job.discarded', 'job', letter.id::text, NULL, NULL, NULL, person_role, reason,
      ARRAY['kind', letter.kind, 'about', letter.subject]);
    done := done + 1;
  END LOOP;
  IF done = 0 THEN
    RAISE EXCEPTION 'there is no such dead letter, or it was settled meanwhile' USING ERRCODE = 'no_data_found';
  END IF;
  RETURN done;
END $$;

-- Changes what a dead letter is about, before it is redriven.
CREATE OR REPLACE FUNCTION api.edit_dead_job(p_job bigint, p_version bigint, p_subject text, p_reason text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  letter gkm.job_dead;
BEGIN
  SELECT * INTO letter FROM gkm.job_dead WHERE id = p_job FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no dead letter %', p_job USING ERRCODE = 'no_data_found';
  END IF;
  IF letter.version IS DISTINCT FROM p_version OR letter.state <> 'dead' THEN
    RAISE EXCEPTION 'this dead letter changed since it was shown: it is % now', letter.state
      USING ERRCODE = 'serialization_failure';
  END IF;
  IF p_subject IS NULL OR length(p_subject) NOT BETWEEN 1 AND 255 OR p_subject !~ '^[[:graph:]]+( [[:graph:]]+)?$' THEN
    RAISE EXCEPTION 'what a job is about is one or two words of at most 255 characters'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  UPDATE gkm.job_dead SET subject = p_subject::gkm.safe_text, version = version + 1 WHERE id = p_job;
  PERFORM gkm.audit('job.edited', 'job', p_job::text, NULL, NULL, NULL, person_role, reason,
    ARRAY['kind', letter.kind, 'about', p_subject, 'was_about', letter.subject]);
  RETURN letter.version + 1;
END $$;
RESET ROLE;
