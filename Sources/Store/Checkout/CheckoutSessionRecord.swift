package import Market
package import Postgres

/// Notes at an open order which Checkout Session it is paid through.
package enum CheckoutSessionRecord {
  /// Answers whether the order was still open and without a session.
  package static func attach(
    _ session: borrowing Session, _ checkoutSession: String, to order: OrderID, number: String
  ) throws -> Bool {
    let stamp = try Stamp.now(session)
    let changed = try session.execute(
      """
      UPDATE gkm.orders SET checkout_session = \(checkoutSession), updated_at = now(), version = version + 1
      WHERE id = \(order) AND state = 'open' AND checkout_session IS NULL
      """)
    guard changed == 1 else { return false }
    var audit = AuditBatch(stamp)
    try audit.add(
      .checkoutSessionCreated, .order(order), order: (order, number), details: ["session": checkoutSession])
    try session.execute(audit.statement)
    return true
  }
}
