-- What customers are told of their orders by mail, beside the keys themselves.
SET ROLE gkm_owner;

-- That their orders are paid. After the keys, which are what they wait for.
CREATE OR REPLACE FUNCTION gkm.notice_received(p_orders bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  WITH added AS (
    INSERT INTO gkm.notice (audience, channel, template, dedupe, order_id, locale, next_attempt_at)
    SELECT 'customer', 'email', 'order_received', 'order_received/' || o.id || '/email', o.id, o.locale, now()
    FROM gkm.orders o WHERE o.id = ANY (p_orders) ORDER BY o.id
    ON CONFLICT (dedupe) DO NOTHING
    RETURNING id
  )
  INSERT INTO gkm.job (kind, subject, priority) SELECT 'notify', id::text, 2 FROM added
$$;
GRANT EXECUTE ON FUNCTION gkm.notice_received(bigint[]) TO gkm_daemon;

-- That an order takes longer than `p_after`, once. What was paid long before is nobody's news any more. Answers how many.
CREATE OR REPLACE FUNCTION gkm.notice_delayed(p_after interval, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  late bigint;
  told integer := 0;
BEGIN
  FOR late IN
    SELECT o.id FROM gkm.orders o
    WHERE o.state IN ('paid', 'paid_unfulfillable')
      AND o.paid_at < now() - p_after AND o.paid_at > now() - p_after - interval '3 days'
      AND NOT EXISTS (SELECT FROM gkm.notice n WHERE n.dedupe = 'delivery_delayed/' || o.id || '/email')
    ORDER BY o.id LIMIT p_limit
  LOOP
    PERFORM gkm.notice_add('delivery_delayed', 'customer', 'delivery_delayed/' || late, late, NULL, '{}');
    told := told + 1;
  END LOOP;
  RETURN told;
END $$;
GRANT EXECUTE ON FUNCTION gkm.notice_delayed(interval, integer) TO gkm_daemon;

-- That money went back: once for each refund that succeeded. `p_amounts` are the amounts as people read them.
CREATE OR REPLACE FUNCTION gkm.notice_refunded(p_refunds text[], p_amounts text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  SELECT gkm.notice_add('order_refunded', 'customer', 'refund/' || r.id, r.order_id, NULL, jsonb_strip_nulls(
    jsonb_build_object(
      'amount', c.amount,
      'units', nullif((
        SELECT count(*) FROM gkm.refund_request_unit u WHERE u.request_id = r.request_id), 0)::text,
      'whole', CASE WHEN o.amount <= (
        SELECT sum(x.amount) FROM gkm.refund x WHERE x.order_id = r.order_id AND x.status = 'succeeded') THEN 'yes' END)))
  FROM unnest(p_refunds, p_amounts) AS c (id, amount)
  JOIN gkm.refund r ON r.id = c.id AND r.status = 'succeeded'
  JOIN gkm.orders o ON o.id = r.order_id
  ORDER BY r.id
$$;
GRANT EXECUTE ON FUNCTION gkm.notice_refunded(text[], text[]) TO gkm_daemon;
RESET ROLE;
