package import Market
package import Postgres

extension EvidenceSource {
  /// What is on record of a dispute's order; `nil` where there is no such dispute. For staff.
  package static func read(_ session: borrowing Session, dispute id: String) throws -> EvidenceSource? {
    guard let dispute = try DisputeList.page(session, where: ["d.id = \(id)"], after: nil, limit: 1).first,
      let story = try OrderStory.read(session, order: dispute.order)
    else { return nil }
    let order = dispute.orderID
    let paying = story.attempts.last { $0.outcome == "succeeded" && $0.charge == dispute.charge }
    let card = paying.flatMap { attempt in
      attempt.cardLast4.map { [attempt.cardBrand, "•••• \($0)"].compactMap(\.self).joined(separator: " ") }
    }
    return EvidenceSource(
      order: story.order.number, customerName: try name(session, order), customerEmail: story.order.customer,
      total: story.order.total, placedAt: story.order.createdAt, paidAt: story.order.paidAt, card: card,
      charge: dispute.charge, items: try items(session, order), unitsTotal: story.order.unitsTotal ?? 0,
      deliveries: try deliveries(session, order),
      reveals: story.reveals.filter { $0.channel == "page" }.map {
        Reveal(at: $0.at, address: $0.address, agent: $0.agent)
      },
      refunds: story.refunds.map { Refund(id: $0.id, amount: $0.amount, status: $0.status, at: $0.createdAt) },
      failedAttempts: story.attempts.count { $0.outcome == "failed" }, reason: dispute.reason)
  }

  private static func name(_ session: borrowing Session, _ order: OrderID) throws -> String? {
    try session.first("SELECT customer_name::text FROM gkm.orders WHERE id = \(order)") { try $0.stringOrNil(0) } ?? nil
  }

  private static func items(_ session: borrowing Session, _ order: OrderID) throws -> [Item] {
    try session.rows(
      """
      SELECT l.title::text, p.platform::text, l.quantity, l.unit_price, l.currency
      FROM gkm.order_line l
      JOIN gkm.listing g ON g.id = l.listing_id
      JOIN gkm.product p ON p.id = g.product_id
      WHERE l.order_id = \(order) ORDER BY l.id
      """
    ) {
      Item(
        title: try $0.string(0), platform: try $0.string(1), quantity: Int64(try $0.int(2)),
        unitPrice: try $0.money(3, 4))
    }
  }

  private static func deliveries(_ session: borrowing Session, _ order: OrderID) throws -> [Delivery] {
    try session.rows(
      """
      SELECT d.message_id, d.confirmed_at, d.last_reply::text FROM gkm.delivery d
      WHERE d.order_id = \(order) ORDER BY d.id LIMIT 500
      """
    ) {
      Delivery(
        messageID: try $0.string(0), confirmedAt: try $0.instantOrNil(1), reply: try $0.stringOrNil(2))
    }
  }
}
