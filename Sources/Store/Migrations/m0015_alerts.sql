-- Alerts: what somebody should know of, told once when it begins and once when it is over. And the daemons: who is
-- there, who is there no longer, and what each of them sees from where it stands.

CREATE TABLE gkm.alert (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule text NOT NULL CHECK (rule ~ '^[a-z_]{1,32}$'),
  -- What it is about: a kind of work, a listing, a daemon. Empty where a rule knows one thing only.
  subject gkm.safe_text NOT NULL DEFAULT '' CHECK (length(subject) <= 120),
  -- Pending: there, and may yet pass by itself. What passes by itself is removed.
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'firing', 'resolved')),
  detail gkm.safe_text NOT NULL DEFAULT '' CHECK (length(detail) <= 500),
  last_value double precision NOT NULL,
  since timestamptz NOT NULL,
  fired_at timestamptz,
  calm_since timestamptz,
  resolved_at timestamptz,
  -- How many messages told of it.
  notified integer NOT NULL DEFAULT 0 CHECK (notified >= 0),
  last_notified_at timestamptz,
  -- Counts changes of the state alone, so that a person may act on what they see while the value moves.
  version bigint NOT NULL DEFAULT 1,
  CHECK ((state = 'pending') = (fired_at IS NULL)),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
  CHECK (notified = 0 OR fired_at IS NOT NULL),
  CHECK ((notified = 0) = (last_notified_at IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX alert_one_open ON gkm.alert (rule, subject) WHERE state <> 'resolved';
CREATE INDEX alert_resolved ON gkm.alert (resolved_at) WHERE state = 'resolved';

-- Somebody knows: no reminders.
CREATE TABLE gkm.alert_ack (
  alert_id bigint PRIMARY KEY REFERENCES gkm.alert (id),
  acked_by text NOT NULL,
  reason gkm.safe_text NOT NULL,
  acked_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE gkm.alert_silence (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule text NOT NULL CHECK (rule ~ '^[a-z_]{1,32}$'),
  -- NULL: whatever the rule is about.
  subject gkm.safe_text CHECK (length(subject) <= 120),
  until timestamptz NOT NULL,
  silenced_by text NOT NULL,
  reason gkm.safe_text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  CHECK (until > created_at AND until <= created_at + interval '30 days')
);
CREATE INDEX alert_silence_open ON gkm.alert_silence (rule, until) WHERE ended_at IS NULL;

-- One row: when somebody last looked. A look that comes late, behind a newer one, changes nothing.
CREATE TABLE gkm.alert_watch (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  evaluated_at timestamptz NOT NULL DEFAULT '-infinity',
  evaluated_by text
);
INSERT INTO gkm.alert_watch DEFAULT VALUES;

-- Orders by the minute in which they were paid, and how many of them had no key after five and thirty seconds: so that
-- looking back for hours costs hours' worth of rows, not of orders.
CREATE TABLE gkm.slo_minute (
  minute timestamptz PRIMARY KEY,
  paid integer NOT NULL CHECK (paid >= 0),
  late_5s integer NOT NULL CHECK (late_5s BETWEEN 0 AND paid),
  late_30s integer NOT NULL CHECK (late_30s BETWEEN 0 AND late_5s)
);

-- A daemon's process. Its leases carry its number, so that it is seen what each of them holds.
CREATE TABLE gkm.worker (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The upper half of the tokens of its leases.
  holder integer NOT NULL CHECK (holder > 0),
  host gkm.safe_text NOT NULL CHECK (length(host) <= 64),
  pid integer NOT NULL,
  program_version gkm.safe_text NOT NULL,
  parts text[] NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  draining boolean NOT NULL DEFAULT false,
  -- It said that it ends.
  stopped_at timestamptz,
  -- Its clock less the database's, as far as the time that asking took lets it be known.
  clock_offset_ms bigint NOT NULL DEFAULT 0,
  redis_down_since timestamptz,
  -- Calls of Stripe's API that failed since the last that was answered.
  stripe_failures integer NOT NULL DEFAULT 0 CHECK (stripe_failures >= 0),
  stripe_failing_since timestamptz,
  -- Rightly signed events refused for their time within the last five minutes.
  signature_refusals integer NOT NULL DEFAULT 0 CHECK (signature_refusals >= 0)
) WITH (fillfactor = 50);
CREATE INDEX worker_there ON gkm.worker (last_seen) WHERE stopped_at IS NULL;

-- The last minutes of tables that are never small: rows lie nearly in the order of these times, so a summary of each
-- few pages is all that is needed to find the newest.
CREATE INDEX IF NOT EXISTS orders_paid ON gkm.orders USING brin (paid_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX stripe_event_received ON gkm.stripe_event
  USING brin (received_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX delivery_attempt_started ON gkm.delivery_attempt USING brin (started_at);
