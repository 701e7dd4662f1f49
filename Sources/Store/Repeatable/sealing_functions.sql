-- Sealing: what holds the tree dense, and how an admin says that a restored log goes on from where the backup was.
SET ROLE gkm_owner;

CREATE OR REPLACE FUNCTION gkm.demand_dense_leaves() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  lowest bigint;
  highest bigint;
  rows bigint;
  expected bigint;
BEGIN
  SELECT min(f.leaf_index), max(f.leaf_index), count(*) INTO lowest, highest, rows FROM fresh f;
  IF rows = 0 THEN
    RETURN NULL;
  END IF;
  SELECT coalesce(max(l.leaf_index), -1) + 1 INTO expected FROM gkm.audit_leaf l WHERE l.leaf_index < lowest;
  IF lowest <> expected OR highest - lowest + 1 <> rows THEN
    RAISE EXCEPTION 'leaves % to % do not follow the tree of % leaves', lowest, highest, expected
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS demand_dense_leaves ON gkm.audit_leaf;
CREATE TRIGGER demand_dense_leaves AFTER INSERT ON gkm.audit_leaf
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION gkm.demand_dense_leaves();
RESET ROLE;

SET ROLE gkm_api;

-- Gives up one head, named by its size and root: the one that the sealer kept and the restored log does not have.
CREATE OR REPLACE FUNCTION api.audit_resume(p_size bigint, p_root text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  sealed bigint;
BEGIN
  IF p_size IS NULL OR p_size < 1 OR p_root IS NULL OR p_root !~ '^[0-9a-f]{64}$' THEN
    RAISE EXCEPTION 'the head that is given up is named by its size and its root of 64 hexadecimal digits'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF EXISTS (SELECT FROM gkm.audit_head h WHERE h.tree_size = p_size AND h.root = decode(p_root, 'hex')) THEN
    RAISE EXCEPTION 'the log has the head of % leaves: there is nothing to give up', p_size
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT coalesce(max(h.tree_size), 0) INTO sealed FROM gkm.audit_head h;
  PERFORM gkm.audit(
    'audit.resumed', 'audit_head', p_size::text, NULL, NULL, NULL, person_role, reason,
    ARRAY['lost_root', p_root, 'lost_size', p_size::text, 'sealed_size', sealed::text]);
END $$;
RESET ROLE;
