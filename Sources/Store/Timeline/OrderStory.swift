package import Market
package import Postgres

/// Everything that is known of one order, read in one transaction so that its parts agree.
package struct OrderStory: Sendable, Equatable {
  package var order: OrderRow
  package var lines: [Line]
  package var reservations: [Hold]
  package var events: [Event]
  package var attempts: [PaymentRow]
  package var keys: [Key]
  package var deliveries: [DeliveryRow]
  package var deliveryAttempts: [Attempt]
  package var reveals: [Reveal]
  /// What was asked for, oldest first.
  package var refundRequests: [RefundRow]
  /// What Stripe made of it, and what was refunded there.
  package var refunds: [Refund]
  package var disputes: [Dispute]
  /// Oldest first: the order in which things were committed.
  package var audit: [AuditRow]

  /// What was sold, with its commission as it was at the sale.
  package struct Line: Sendable, Equatable {
    package var title: String
    package var vendor: String
    package var quantity: Int64
    package var unitPrice: Money
    package var commissionBasisPoints: Int64
    package var commission: Money
  }

  package struct Hold: Sendable, Equatable {
    package var listing: ListingID
    package var quantity: Int64
    package var state: String
    /// The stock's version that the reservation made.
    package var stockVersion: Int64
    package var expiresAt: Instant
  }

  package struct Event: Sendable, Equatable {
    package var id: String
    package var type: String
    package var state: StripeEventState
    package var problem: String?
    package var created: Instant?
    package var receivedAt: Instant
    package var arrival: EventArrival = .webhook
  }

  /// Which key a unit has or had; never the key itself.
  package struct Key: Sendable, Equatable {
    package var orderUnit: OrderUnitID
    package var stockUnit: StockUnitID
    package var isActive: Bool
    package var assignedAt: Instant
    package var endedAt: Instant?
  }

  package struct Attempt: Sendable, Equatable {
    package var delivery: DeliveryID
    package var number: Int64
    package var outcome: AttemptOutcome
    package var startedAt: Instant
    package var endedAt: Instant?
    package var reply: String?
    /// The version of the template that was sent, where that is known.
    package var template: String?
  }

  package struct Reveal: Sendable, Equatable {
    package var channel: String
    package var address: String?
    package var agent: String?
    package var by: String?
    package var at: Instant
  }

  package struct Refund: Sendable, Equatable {
    package var id: String
    package var amount: Money
    package var status: String
    package var reason: String?
    /// Why it failed.
    package var failureReason: String?
    /// The request that it carries out.
    package var request: RefundRequestID?
    package var createdAt: Instant
  }

  package struct Dispute: Sendable, Equatable {
    package var id: String
    package var amount: Money
    package var status: String
    package var reason: String?
    package var dueBy: Instant?
    package var createdAt: Instant
  }
}

extension OrderStory {
  /// By the order's number or internal id; `nil` where there is no such order. For staff.
  package static func read(_ session: borrowing Session, order key: String) throws -> OrderStory? {
    let condition: SQL =
      if let id = Int64(key) { "o.id = \(id)" } else { "o.number = \(OrderNumber(key)?.text ?? key)" }
    guard let order = try OrderList.page(session, where: [condition], after: nil, limit: 1).first else { return nil }
    let id = OrderID(order.id)
    return OrderStory(
      order: order, lines: try lines(session, id), reservations: try holds(session, id),
      events: try events(session, id),
      attempts: try PaymentList.page(session, where: ["a.order_id = \(id)"], after: nil, limit: 500).reversed(),
      keys: try keys(session, id),
      deliveries: try DeliveryList.page(session, where: ["d.order_id = \(id)"], after: nil, limit: 500).reversed(),
      deliveryAttempts: try deliveryAttempts(session, id), reveals: try reveals(session, id),
      refundRequests: try RefundList.page(
        session, where: ["r.order_id = \(id)", "r.request IS NOT NULL"], after: nil, limit: 500
      ).reversed(), refunds: try refunds(session, id), disputes: try disputes(session, id),
      audit: try AuditList.ofOrder(session, id))
  }

  private static func lines(_ session: borrowing Session, _ id: OrderID) throws -> [Line] {
    try session.rows(
      """
      SELECT l.title::text, v.handle, l.quantity, l.unit_price, l.currency, l.commission_bps, l.commission
      FROM gkm.order_line l JOIN gkm.vendor v ON v.id = l.vendor_id WHERE l.order_id = \(id) ORDER BY l.id
      """
    ) { row in
      Line(
        title: try row.string(0), vendor: try row.string(1), quantity: Int64(try row.int(2)),
        unitPrice: try row.money(3, 4), commissionBasisPoints: Int64(try row.int(5)), commission: try row.money(6, 4))
    }
  }

