-- Work that was given up, and that a person has done again.
SET ROLE gkm_api;

CREATE OR REPLACE FUNCTION api.redrive_job(p_job bigint, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('ops', 'admin');
  reason text := gkm.demand_reason(p_reason);
  d gkm.job_dead;
BEGIN
  SELECT * INTO d FROM gkm.job_dead WHERE id = p_job FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no dead letter %', p_job USING ERRCODE = 'no_data_found';
  END IF;
  IF d.redriven_at IS NOT NULL THEN
    RAISE EXCEPTION 'this job changed since it was shown: % had it done again', d.redriven_by
      USING ERRCODE = 'serialization_failure';
  END IF;
  UPDATE gkm.job_dead SET redriven_at = now(), redriven_by = session_user WHERE id = d.id;
  -- One job for one subject is enough: one that stands already is done now.
  UPDATE gkm.job SET run_at = now() WHERE kind = d.kind AND subject = d.subject AND lease_token IS NULL;
  IF NOT FOUND THEN
    INSERT INTO gkm.job (kind, subject) VALUES (d.kind, d.subject);
  END IF;
  PERFORM gkm.audit(
    'job.redriven', 'job', d.id::text, NULL, NULL, NULL, person_role, reason,
    ARRAY['about', d.subject, 'attempts', d.attempts::text, 'kind', d.kind, 'problem', d.problem::text]);
END $$;
RESET ROLE;
