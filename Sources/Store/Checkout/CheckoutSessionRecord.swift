package import Market
package import Postgres

/// Notes at an open order which Checkout Session it is paid through.
package enum CheckoutSessionRecord {
  /// Holds the order's stock until `heldUntil` from now on, and answers whoever repeats the request with where to pay
  /// and until when. Answers false, and changes nothing, where the order is not open any more or has a session.
  package static func attach(
    _ session: borrowing Session, _ checkoutSession: String, url: String, expiresAt: Instant,
    to order: (id: OrderID, number: String), heldUntil: Instant
  ) throws -> Bool {
    let stamp = try Stamp.now(session)
    let changed = try session.execute(
      """
      UPDATE gkm.orders SET checkout_session = \(checkoutSession), updated_at = now(), version = version + 1
      WHERE id = \(order.id) AND state = 'open' AND checkout_session IS NULL
      """)
    guard changed == 1 else { return false }
    var audit = AuditBatch(stamp)
    try audit.add(.checkoutSessionCreated, .order(order.id), order: order, details: ["session": checkoutSession])
    try session.pipeline([
      "UPDATE gkm.reservation SET expires_at = \(heldUntil) WHERE order_id = \(order.id) AND state = 'held'",
      CheckoutIdempotency.answer(order.id, url: url, expiresAt: expiresAt), audit.statement,
    ])
    return true
  }
}

extension CheckoutSessionRecord {
  /// The session that an order is paid through.
  package static func current(_ session: borrowing Session, _ order: OrderID) throws -> String? {
    try session.first("SELECT checkout_session FROM gkm.orders WHERE id = \(order)") { try $0.stringOrNil(0) } ?? nil
  }
}