  private static func holds(_ session: borrowing Session, _ id: OrderID) throws -> [Hold] {
    try session.rows(
      """
      SELECT listing_id, quantity, state, stock_version, expires_at FROM gkm.reservation
      WHERE order_id = \(id) ORDER BY id
      """
    ) { row in
      Hold(
        listing: try row.id(0), quantity: Int64(try row.int(1)), state: try row.string(2),
        stockVersion: try row.int64(3), expiresAt: try row.instant(4))
    }
  }

  private static func events(_ session: borrowing Session, _ id: OrderID) throws -> [Event] {
    try session.rows(
      """
      SELECT event_id, type, state, problem::text, stripe_created, received_at, arrival FROM gkm.stripe_event
      WHERE order_id = \(id) ORDER BY received_at, event_id LIMIT 500
      """
    ) { row in
      Event(
        id: try row.string(0), type: try row.string(1), state: try row.word(2), problem: try row.stringOrNil(3),
        created: try row.instantOrNil(4), receivedAt: try row.instant(5), arrival: try row.word(6))
    }
  }

  private static func keys(_ session: borrowing Session, _ id: OrderID) throws -> [Key] {
    try session.rows(
      """
      SELECT order_unit_id, stock_unit_id, active, created_at, ended_at FROM gkm.assignment
      WHERE order_id = \(id) ORDER BY id
      """
    ) { row in
      Key(
        orderUnit: try row.id(0), stockUnit: try row.id(1), isActive: try row.bool(2), assignedAt: try row.instant(3),
        endedAt: try row.instantOrNil(4))
    }
  }

  private static func deliveryAttempts(_ session: borrowing Session, _ id: OrderID) throws -> [Attempt] {
    try session.rows(
      """
      SELECT a.delivery_id, a.number, a.outcome, a.started_at, a.ended_at, a.reply::text, a.template_version
      FROM gkm.delivery d JOIN gkm.delivery_attempt a ON a.delivery_id = d.id
      WHERE d.order_id = \(id) ORDER BY a.started_at, a.delivery_id, a.number LIMIT 500
      """
    ) { row in
      Attempt(
        delivery: try row.id(0), number: Int64(try row.int(1)), outcome: try row.word(2),
        startedAt: try row.instant(3), endedAt: try row.instantOrNil(4), reply: try row.stringOrNil(5),
        template: try row.stringOrNil(6))
    }
  }

  private static func reveals(_ session: borrowing Session, _ id: OrderID) throws -> [Reveal] {
    try session.rows(
      """
      SELECT channel, address::text, agent::text, revealed_by, revealed_at FROM gkm.reveal
      WHERE order_id = \(id) ORDER BY id LIMIT 500
      """
    ) { row in
      Reveal(
        channel: try row.string(0), address: try row.stringOrNil(1), agent: try row.stringOrNil(2),
        by: try row.stringOrNil(3), at: try row.instant(4))
    }
  }

  private static func refunds(_ session: borrowing Session, _ id: OrderID) throws -> [Refund] {
    try session.rows(
      """
      SELECT id, amount, currency, status, reason::text, created_at, failure_reason::text, request_id FROM gkm.refund
      WHERE order_id = \(id) ORDER BY created_at, id LIMIT 500
      """
    ) { row in
      Refund(
        id: try row.string(0), amount: try row.money(1, 2), status: try row.string(3),
        reason: try row.stringOrNil(4), failureReason: try row.stringOrNil(6), request: try row.idOrNil(7),
        createdAt: try row.instant(5))
    }
  }

  private static func disputes(_ session: borrowing Session, _ id: OrderID) throws -> [Dispute] {
    try session.rows(
      """
      SELECT id, amount, currency, status, reason::text, due_by, created_at FROM gkm.dispute
      WHERE order_id = \(id) ORDER BY created_at, id LIMIT 100
      """
    ) { row in
      Dispute(
        id: try row.string(0), amount: try row.money(1, 2), status: try row.string(3),
        reason: try row.stringOrNil(4), dueBy: try row.instantOrNil(5), createdAt: try row.instant(6))
    }
  }
}
