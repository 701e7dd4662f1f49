-- Keys that come in sealed, keys that are shown sealed, and keys that are looked for sealed.

-- The daemon's public key (X25519): what people seal to it goes to this one. Their programs remember it.
CREATE TABLE gkm.exchange_key (
  name text PRIMARY KEY DEFAULT 'market' CHECK (name = 'market'),
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  published_at timestamptz NOT NULL DEFAULT now()
);

-- Imports that the daemon carries out --------------------------------------------------------------------------

-- `uploading`: its chunks come in. `queued`: the daemon has it, all or nothing. `checked`: a dry run that is over.
ALTER TABLE gkm.stock_import
  ALTER COLUMN data_key_id DROP NOT NULL,
  ADD COLUMN state text NOT NULL DEFAULT 'imported'
    CHECK (state IN ('uploading', 'queued', 'imported', 'checked', 'failed', 'cancelled')),
  ADD COLUMN is_dry_run boolean NOT NULL DEFAULT false,
  ADD COLUMN rows_repeated integer NOT NULL DEFAULT 0 CHECK (rows_repeated >= 0),
  ADD COLUMN rows_yours integer NOT NULL DEFAULT 0 CHECK (rows_yours >= 0),
  ADD COLUMN rows_review integer NOT NULL DEFAULT 0 CHECK (rows_review >= 0),
  ADD COLUMN rows_malformed integer NOT NULL DEFAULT 0 CHECK (rows_malformed >= 0),
  ADD COLUMN rows_too_long integer NOT NULL DEFAULT 0 CHECK (rows_too_long >= 0),
  ADD COLUMN problem gkm.safe_text,
  ADD COLUMN finished_at timestamptz,
  ADD COLUMN version bigint NOT NULL DEFAULT 1,
  ADD CONSTRAINT stock_import_key CHECK (data_key_id IS NOT NULL OR state <> 'imported' OR rows_accepted = 0);
CREATE INDEX stock_import_open ON gkm.stock_import (vendor_id, id) WHERE state IN ('uploading', 'queued');

-- Sealed rows on their way: written by api functions, read by the daemon, gone when their import is settled.
CREATE TABLE gkm.stock_import_chunk (
  import_id bigint NOT NULL REFERENCES gkm.stock_import (id),
  position integer NOT NULL CHECK (position >= 0),
  row_count integer NOT NULL CHECK (row_count BETWEEN 1 AND 10000),
  sealed bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 48 AND 1048576),
  staged_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (import_id, position)
);
-- Nothing in it can be compressed.
ALTER TABLE gkm.stock_import_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- How far it is, apart from the row because it changes many times a second.
CREATE TABLE gkm.stock_import_progress (
  import_id bigint PRIMARY KEY REFERENCES gkm.stock_import (id),
  vendor_id bigint NOT NULL,
  chunks_staged integer NOT NULL DEFAULT 0,
  rows_staged integer NOT NULL DEFAULT 0,
  bytes_staged bigint NOT NULL DEFAULT 0,
  rows_done integer NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- What became of each row: lines of the file that follow each other with one verdict are one range. Never a key.
CREATE TABLE gkm.stock_import_row (
  import_id bigint NOT NULL REFERENCES gkm.stock_import (id),
  vendor_id bigint NOT NULL,
  first_row integer NOT NULL CHECK (first_row >= 1),
  last_row integer NOT NULL,
  verdict text NOT NULL CHECK (verdict IN (
    'imported', 'would_import', 'repeated', 'yours', 'review', 'malformed', 'too_long')),
  PRIMARY KEY (import_id, first_row),
  CHECK (last_row >= first_row)
);

-- What a dry run has seen of its own file, within its transaction: outside of it this is empty.
CREATE TABLE gkm.stock_check (
  import_id bigint NOT NULL,
  fingerprint bytea NOT NULL,
  PRIMARY KEY (import_id, fingerprint)
);

-- Keys that people ask for ---------------------------------------------------------------------------------------

-- `reveal`: show a key of the stock. `find`: tell the orders that had this key. `public_key` is the asker's, made for
-- this one answer.
CREATE TABLE gkm.key_request (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('reveal', 'find')),
  stock_unit_id bigint REFERENCES gkm.stock_unit (id),
  order_id bigint REFERENCES gkm.orders (id),
  vendor_id bigint,
  reason gkm.safe_text,
  public_key bytea CHECK (octet_length(public_key) = 32),
  state text NOT NULL CHECK (state IN (
    'awaiting_approval', 'approved', 'rejected', 'queued', 'answered', 'fetched', 'expired', 'failed')),
  is_renewal boolean NOT NULL DEFAULT false,
  problem gkm.safe_text,
  -- The orders that had the key that was looked for, and the unit of stock that it is.
  found bigint[],
  found_unit bigint,
  requested_by text NOT NULL DEFAULT session_user,
  requested_as text NOT NULL CHECK (requested_as IN ('support', 'ops', 'admin')),
  decided_by text CHECK (decided_by <> requested_by),
  requested_at timestamptz NOT NULL DEFAULT now(),
  decided_at timestamptz,
  asked_at timestamptz,
  answered_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  CHECK ((kind = 'reveal') = (stock_unit_id IS NOT NULL)),
  CHECK (kind = 'find' OR reason IS NOT NULL)
);
CREATE INDEX key_request_person ON gkm.key_request (requested_by, requested_at);
CREATE INDEX key_request_unit ON gkm.key_request (stock_unit_id) WHERE stock_unit_id IS NOT NULL;
CREATE INDEX key_request_open ON gkm.key_request (id) WHERE state IN ('awaiting_approval', 'queued', 'answered');

-- The sealed bytes of one request, either way: for seconds.
CREATE TABLE gkm.key_envelope (
  request_id bigint PRIMARY KEY REFERENCES gkm.key_request (id),
  sealed bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 48 AND 4096),
  written_at timestamptz NOT NULL DEFAULT now()
);
