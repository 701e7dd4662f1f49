import FoundationEssentials
import Market
import Postgres

extension Reserver {
  /// Writes the orders with all that belongs to them, and their audit events, in one round trip.
  func write(_ grants: [Grant], _ stock: StockRead, _ session: borrowing Session) throws {
    let offer = stock.offer
    let orders = grants.map(\.order.id)
    let numbers = grants.map(\.order.number)
    let amounts = grants.map(\.order.amount.amount)
    let quantities = grants.map(\.wish.quantity)
    let lines = grants.map(\.lineID)
    let currency = offer.price.currency
    let hashes = grants.map { vault.token(order: $0.order.id, generation: 1).storedHash }
    let facts = try Self.emptyFacts.get()
    let expires = stock.stamp.at + times.opening
    let units = grants.flatMap { grant in
      grant.unitIDs.enumerated().map { (id: $1, order: grant.order.id, line: grant.lineID, position: $0 + 1) }
    }
    try session.pipeline([
      """
      INSERT INTO gkm.orders (id, number, customer_email, customer_name, locale, amount, currency, token_hash, units_total)
      SELECT id, number, email, name, locale, amount, \(currency), token_hash, units
      FROM unnest(\(orders), \(numbers), \(grants.map(\.wish.email)), \(grants.map(\.wish.name)),
        \(grants.map(\.wish.locale)), \(amounts), \(hashes), \(quantities)
      ) AS g (id, number, email, name, locale, amount, token_hash, units)
      """,
      """
      INSERT INTO gkm.order_line (id, order_id, listing_id, vendor_id, title, quantity, unit_price, currency,
        commission_rule_id, commission_bps, commission)
      SELECT id, order_id, \(offer.id), \(offer.vendor), \(offer.title), quantity, \(offer.price.amount), \(currency),
        \(stock.commissionRule), \(stock.commissionBasisPoints), commission
      FROM unnest(\(lines), \(orders), \(quantities), \(grants.map(\.commission.amount)))
        AS g (id, order_id, quantity, commission)
      """,
      """
      INSERT INTO gkm.vendor_order (vendor_id, order_id, number, customer_masked, amount, currency)
      SELECT \(offer.vendor), order_id, number, masked, amount, \(currency)
      FROM unnest(\(orders), \(numbers), \(grants.map { maskedCustomer($0.wish.email) }), \(amounts))
        AS g (order_id, number, masked, amount)
      """,
      """
      INSERT INTO gkm.order_unit (id, order_id, order_line_id, listing_id, vendor_id, position)
      SELECT id, order_id, line_id, \(offer.id), \(offer.vendor), position
      FROM unnest(\(units.map(\.id)), \(units.map(\.order)), \(units.map(\.line)), \(units.map(\.position)))
        AS g (id, order_id, line_id, position)
      """,
      """
      INSERT INTO gkm.reservation (order_id, listing_id, vendor_id, quantity, stock_version, expires_at)
      SELECT order_id, \(offer.id), \(offer.vendor), quantity, \(stock.version + 1), \(expires)
      FROM unnest(\(orders), \(quantities)) AS g (order_id, quantity)
      """,
      """
      INSERT INTO gkm.payment (order_id, facts)
      SELECT order_id, \(PostgresBind.json(utf8: facts)) FROM unnest(\(orders)) AS g (order_id)
      """,
      try audit(grants, stock).statement,
    ])
  }

  private func audit(_ grants: [Grant], _ stock: StockRead) throws -> AuditBatch {
    var audit = AuditBatch(stock.stamp)
    for grant in grants {
      let order = (id: grant.order.id, number: grant.order.number)
      try audit.add(
        .checkoutCreated, .order(order.id), order: order,
        details: [
          "amount": String(grant.order.amount.amount), "currency": stock.offer.price.currency.code,
          "units": String(grant.wish.quantity),
        ])
      try audit.add(
        .stockReserved, .listing(stock.offer.id), order: order, vendor: stock.offer.vendor,
        details: [
          "quantity": String(grant.wish.quantity), "stock_version_before": String(stock.version),
          "stock_version_after": String(stock.version + 1),
        ])
    }
    return audit
  }

  /// The document of a payment of which nothing is known yet.
  private static let emptyFacts = Result { Array(try JSONEncoder().encode(PaymentFacts())) }
}
