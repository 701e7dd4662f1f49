import Market
import Postgres
import Store

/// What a shop does that has no counter: each buyer claims the row of a free key, passing over those that others are
/// just claiming. Beside it, the rows that checkout writes, of the same size.
enum RowClaim {
  /// Answers whether there was a key.
  static func reserve(
    _ session: borrowing Session, _ listing: ListingID, email: String
  ) throws -> Bool {
    let claimed = try session.first(
      """
      UPDATE gkm.stock_unit SET state = 'quarantined', version = version + 1
      WHERE id = (
        SELECT id FROM gkm.stock_unit WHERE listing_id = \(listing) AND state = 'available'
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING id, nextval('gkm.orders_id_seq'), nextval('gkm.order_line_id_seq')
      """
    ) { (key: try $0.int64(0), order: OrderID(try $0.int64(1)), line: try $0.int64(2)) }
    guard let claimed else { return false }
    let order = claimed.order
    let number = OrderNumber(random: UInt64.random(in: 0...UInt64.max)).text
    let offer: SQL = """
      gkm.listing l JOIN gkm.product p ON p.id = l.product_id WHERE l.id = \(listing)
      """
    try session.pipeline([
      """
      INSERT INTO gkm.orders (id, number, customer_email, customer_name, locale, amount, currency, token_hash, units_total)
      SELECT \(order), \(number), \(email), 'Buyer', 'en', l.price, l.currency,
        sha256(convert_to(\(number), 'UTF8')), 1 FROM \(sql: offer)
      """,
      """
      INSERT INTO gkm.order_line (id, order_id, listing_id, vendor_id, title, quantity, unit_price, currency,
        commission_bps, commission)
      SELECT \(claimed.line), \(order), l.id, l.vendor_id, p.title, 1, l.price, l.currency, 0, 0 FROM \(sql: offer)
      """,
      """
      INSERT INTO gkm.vendor_order (vendor_id, order_id, number, customer_masked, amount, currency)
      SELECT l.vendor_id, \(order), \(number), 'b•••@b•••.example', l.price, l.currency FROM \(sql: offer)
      """,
      """
      INSERT INTO gkm.order_unit (order_id, order_line_id, listing_id, vendor_id, position)
      SELECT \(order), \(claimed.line), l.id, l.vendor_id, 1 FROM \(sql: offer)
      """,
      """
      INSERT INTO gkm.reservation (order_id, listing_id, vendor_id, quantity, stock_version, expires_at)
      SELECT \(order), l.id, l.vendor_id, 1, 1, now() + interval '70 s' FROM \(sql: offer)
      """,
      "INSERT INTO gkm.payment (order_id, facts) VALUES (\(order), '{}')",
      """
      INSERT INTO gkm.audit_event (action, subject_kind, subject_id, order_id, body)
      VALUES ('checkout.created', 'order', \(order)::text, \(order), convert_to(repeat('x', 280), 'UTF8')),
        ('stock.reserved', 'stock_unit', \(claimed.key)::text, \(order), convert_to(repeat('x', 330), 'UTF8'))
      """,
    ])
    return true
  }
}
