import Market
import Postgres

extension PreparedNotice {
  /// Whether it tells of all orders of a span of time, which are looked up when it is written.
  var isDigest: Bool { template == "vendor_new_orders" }

  private static let listed = 50

  /// The same with the orders that were paid in its span; `nil` where there were none.
  func withNewOrders(_ session: borrowing Session) throws -> PreparedNotice? {
    guard let since = values["since"], let until = values["until"], let vendor else { return nil }
    var count = 0
    let lines = try session.rows(
      """
      SELECT o.number, v.amount::bigint, v.currency::text, (
          SELECT string_agg(
            l.title || ' (' || p.platform || ')' || CASE WHEN l.quantity > 1 THEN ' × ' || l.quantity ELSE '' END, ', '
            ORDER BY l.id)
          FROM gkm.order_line l
          JOIN gkm.listing g ON g.id = l.listing_id
          JOIN gkm.product p ON p.id = g.product_id
          WHERE l.order_id = o.id AND l.vendor_id = v.vendor_id),
        count(*) OVER ()
      FROM gkm.orders o JOIN gkm.vendor_order v ON v.order_id = o.id AND v.vendor_id = \(vendor)
      WHERE o.paid_at >= \(since)::text::timestamptz AND o.paid_at < \(until)::text::timestamptz
      ORDER BY o.paid_at, o.id LIMIT \(Self.listed)
      """
    ) {
      count = try $0.int(4)
      return (number: try $0.string(0), amount: try $0.money(1, 2).description, items: try $0.stringOrNil(3) ?? "")
    }
    guard count > 0 else { return nil }
    var values = values
    values["count"] = String(count)
    values["orders"] = lines.map { "\($0.number)  \($0.amount)  \($0.items)" }.joined(separator: "\n")
    if count > lines.count { values["more"] = String(count - lines.count) }
    if count == 1, let only = lines.first {
      // One order is told as one.
      values.merge(["number": only.number, "amount": only.amount, "items": only.items]) { $1 }
    }
    return with(values, template: count == 1 ? "vendor_new_order" : template)
  }

  private func with(_ values: [String: String], template: String) -> PreparedNotice {
    PreparedNotice(
      job: job, lease: lease, id: id, attempt: attempt, attemptInRound: attemptInRound, audience: audience,
      channel: channel, template: template, locale: locale, createdAt: createdAt, preparedAt: preparedAt,
      target: target, values: values, order: order, vendor: vendor)
  }
}
