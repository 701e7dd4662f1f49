package import Market
package import Postgres

/// What an order is asked for by.
package enum OrderReference: Hashable, Sendable {
  case id(OrderID)
  case number(OrderNumber)

  /// Reads a number, as people type it, or an id. `nil` if it cannot be either.
  package init?(_ text: String) {
    if let number = OrderNumber(text) {
      self = .number(number)
    } else if let id = Int64(text), id > 0 {
      self = .id(OrderID(id))
    } else {
      return nil
    }
  }
}

/// An order as its customer sees it.
package struct CustomerOrder: Sendable, Equatable {
  package struct Line: Sendable, Equatable {
    package let listing: ListingID
    package let title: String
    package let platform: String
    package let vendor: String
    package let quantity: Int
    package let unitPrice: Money
    package let total: Money
  }

  package struct Refund: Sendable, Equatable {
    package let amount: Int64
    package let state: String
    package let createdAt: Instant
  }

  package let id: OrderID
  package let number: String
  package let state: OrderState
  package let amount: Money
  /// In the order's currency.
  package let refunded: Int64
  package let createdAt: Instant
  package let paidAt: Instant?
  package let deliveredAt: Instant?
  package let unitsTotal: Int
  package let unitsReady: Int
  package let unitsDelivered: Int
  /// Who they are at Stripe, once they have paid. Not for their eyes.
  package let stripeCustomer: String?
  package let lines: [Line]
  package let refunds: [Refund]
}

/// Reads an order for whoever shows its token.
package enum CustomerOrderRead {
  private struct Head {
    let id: OrderID
    let tokenHash: [UInt8]
  }

  /// `nil` where there is no such order, and where the token is not its own: the same work up to there.
  package static func order(
    _ session: borrowing Session, _ reference: OrderReference, token: OrderToken
  ) throws -> CustomerOrder? {
    let condition: SQL =
      switch reference {
      case .id(let id): "id = \(id)"
      case .number(let number): "number = \(number.text)"
      }
    let head = try session.first("SELECT id, token_hash FROM gkm.orders WHERE \(sql: condition)") {
      Head(id: try $0.id(0), tokenHash: try $0.bytes(1))
    }
    let nobodys = [UInt8](repeating: 0, count: 32)
    guard token.isStored(as: head?.tokenHash ?? nobodys), let head else { return nil }
    let lines = try lines(session, head.id)
    let refunds = try refunds(session, head.id)
    return try session.first(
      """
      SELECT o.number, o.state, o.amount::bigint, o.currency::text, coalesce(p.refunded, 0)::bigint, o.created_at,
        o.paid_at, o.delivered_at, o.units_total,
        (SELECT count(*) FROM gkm.assignment a WHERE a.order_id = o.id AND a.active), o.units_delivered, p.customer
      FROM gkm.orders o LEFT JOIN gkm.payment p ON p.order_id = o.id WHERE o.id = \(head.id)
      """
    ) {
      CustomerOrder(
        id: head.id, number: try $0.string(0), state: try $0.word(1), amount: try $0.money(2, 3),
        refunded: try $0.int64(4), createdAt: try $0.instant(5), paidAt: try $0.instantOrNil(6),
        deliveredAt: try $0.instantOrNil(7), unitsTotal: try $0.int(8), unitsReady: try $0.int(9),
        unitsDelivered: try $0.int(10), stripeCustomer: try $0.stringOrNil(11), lines: lines, refunds: refunds)
    }
  }

  private static func lines(_ session: borrowing Session, _ order: OrderID) throws -> [CustomerOrder.Line] {
    try session.rows(
      """
      SELECT l.listing_id, l.title::text, p.platform::text, v.name::text, l.quantity, l.unit_price::bigint,
        l.currency::text
      FROM gkm.order_line l
      JOIN gkm.listing li ON li.id = l.listing_id
      JOIN gkm.product p ON p.id = li.product_id
      JOIN gkm.vendor v ON v.id = l.vendor_id
      WHERE l.order_id = \(order) ORDER BY l.id
      """
    ) {
      let quantity = try $0.int(4)
      let price = try $0.money(5, 6)
      return CustomerOrder.Line(
        listing: try $0.id(0), title: try $0.string(1), platform: try $0.string(2), vendor: try $0.string(3),
        quantity: quantity, unitPrice: price, total: try price.multiplied(by: quantity))
    }
  }

  private static func refunds(_ session: borrowing Session, _ order: OrderID) throws -> [CustomerOrder.Refund] {
    try session.rows(
      """
      SELECT amount::bigint, status, created_at FROM gkm.refund WHERE order_id = \(order)
      ORDER BY created_at, id LIMIT 100
      """
    ) { CustomerOrder.Refund(amount: try $0.int64(0), state: try $0.string(1), createdAt: try $0.instant(2)) }
  }
}
