-- Sealing: each audit event becomes a leaf of one Merkle tree (RFC 6962), and signed heads say what the tree was.

-- What the sealer asks for: the events of transactions that have ended, in the order of their transactions. Ids alone
-- would not do: a transaction can commit a low id late.
CREATE INDEX audit_event_order_of_commit ON gkm.audit_event (xact, id);

-- Dense from 0. `hash` is SHA-256(0x00 || body).
CREATE TABLE gkm.audit_leaf (
  leaf_index bigint PRIMARY KEY CHECK (leaf_index >= 0),
  event_id bigint NOT NULL UNIQUE,
  event_at timestamptz NOT NULL,
  hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);

-- Roots of the perfect subtrees of 256^level leaves: with them a proof or a start reads hundreds of rows, not millions.
-- They repeat what the leaves say.
CREATE TABLE gkm.audit_node (
  level smallint NOT NULL CHECK (level BETWEEN 1 AND 7),
  node_index bigint NOT NULL CHECK (node_index >= 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  PRIMARY KEY (level, node_index)
);

-- `note` is the signed checkpoint; the columns beside it are for finding it. `sealed_xact` and `sealed_id` say up to
-- which transaction and event everything is sealed, by the transaction numbers of the cluster `cluster`.
CREATE TABLE gkm.audit_head (
  tree_size bigint PRIMARY KEY CHECK (tree_size > 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  signed_at timestamptz NOT NULL,
  key_id text NOT NULL CHECK (key_id ~ '^[0-9a-f]{8}$'),
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  note text NOT NULL CHECK (length(note) BETWEEN 64 AND 4096),
  sealed_xact xid8 NOT NULL,
  sealed_id bigint NOT NULL,
  cluster bigint NOT NULL
);
