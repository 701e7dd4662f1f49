package import Market
package import Postgres

/// What a customer may see of an order by its link, without any key.
package struct OrderPageView: Sendable, Equatable {
  package struct Line: Sendable, Equatable {
    package let title: String
    package let platform: String
    package let quantity: Int
    package let total: Money
  }

  package let id: OrderID
  package let number: String
  package let state: OrderState
  package let locale: String
  package let amount: Money
  package let createdAt: Instant
  package let lines: [Line]
  /// Keys that stand ready to be shown.
  package let readyUnits: Int
  package let unitsTotal: Int

  /// Whether the order's keys may be shown as it stands.
  package var isRevealable: Bool { state.allowsReveal && readyUnits > 0 }
}

extension OrderState {
  /// Keys are shown while the order is paid and nothing speaks against it.
  package var allowsReveal: Bool {
    switch self {
    case .paid, .delivered, .partiallyRefunded: true
    case .open, .awaitingAsync, .unfulfillable, .held, .disputed, .refunded, .chargedBack, .expired, .failed: false
    }
  }
}

/// Reads an order's page by the hash of its link's token.
package enum OrderPageRead {
  package static func page(_ session: borrowing Session, tokenHash: [UInt8]) throws -> OrderPageView? {
    let lines = try lines(session, tokenHash)
    return try session.first(
      """
      SELECT o.id, o.number, o.state, o.locale, o.amount::bigint, o.currency::text, o.created_at, o.units_total,
        (SELECT count(*) FROM gkm.assignment a JOIN gkm.order_unit u ON u.id = a.order_unit_id
          WHERE a.order_id = o.id AND a.active AND u.state = 'sold')
      FROM gkm.orders o WHERE o.token_hash = \(tokenHash)
      """
    ) {
      OrderPageView(
        id: try $0.id(0), number: try $0.string(1), state: try $0.word(2), locale: try $0.string(3),
        amount: try $0.money(4, 5), createdAt: try $0.instant(6), lines: lines, readyUnits: try $0.int(8),
        unitsTotal: try $0.int(7))
    }
  }

  private static func lines(_ session: borrowing Session, _ tokenHash: [UInt8]) throws -> [OrderPageView.Line] {
    try session.rows(
      """
      SELECT l.title::text, p.platform::text, l.quantity, (l.unit_price * l.quantity)::bigint, l.currency::text
      FROM gkm.orders o
      JOIN gkm.order_line l ON l.order_id = o.id
      JOIN gkm.listing li ON li.id = l.listing_id
      JOIN gkm.product p ON p.id = li.product_id
      WHERE o.token_hash = \(tokenHash) ORDER BY l.id
      """
    ) {
      OrderPageView.Line(
        title: try $0.string(0), platform: try $0.string(1), quantity: try $0.int(2), total: try $0.money(3, 4))
    }
  }
}
