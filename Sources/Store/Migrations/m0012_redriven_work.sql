-- What a person had done again of that which the workers gave up. The row stays: it says what went wrong.

ALTER TABLE gkm.job_dead
  ADD COLUMN redriven_at timestamptz,
  ADD COLUMN redriven_by text,
  ADD CONSTRAINT job_dead_redriven CHECK ((redriven_at IS NULL) = (redriven_by IS NULL));
CREATE INDEX job_dead_waiting ON gkm.job_dead (id) WHERE redriven_at IS NULL;
