import Postgres

extension Verification {
  static let stockChecks: [Check] = [
    Check(
      "keys.one_order", "no key has two orders", counting: "SELECT count(*) FROM gkm.stock_unit",
      """
      SELECT 'key ' || a.stock_unit_id, 'is assigned to ' || string_agg(o.number, ', ' ORDER BY o.number)
      FROM gkm.assignment a JOIN gkm.orders o ON o.id = a.order_id
      WHERE a.stock_unit_id IN (SELECT stock_unit_id FROM gkm.assignment GROUP BY 1 HAVING count(*) > 1)
      GROUP BY a.stock_unit_id
      UNION ALL
      SELECT 'keys ' || string_agg(id::text, ', ' ORDER BY id), 'are one key'
      FROM gkm.stock_unit GROUP BY fingerprint HAVING count(*) > 1
      """),
    Check(
      "keys.one_per_unit", "no unit of an order has two keys", counting: "SELECT count(*) FROM gkm.order_unit",
      """
      SELECT o.number, 'unit ' || d.order_unit_id || ' has ' || d.n || ' keys at once'
      FROM (
        SELECT order_unit_id, min(order_id) AS order_id, count(*) AS n FROM gkm.assignment WHERE active
        GROUP BY 1 HAVING count(*) > 1
      ) d JOIN gkm.orders o ON o.id = d.order_id
      """),
    Check(
      "keys.as_bought", "every key is of the listing that was bought", counting: "SELECT count(*) FROM gkm.assignment",
      """
      SELECT coalesce(o.number, 'order ' || a.order_id), 'key ' || a.stock_unit_id || ' is not of the listing, the vendor '
        || 'or the order of unit ' || a.order_unit_id
      FROM gkm.assignment a
      LEFT JOIN gkm.order_unit u ON u.id = a.order_unit_id
      LEFT JOIN gkm.stock_unit s ON s.id = a.stock_unit_id
      LEFT JOIN gkm.orders o ON o.id = a.order_id
      WHERE u.order_id IS DISTINCT FROM a.order_id OR s.listing_id IS DISTINCT FROM u.listing_id
        OR s.vendor_id IS DISTINCT FROM a.vendor_id OR u.vendor_id IS DISTINCT FROM a.vendor_id OR o.id IS NULL
      """),
    Check(
      "stock.states", "a key is assigned exactly while an order has it",
      counting: "SELECT count(*) FROM gkm.stock_unit",
      """
      SELECT 'key ' || s.id, 'is ' || s.state || ', and ' || CASE WHEN a.id IS NULL THEN 'no order has it'
        ELSE 'order ' || o.number || ' has it' END
      FROM gkm.stock_unit s
      LEFT JOIN gkm.assignment a ON a.stock_unit_id = s.id AND a.active
      LEFT JOIN gkm.orders o ON o.id = a.order_id
      WHERE (s.state = 'assigned') <> (a.id IS NOT NULL)
      UNION ALL
      SELECT 'key ' || s.id, 'is for sale again, though an order had it'
      FROM gkm.stock_unit s JOIN gkm.assignment a ON a.stock_unit_id = s.id AND NOT a.active
      WHERE s.state = 'available'
      """),
    Check(
      "stock.counters", "each listing's counter equals its keys and reservations",
      counting: "SELECT count(*) FROM gkm.listing", counters),
    Check(
      "stock.imports", "every import's keys are there", counting: "SELECT count(*) FROM gkm.stock_import",
      """
      SELECT 'import ' || i.id, 'took ' || i.rows_accepted || ' keys, and ' || coalesce(s.n, 0) || ' are there'
      FROM gkm.stock_import i
      LEFT JOIN (SELECT import_id, count(*) AS n FROM gkm.stock_unit GROUP BY 1) s ON s.import_id = i.id
      WHERE i.rows_accepted <> coalesce(s.n, 0) AND NOT i.is_dry_run
      """),
    Check(
      "stock.holds", "an order holds stock exactly while it may still need it",
      counting: "SELECT count(*) FROM gkm.reservation",
      """
      SELECT o.number, 'is ' || o.state || ', and holds ' || r.quantity || ' of listing ' || r.listing_id
      FROM gkm.reservation r JOIN gkm.orders o ON o.id = r.order_id
      WHERE r.state = 'held' AND o.state IN ('expired', 'payment_failed', 'refunded', 'charged_back', 'delivered')
      UNION ALL
      SELECT o.number, 'is ' || o.state || ', and its stock in listing ' || r.listing_id || ' is ' || r.state
      FROM gkm.orders o JOIN gkm.reservation r ON r.order_id = o.id
      WHERE o.state IN ('open', 'awaiting_async') AND r.state <> 'held'
      UNION ALL
      SELECT o.number, 'is ' || o.state || ', and line ' || l.id || ' never reserved anything'
      FROM gkm.order_line l JOIN gkm.orders o ON o.id = l.order_id
      LEFT JOIN gkm.reservation r ON r.order_id = l.order_id AND r.listing_id = l.listing_id
      WHERE r.quantity IS DISTINCT FROM l.quantity
      """),
  ]

  private static let counters: SQL = """
    SELECT 'listing ' || l.id, 'counts ' || coalesce(c.available, 0) || ' available, ' || coalesce(c.reserved, 0)
      || ' reserved, ' || coalesce(c.sold, 0) || ' sold; there are ' || (coalesce(s.free, 0) - coalesce(r.held, 0))
      || ', ' || coalesce(r.held, 0) || ', ' || coalesce(s.sold, 0)
    FROM gkm.listing l
    LEFT JOIN gkm.listing_stock c ON c.listing_id = l.id
    LEFT JOIN (
      SELECT listing_id, count(*) FILTER (WHERE state = 'available') AS free,
        count(*) FILTER (WHERE state = 'assigned') AS sold
      FROM gkm.stock_unit GROUP BY 1
    ) s ON s.listing_id = l.id
    LEFT JOIN (
      SELECT listing_id, sum(quantity) AS held FROM gkm.reservation WHERE state = 'held' GROUP BY 1
    ) r ON r.listing_id = l.id
    WHERE coalesce(c.available, 0) + coalesce(c.reserved, 0) <> coalesce(s.free, 0)
      OR coalesce(c.reserved, 0) <> coalesce(r.held, 0) OR coalesce(c.sold, 0) <> coalesce(s.sold, 0)
    """
}
