-- The queue's second half: priorities, jobs there is only one of, kinds that can be paused and limited, work that
-- comes round with the clock, dead letters that are settled rather than forgotten.

-- 0 goes before 1 before 2: what a person waits for, what orders need, what can wait (many redriven at once).
ALTER TABLE gkm.job
  ADD COLUMN priority smallint NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2),
  ADD COLUMN is_unique boolean NOT NULL DEFAULT false;
DROP INDEX gkm.job_due;
CREATE INDEX job_due ON gkm.job (kind, priority, run_at);
-- Only jobs that say so pay for it.
CREATE UNIQUE INDEX job_unique ON gkm.job (kind, subject) WHERE is_unique;

ALTER TABLE gkm.job_dead
  ADD COLUMN state text NOT NULL DEFAULT 'dead' CHECK (state IN ('dead', 'redriven', 'discarded')),
  ADD COLUMN settled_at timestamptz,
  ADD COLUMN settled_by text,
  ADD COLUMN version bigint NOT NULL DEFAULT 1,
  ADD CONSTRAINT job_dead_settled CHECK (
    (state = 'dead') = (settled_at IS NULL) AND (settled_at IS NULL) = (settled_by IS NULL));
CREATE INDEX job_dead_open ON gkm.job_dead (kind, id) WHERE state = 'dead';

-- A kind without a row runs freely.
CREATE TABLE gkm.job_kind (
  kind text PRIMARY KEY CHECK (kind ~ '^[a-z_]{1,24}$'),
  paused_at timestamptz,
  paused_by text,
  pause_reason gkm.safe_text,
  -- Jobs under way at once, over all daemons.
  concurrency integer CHECK (concurrency BETWEEN 1 AND 10000),
  rate_per_second double precision CHECK (rate_per_second > 0 AND rate_per_second <= 100000),
  version bigint NOT NULL DEFAULT 1,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((paused_at IS NULL) = (paused_by IS NULL) AND (paused_at IS NULL) = (pause_reason IS NULL))
);

-- The token bucket behind rate_per_second, apart because it changes with every claim.
CREATE TABLE gkm.job_budget (
  kind text PRIMARY KEY REFERENCES gkm.job_kind (kind),
  tokens double precision NOT NULL,
  filled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Which rounds of periodic work were queued: any daemon may queue one, and one does.
CREATE TABLE gkm.job_round (
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,24}$'),
  due_at timestamptz NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, due_at)
);
