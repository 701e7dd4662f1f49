-- Notices: how they come to be, each together with what it tells of.
SET ROLE gkm_owner;

-- The event that a template tells a vendor's systems; NULL for what is told by mail alone (Market's VendorEvent).
CREATE OR REPLACE FUNCTION gkm.notice_event(p_template text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT CASE p_template
    WHEN 'vendor_new_order' THEN 'order.new' WHEN 'vendor_low_stock' THEN 'stock.low'
    WHEN 'vendor_dispute' THEN 'dispute.opened' END
$$;

-- Adds a notice on each channel of its audience, and the job that sends it. The same `p_dedupe` twice adds nothing.
-- `p_data` are texts for the template. `p_channels` narrows the team's channels; none named: all. Whatever becomes of
-- the notice, nothing else hangs on it.
DROP FUNCTION IF EXISTS gkm.notice_add(text, text, text, bigint, bigint, jsonb, bigint, bigint, interval);
CREATE OR REPLACE FUNCTION gkm.notice_add(
  p_template text, p_audience text, p_dedupe text, p_order bigint, p_vendor bigint, p_data jsonb,
  p_delivery bigint DEFAULT NULL, p_case bigint DEFAULT NULL, p_delay interval DEFAULT '0',
  p_channels text[] DEFAULT '{}') RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  WITH target AS (
    SELECT 'email' AS channel, NULL::bigint AS endpoint_id, o.locale, '/email' AS suffix
    FROM gkm.orders o WHERE p_audience = 'customer' AND o.id = p_order
      -- Nobody is there any more (gkm.erased_address).
      AND o.customer_email <> 'erased@erased.invalid'
    UNION ALL
    SELECT 'email', NULL, v.locale, '/email' FROM gkm.vendor v
    WHERE p_audience = 'vendor' AND v.id = p_vendor AND v.state <> 'closed' AND v.contact_email <> ''
      AND (gkm.notice_event(p_template) IS NULL OR gkm.notice_event(p_template) = ANY (v.mail_events))
    UNION ALL
    SELECT 'webhook', e.id, 'en', '/webhook/' || e.id FROM gkm.webhook_endpoint e
    WHERE p_audience = 'vendor' AND e.vendor_id = p_vendor AND e.state = 'active'
      AND gkm.notice_event(p_template) = ANY (e.events)
    UNION ALL
    SELECT c.channel, NULL, c.locale, '/' || c.channel FROM gkm.team_channel c
    WHERE p_audience = 'team' AND (p_channels = '{}' OR c.channel = ANY (p_channels))
  ), added AS (
    INSERT INTO gkm.notice (audience, channel, template, dedupe, order_id, vendor_id, delivery_id, case_id, endpoint_id,
      locale, data, next_attempt_at)
    SELECT p_audience, t.channel, p_template, p_dedupe || t.suffix, p_order, p_vendor, p_delivery, p_case,
      t.endpoint_id, t.locale, coalesce(p_data, '{}'), now() + p_delay
    FROM target t
    ON CONFLICT (dedupe) DO NOTHING
    RETURNING id
  )
  INSERT INTO gkm.job (kind, subject, run_at, priority)
  SELECT 'notify', a.id::text, now() + p_delay, CASE WHEN p_audience = 'vendor' THEN 2 ELSE 1 END FROM added a
$$;
GRANT EXECUTE ON FUNCTION gkm.notice_add(text, text, text, bigint, bigint, jsonb, bigint, bigint, interval, text[])
  TO gkm_daemon, gkm_api;

-- Tells vendors of orders that this transaction made paid: their systems of each, and their mailbox once for each
-- `p_window` of time. What was paid in it is looked up when the mail is written, shortly after its end.
CREATE OR REPLACE FUNCTION gkm.notice_new_orders(p_orders bigint[], p_window interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  since timestamptz := date_bin(p_window, now(), timestamptz '2000-01-01 00:00:00+00');
  due timestamptz := since + p_window + least(p_window, interval '10 seconds');
BEGIN
  WITH added AS (
    INSERT INTO gkm.notice (audience, channel, template, dedupe, vendor_id, locale, data, next_attempt_at)
    SELECT 'vendor', 'email', 'vendor_new_orders', d.dedupe, d.id, d.locale,
      jsonb_build_object('since', since, 'until', since + p_window), due
    FROM (
      SELECT DISTINCT v.id, v.locale, 'new_order/' || v.id || '/' || extract(epoch FROM since) || '/email' AS dedupe
      FROM gkm.vendor_order o JOIN gkm.vendor v ON v.id = o.vendor_id
      WHERE o.order_id = ANY (p_orders) AND v.state <> 'closed' AND 'order.new' = ANY (v.mail_events)
        AND v.contact_email <> ''
    ) d
    WHERE NOT EXISTS (SELECT FROM gkm.notice n WHERE n.dedupe = d.dedupe)
    ORDER BY d.id
    ON CONFLICT (dedupe) DO NOTHING
    RETURNING id
  )
  INSERT INTO gkm.job (kind, subject, run_at, priority) SELECT 'notify', id::text, due, 2 FROM added;

  WITH added AS (
    INSERT INTO gkm.notice (audience, channel, template, dedupe, order_id, vendor_id, endpoint_id, locale,
      next_attempt_at)
    SELECT 'vendor', 'webhook', 'vendor_new_order', 'new_order/' || o.order_id || '/webhook/' || e.id, o.order_id,
      o.vendor_id, e.id, 'en', now()
    FROM gkm.vendor_order o
    JOIN gkm.webhook_endpoint e ON e.vendor_id = o.vendor_id AND e.state = 'active' AND 'order.new' = ANY (e.events)
    WHERE o.order_id = ANY (p_orders)
    ORDER BY o.order_id, e.id
    ON CONFLICT (dedupe) DO NOTHING
    RETURNING id
  )
  INSERT INTO gkm.job (kind, subject, priority) SELECT 'notify', id::text, 2 FROM added;
END $$;
GRANT EXECUTE ON FUNCTION gkm.notice_new_orders(bigint[], interval) TO gkm_daemon;

-- Looks which listings fell to their threshold since the last look, and tells their vendors once; one that rose above
-- it again is told of anew the next time. Answers how many were told of.
CREATE OR REPLACE FUNCTION gkm.watch_stock() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  fell record;
  told integer := 0;
BEGIN
  DELETE FROM gkm.low_stock w USING gkm.listing_stock s, gkm.listing l
  WHERE s.listing_id = w.listing_id AND l.id = w.listing_id
    AND (s.available > l.low_stock OR l.low_stock = 0 OR l.state <> 'active');
  FOR fell IN
    WITH added AS (
      INSERT INTO gkm.low_stock (listing_id)
      SELECT l.id FROM gkm.listing l JOIN gkm.listing_stock s ON s.listing_id = l.id
      WHERE l.state = 'active' AND l.low_stock > 0 AND s.available <= l.low_stock
        AND NOT EXISTS (SELECT FROM gkm.low_stock w WHERE w.listing_id = l.id)
      ORDER BY l.id
      ON CONFLICT DO NOTHING
      RETURNING listing_id, since
    )
    SELECT l.id, l.vendor_id, l.low_stock, s.available, p.title, p.platform, l.currency, a.since
    FROM added a
    JOIN gkm.listing l ON l.id = a.listing_id
    JOIN gkm.listing_stock s ON s.listing_id = l.id
    JOIN gkm.product p ON p.id = l.product_id
    ORDER BY l.id
  LOOP
    PERFORM gkm.notice_add('vendor_low_stock', 'vendor',
      'low_stock/' || fell.id || '/' || extract(epoch FROM fell.since), NULL, fell.vendor_id, jsonb_build_object(
        'listing', fell.id::text, 'title', fell.title, 'platform', fell.platform, 'currency', fell.currency,
        'available', fell.available::text, 'threshold', fell.low_stock::text));
    told := told + 1;
  END LOOP;
  RETURN told;
END $$;
GRANT EXECUTE ON FUNCTION gkm.watch_stock() TO gkm_daemon;

-- Tells each vendor of an order that its payment is disputed, with that vendor's own part of the amount.
CREATE OR REPLACE FUNCTION gkm.notice_dispute(
  p_order bigint, p_dispute text, p_reason text, p_due timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  SELECT gkm.notice_add('vendor_dispute', 'vendor', 'dispute/' || p_dispute || '/' || v.vendor_id, p_order,
    v.vendor_id, jsonb_strip_nulls(jsonb_build_object(
      'dispute', p_dispute, 'reason', replace(p_reason, '_', ' '),
      'due', to_char(p_due AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
      'due_by', to_char(p_due AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))))
  FROM gkm.vendor_order v WHERE v.order_id = p_order ORDER BY v.vendor_id
$$;
GRANT EXECUTE ON FUNCTION gkm.notice_dispute(bigint, text, text, timestamptz) TO gkm_daemon;

-- Says which channels the team listens on.
CREATE OR REPLACE FUNCTION gkm.set_team_channels(p_channels text[], p_locale text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
  DELETE FROM gkm.team_channel WHERE NOT channel = ANY (p_channels);
  INSERT INTO gkm.team_channel (channel, locale) SELECT c, p_locale FROM unnest(p_channels) AS c
  ON CONFLICT (channel) DO UPDATE SET locale = excluded.locale WHERE team_channel.locale <> excluded.locale;
$$;
GRANT EXECUTE ON FUNCTION gkm.set_team_channels(text[], text) TO gkm_daemon;
RESET ROLE;
