import FoundationEssentials
import Market
import Postgres

extension Reserver {
  /// Writes the orders with all that belongs to them, and their audit events, in one round trip.
  func write(_ grants: [Grant], _ stamp: Stamp, _ session: borrowing Session) throws {
    let facts = try Self.emptyFacts.get()
    try session.pipeline([
      orderSQL(grants), Self.lineSQL(grants), Self.vendorOrderSQL(grants), Self.unitSQL(grants),
      Self.reservationSQL(grants, expires: stamp.at + times.opening),
      """
      INSERT INTO gkm.payment (order_id, facts)
      SELECT order_id, \(PostgresBind.json(utf8: facts)) FROM unnest(\(grants.map(\.order.id))) AS g (order_id)
      """,
      try Self.audit(grants, stamp).statement,
    ])
  }

  private func orderSQL(_ grants: [Grant]) -> SQL {
    let orders = grants.map(\.order)
    return """
      INSERT INTO gkm.orders (id, number, customer_email, customer_name, locale, amount, currency, token_hash, units_total)
      SELECT * FROM unnest(
        \(orders.map(\.id)), \(orders.map(\.number)), \(grants.map(\.wish.email)), \(grants.map(\.wish.name)),
        \(grants.map(\.wish.locale)), \(orders.map(\.amount.amount)), \(orders.map(\.amount.currency)),
        \(orders.map { vault.token(order: $0.id, generation: 1).storedHash }), \(grants.map { Int32($0.wish.units) }))
      """
  }

  private static func lineSQL(_ grants: [Grant]) -> SQL {
    let lines = grants.flatMap { grant in grant.lines.map { (order: grant.order.id, id: $0.id, share: $0.share) } }
    let offers = lines.map(\.share.stock.offer)
    let choices = lines.map(\.share.stock.commission)
    return """
      INSERT INTO gkm.order_line (id, order_id, listing_id, vendor_id, title, quantity, unit_price, currency,
        commission_rule_id, commission_bps, commission_fixed, commission_min, commission_max, commission)
      SELECT * FROM unnest(
        \(lines.map(\.id)), \(lines.map(\.order)), \(offers.map(\.id)), \(offers.map(\.vendor)), \(offers.map(\.title)),
        \(lines.map { Int32($0.share.quantity) }), \(offers.map(\.price.amount)), \(offers.map(\.price.currency)),
        \(choices.map(\.rule)), \(choices.map { Int32($0.terms.basisPoints) }), \(choices.map(\.terms.fixed)),
        \(choices.map(\.terms.minimum)), \(choices.map(\.terms.maximum)), \(lines.map(\.share.commission.amount)))
      """
  }

  /// One row for each vendor of an order, with the total of their own lines.
  private static func vendorOrderSQL(_ grants: [Grant]) -> SQL {
    let parts = grants.flatMap { grant in
      Dictionary(grouping: grant.lines) { $0.share.stock.offer.vendor }.sorted { $0.key < $1.key }.map {
        (grant: grant, vendor: $0, amount: $1.reduce(0) { $0 + $1.share.total.amount })
      }
    }
    return """
      INSERT INTO gkm.vendor_order (vendor_id, order_id, number, customer_masked, amount, currency)
      SELECT * FROM unnest(
        \(parts.map(\.vendor)), \(parts.map(\.grant.order.id)), \(parts.map(\.grant.order.number)),
        \(parts.map { maskedCustomer($0.grant.wish.email) }), \(parts.map(\.amount)),
        \(parts.map(\.grant.order.amount.currency)))
      """
  }

  private static func unitSQL(_ grants: [Grant]) -> SQL {
    let units = grants.flatMap { grant in
      grant.lines.flatMap { line in
        line.unitIDs.enumerated().map { (grant: grant, line: line, id: $1, position: $0 + 1) }
      }
    }
    return """
      INSERT INTO gkm.order_unit (id, order_id, order_line_id, listing_id, vendor_id, position)
      SELECT * FROM unnest(
        \(units.map(\.id)), \(units.map(\.grant.order.id)), \(units.map(\.line.id)),
        \(units.map(\.line.share.stock.offer.id)), \(units.map(\.line.share.stock.offer.vendor)),
        \(units.map { Int32($0.position) }))
      """
  }

  private static func reservationSQL(_ grants: [Grant], expires: Instant) -> SQL {
    let lines = grants.flatMap { grant in grant.lines.map { (order: grant.order.id, share: $0.share) } }
    return """
      INSERT INTO gkm.reservation (order_id, listing_id, vendor_id, quantity, stock_version, expires_at)
      SELECT order_id, listing_id, vendor_id, quantity, stock_version, \(expires)
      FROM unnest(
        \(lines.map(\.order)), \(lines.map(\.share.stock.offer.id)), \(lines.map(\.share.stock.offer.vendor)),
        \(lines.map { Int32($0.share.quantity) }), \(lines.map { $0.share.stock.version + 1 })
      ) AS g (order_id, listing_id, vendor_id, quantity, stock_version)
      """
  }

  private static func audit(_ grants: [Grant], _ stamp: Stamp) throws -> AuditBatch {
    var audit = AuditBatch(stamp)
    for grant in grants {
      let order = (id: grant.order.id, number: grant.order.number)
      try audit.add(
        .checkoutCreated, .order(order.id), order: order,
        details: [
          "amount": String(grant.order.amount.amount), "currency": grant.order.amount.currency.code,
          "units": String(grant.wish.units),
        ])
      for line in grant.lines {
        let stock = line.share.stock
        try audit.add(
          .stockReserved, .listing(stock.offer.id), order: order, vendor: stock.offer.vendor,
          details: [
            "quantity": String(line.share.quantity), "stock_version_before": String(stock.version),
            "stock_version_after": String(stock.version + 1),
          ])
      }
    }
    return audit
  }

  /// The document of a payment of which nothing is known yet.
  private static let emptyFacts = Result { Array(try JSONEncoder().encode(PaymentFacts())) }
}
