import FoundationEssentials
package import Market
package import Postgres

/// A reservation whose time is over, of an order that nobody has paid.
package struct OverdueReservation: Sendable, Equatable {
  package let order: OrderID
  package let number: String
  package let checkoutSession: String?
  package let expiresAt: Instant
}

/// Gives stock back that was held for an order which will not be paid.
package enum ReservationRelease {
  /// Why it will not be paid.
  package enum Cause: Sendable, Equatable {
    /// The customer's time ran out.
    case expired
    /// Stripe would not make a session.
    case refused(String)
  }

  /// Overdue reservations of open orders after `cursor`, the longest overdue first. `awaiting_async` is not among them:
  /// its money may still come.
  package static func overdue(
    _ session: borrowing Session, after cursor: OverdueReservation?, limit: Int
  ) throws -> [OverdueReservation] {
    let start = cursor?.expiresAt ?? Instant(microseconds: 0)
    return try session.rows(
      """
      SELECT r.order_id, o.number, o.checkout_session, r.expires_at
      FROM gkm.reservation r JOIN gkm.orders o ON o.id = r.order_id
      WHERE r.state = 'held' AND r.expires_at <= now() AND o.state = 'open'
        AND (r.expires_at, r.order_id) > (\(start), \(cursor?.order ?? OrderID(0)))
      ORDER BY r.expires_at, r.order_id LIMIT \(limit)
      """
    ) {
      OverdueReservation(
        order: try $0.id(0), number: try $0.string(1), checkoutSession: try $0.stringOrNil(2),
        expiresAt: try $0.instant(3))
    }
  }

  /// Ends an open order: its stock goes back, its state becomes `expired`. Answers false, and changes nothing, where it
  /// is not open any more or, refused, has a session all the same. The fact is noted too, so that reducing the order
  /// again ends in the same state; a payment heard of later still counts.
  ///
  /// - Parameter ifOverdue: ends it only if its time is still over: it was extended if the session was noted meanwhile.
  package static func release(
    _ session: borrowing Session, _ order: OrderID, _ cause: Cause, ifOverdue: Bool = false
  ) throws -> Bool {
    let stamp = try Stamp.now(session)
    let head = try session.first("SELECT state, number FROM gkm.orders WHERE id = \(order) FOR UPDATE") {
      (state: try $0.word(0, as: OrderState.self), number: try $0.string(1))
    }
    guard let head, head.state == .open, try stands(cause, ifOverdue: ifOverdue, order, session) else { return false }
    let name = (id: order, number: head.number)
    var audit = AuditBatch(stamp)
    switch cause {
    case .expired: try audit.add(.checkoutExpired, .order(order), order: name)
    case .refused(let problem):
      try audit.add(.checkoutRefused, .order(order), order: name, details: ["problem": problem])
    }
    try noteExpiry(session, order)
    let freed = try giveBack(session, name, &audit)
    try session.pipeline([
      "UPDATE gkm.orders SET state = 'expired', updated_at = now(), version = version + 1 WHERE id = \(order)",
      CheckoutIdempotency.free(order), audit.statement, Restock.wake(freed),
    ])
    return true
  }

  /// Whether the cause still holds, now that the order is locked.
  private static func stands(
    _ cause: Cause, ifOverdue: Bool, _ order: OrderID, _ session: borrowing Session
  ) throws -> Bool {
    let question: SQL
    if case .refused = cause {
      question = "SELECT checkout_session IS NULL FROM gkm.orders WHERE id = \(order)"
    } else if ifOverdue {
      question = """
        SELECT EXISTS (
          SELECT FROM gkm.reservation WHERE order_id = \(order) AND state = 'held' AND expires_at <= now())
        """
    } else {
      return true
    }
    return try session.first(question) { try $0.bool(0) } ?? false
  }

  private static func noteExpiry(_ session: borrowing Session, _ order: OrderID) throws {
    let stored = try session.first("SELECT facts::text FROM gkm.payment WHERE order_id = \(order) FOR UPDATE") {
      Array(try $0.string(0).utf8)
    }
    var facts = PaymentFacts()
    if let stored { facts = try JSONDecoder().decode(PaymentFacts.self, from: Data(stored)) }
    facts.merge(StripeFact.sessionExpired().delta)
    let document = Array(try JSONEncoder().encode(facts))
    try session.execute(
      """
      UPDATE gkm.payment SET facts = \(PostgresBind.json(utf8: document)), updated_at = now(), version = version + 1
      WHERE order_id = \(order)
      """)
  }

  /// Answers the listings that have more stock now.
  private static func giveBack(
    _ session: borrowing Session, _ order: (id: OrderID, number: String), _ audit: inout AuditBatch
  ) throws -> [ListingID] {
    let held = try session.rows(
      """
      UPDATE gkm.reservation SET state = 'released' WHERE order_id = \(order.id) AND state = 'held'
      RETURNING listing_id, vendor_id, quantity
      """
    ) { (listing: ListingID(try $0.int64(0)), vendor: VendorID(try $0.int64(1)), quantity: try $0.int64(2)) }
    for hold in held.sorted(by: { $0.listing < $1.listing }) {
      let version = try session.first(
        """
        UPDATE gkm.listing_stock
        SET available = available + \(hold.quantity), reserved = reserved - \(hold.quantity), version = version + 1
        WHERE listing_id = \(hold.listing) RETURNING version
        """
      ) { try $0.int64(0) }
      guard let version else { throw StoreError.badRow("listing \(hold.listing) has no stock") }
      try audit.add(
        .stockReleased, .listing(hold.listing), order: order, vendor: hold.vendor,
        details: [
          "quantity": String(hold.quantity), "stock_version_before": String(version - 1),
          "stock_version_after": String(version),
        ])
    }
    return held.map(\.listing)
  }
}
