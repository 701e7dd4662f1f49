-- What Stripe says, held against what we know: the runs that do it, the differences they find, and the lines of
-- Stripe's balance.

-- One run per kind and period, claimed by whichever daemon comes first; a run without a period was asked for by hand.
-- A run whose lease ran out goes on where its cursor stands, in any process.
CREATE TABLE gkm.recon_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('events', 'objects', 'balance')),
  period timestamptz,
  -- What Stripe was asked for, by when it was created there; an open end is told once the run is through.
  window_from timestamptz NOT NULL,
  window_until timestamptz,
  -- The newest moment of Stripe's clock that the run has seen.
  newest_seen timestamptz,
  stage text NOT NULL CHECK (stage ~ '^[a-z_]{1,24}$'),
  cursor text CHECK (length(cursor) <= 255),
  lease_token bigint,
  lease_until timestamptz NOT NULL DEFAULT now(),
  pages integer NOT NULL DEFAULT 0,
  looked_at bigint NOT NULL DEFAULT 0,
  missed bigint NOT NULL DEFAULT 0,
  rechecks bigint NOT NULL DEFAULT 0,
  breaks bigint NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  outcome text CHECK (outcome IN ('good', 'failed')),
  problem gkm.safe_text,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  UNIQUE (kind, period),
  CHECK ((outcome IS NULL) = (ended_at IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX recon_run_one_at_once ON gkm.recon_run (kind) WHERE ended_at IS NULL AND period IS NOT NULL;
CREATE INDEX recon_run_good ON gkm.recon_run (kind, ended_at) WHERE outcome = 'good' AND period IS NOT NULL;

-- What a run has met at Stripe, so that at its end it is known what of ours was not met. Emptied when the run ends.
CREATE TABLE gkm.recon_seen (
  run_id bigint NOT NULL REFERENCES gkm.recon_run (id),
  object_id text NOT NULL CHECK (length(object_id) <= 255),
  PRIMARY KEY (run_id, object_id)
);

-- One difference about one thing. Found again it is the same row; closed and found otherwise than it was, it is open
-- again.
CREATE TABLE gkm.recon_break (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
  subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
  order_id bigint REFERENCES gkm.orders (id),
  -- Minor units; a line of the balance can be negative.
  our_amount bigint,
  stripe_amount bigint,
  currency gkm.currency,
  detail gkm.safe_text NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'assigned', 'explained', 'closed', 'healed')),
  -- The role that has to see to it, and the person who does.
  owner text NOT NULL DEFAULT 'ops' CHECK (owner IN ('support', 'ops', 'admin')),
  assignee bigint REFERENCES gkm.person (id),
  explanation gkm.safe_text,
  found_by bigint REFERENCES gkm.recon_run (id),
  opened_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  version bigint NOT NULL DEFAULT 1,
  UNIQUE (kind, subject),
  CHECK (state <> 'assigned' OR assignee IS NOT NULL),
  CHECK (state NOT IN ('explained', 'closed') OR explanation IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX recon_break_subject ON gkm.recon_break (subject);
CREATE INDEX recon_break_order ON gkm.recon_break (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX recon_break_open ON gkm.recon_break (opened_at) WHERE state IN ('open', 'assigned', 'explained');

-- Stripe's balance, line by line, as its API lists it: what a payment, a refund or a dispute did to our money, and
-- what Stripe kept of it.
CREATE TABLE gkm.balance_line (
  id text PRIMARY KEY CHECK (length(id) <= 255),
  type text NOT NULL CHECK (length(type) <= 80),
  category text NOT NULL CHECK (length(category) <= 80),
  -- The charge, refund, dispute or payout that it comes of.
  source text CHECK (length(source) <= 255),
  amount bigint NOT NULL CHECK (amount BETWEEN -99999999999999 AND 99999999999999),
  fee bigint NOT NULL CHECK (fee BETWEEN -99999999999999 AND 99999999999999),
  net bigint NOT NULL CHECK (net BETWEEN -99999999999999 AND 99999999999999),
  currency gkm.currency NOT NULL,
  created_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX balance_line_source ON gkm.balance_line (source) WHERE source IS NOT NULL;
CREATE INDEX balance_line_created ON gkm.balance_line (created_at);

-- How an event came to us: sent by Stripe and signed, or found missing and fetched from its list. And how often a
-- person had it applied again.
ALTER TABLE gkm.stripe_event
  ADD COLUMN arrival text NOT NULL DEFAULT 'webhook' CHECK (arrival IN ('webhook', 'listed')),
  ADD COLUMN replays integer NOT NULL DEFAULT 0;
