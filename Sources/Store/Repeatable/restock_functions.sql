-- What becomes of a paid order whose stock is gone and did not come back in time.
SET ROLE gkm_api;

-- Asks for the money of units without a key back; or says why that is refused, and changes nothing then. After a request
-- that failed or was taken back a person decides: the daemon asks once.
DROP FUNCTION IF EXISTS gkm.pay_back(bigint, bigint[]);
CREATE FUNCTION gkm.pay_back(p_order bigint, p_units bigint[], OUT request bigint, OUT problem text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  SELECT 'refund request ' || r.id || ' is ' || r.state INTO problem FROM gkm.refund_request r
  WHERE r.order_id = p_order AND r.requested_as = 'daemon' AND r.state IN ('failed', 'rejected', 'cancelled')
  ORDER BY r.id DESC LIMIT 1;
  IF FOUND THEN
    RETURN;
  END IF;
  request := gkm.create_refund_request(p_order, 'no stock came within its time', 'units', p_units);
EXCEPTION WHEN object_not_in_prerequisite_state OR invalid_parameter_value THEN
  problem := SQLERRM;
END $$;
GRANT EXECUTE ON FUNCTION gkm.pay_back(bigint, bigint[]) TO gkm_daemon;
RESET ROLE;
