import FoundationEssentials
import Market
import Postgres

// What was played, as rows.

extension DemoHistory {
  mutating func write(_ session: borrowing Session) throws {
    let orders = orders.filter { !$0.isDropped }
    for batch in orders.batches {
      let traced = batch.filter(isTraced)[...]
      try session.pipeline([
        orderSQL(batch), lineSQL(batch), vendorOrderSQL(batch), unitSQL(batch),
        reservationSQL(traced),
        try paymentSQL(batch), Self.intentSQL(batch), Self.attemptSQL(batch), Self.refundSQL(batch),
        Self.disputeSQL(batch), assignmentSQL(batch), deliverySQL(batch), Self.deliveryAttemptSQL(traced),
        Self.jobSQL(batch),
      ])
    }
    for batch in events.batches { try session.execute(Self.eventSQL(batch)) }
    for batch in reveals.batches { try session.execute(Self.revealSQL(batch)) }
    try DemoStage.note(session, keyStates)
    try session.execute(
      """
      UPDATE gkm.listing_stock s
      SET available = c.available, reserved = c.reserved, sold = c.sold, version = c.version
      FROM unnest(
        \(listings.map(\.id)), \(listings.map(\.available)), \(listings.map(\.reserved)), \(listings.map(\.sold)),
        \(listings.map(\.version))
      ) AS c (listing_id, available, reserved, sold, version)
      WHERE s.listing_id = c.listing_id
      """)
    try openCases(session, orders)
    try audit.write(session)
  }

  private func orderSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    """
    INSERT INTO gkm.orders (id, number, state, hold_reason, customer_email, customer_name, locale, amount, currency,
      checkout_session, token_hash, units_total, units_delivered, created_at, paid_at, delivered_at, updated_at, version,
      restock_until)
    SELECT * FROM unnest(
      \(orders.map(\.id)), \(orders.map(\.number)), \(orders.map(\.state.rawValue)),
      \(orders.map(\.holdReason?.rawValue)), \(orders.map(\.customer.email)), \(orders.map(\.customer.name)),
      \(orders.map(\.customer.locale)), \(orders.map(\.amount)), \(orders.map(\.currency)),
      \(orders.map { $0.isSessionKnown && isTraced($0) ? $0.session : nil }),
      \(orders.map { vault.token(order: $0.id, generation: 1).storedHash }), \(orders.map { Int32($0.units.count) }),
      \(orders.map { Int32($0.unitsDelivered) }), \(orders.map(\.createdAt)), \(orders.map(\.paidAt)),
      \(orders.map(\.deliveredAt)), \(orders.map(\.updatedAt)), \(orders.map(\.version)),
      \(orders.map { $0.state == .unfulfillable && $0.waitsForStock ? restockUntil : nil }))
    """
  }

  private func lineSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let lines = orders.flatMap { order in order.lines.map { (order: order, line: $0) } }
    return """
      INSERT INTO gkm.order_line (id, order_id, listing_id, vendor_id, title, quantity, unit_price, currency,
        commission_rule_id, commission_bps, commission_fixed, commission_min, commission_max, commission)
      SELECT * FROM unnest(
        \(lines.map(\.line.id)), \(lines.map(\.order.id)), \(lines.map { listings[$0.line.listing].id }),
        \(lines.map { listings[$0.line.listing].vendor }), \(lines.map { listings[$0.line.listing].title }),
        \(lines.map { Int32($0.line.quantity) }), \(lines.map(\.line.unitPrice)), \(lines.map(\.order.currency)),
        \(lines.map(\.line.choice.rule)), \(lines.map { Int32($0.line.choice.terms.basisPoints) }),
        \(lines.map(\.line.choice.terms.fixed)), \(lines.map(\.line.choice.terms.minimum)),
        \(lines.map(\.line.choice.terms.maximum)), \(lines.map(\.line.commission)))
      """
  }

  private func vendorOrderSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let parts = orders.flatMap { order in
      Dictionary(grouping: order.lines) { listings[$0.listing].vendor }.sorted { $0.key < $1.key }
        .map { vendor, lines in
          (
            order: order, vendor: vendor,
            amount: lines.reduce(Int64(0)) { $0 + $1.unitPrice * Int64($1.quantity) }
          )
        }
    }
    return """
      INSERT INTO gkm.vendor_order (vendor_id, order_id, number, customer_masked, amount, currency, created_at)
      SELECT * FROM unnest(
        \(parts.map(\.vendor)), \(parts.map(\.order.id)), \(parts.map(\.order.number)),
        \(parts.map { maskedCustomer($0.order.customer.email) }), \(parts.map(\.amount)), \(parts.map(\.order.currency)),
        \(parts.map(\.order.createdAt)))
      """
  }

  private func unitSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let units = orders.flatMap { order in order.units.map { (order: order, unit: $0) } }
    return """
      INSERT INTO gkm.order_unit (id, order_id, order_line_id, listing_id, vendor_id, position)
      SELECT * FROM unnest(
        \(units.map(\.unit.id)), \(units.map(\.order.id)), \(units.map { $0.order.lines[$0.unit.line].id }),
        \(units.map { listings[$0.unit.listing].id }), \(units.map { listings[$0.unit.listing].vendor }),
        \(units.map { Int32($0.unit.positionInLine) }))
      """
  }

  private func reservationSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let lines = orders.flatMap { order in order.lines.map { (order: order, line: $0) } }
    return """
      INSERT INTO gkm.reservation
        (order_id, listing_id, vendor_id, quantity, state, stock_version, expires_at, created_at)
      SELECT * FROM unnest(
        \(lines.map(\.order.id)), \(lines.map { listings[$0.line.listing].id }),
        \(lines.map { listings[$0.line.listing].vendor }), \(lines.map { Int32($0.line.quantity) }),
        \(lines.map(\.line.reservation)), \(lines.map(\.line.stockVersion)), \(lines.map(\.order.expiresAt)),
        \(lines.map(\.order.createdAt)))
      """
  }

  private func assignmentSQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let units = orders.flatMap { order in order.units.filter { $0.key != nil }.map { (order: order, unit: $0) } }
    return """
      INSERT INTO gkm.assignment (stock_unit_id, order_unit_id, order_id, vendor_id, active, created_at, ended_at)
      SELECT * FROM unnest(
        \(units.map(\.unit.key)), \(units.map(\.unit.id)), \(units.map(\.order.id)),
        \(units.map { listings[$0.unit.listing].vendor }), \(units.map(\.unit.isAssigned)),
        \(units.map(\.unit.assignedAt)), \(units.map(\.unit.endedAt)))
      """
  }

  private func deliverySQL(_ orders: ArraySlice<DemoOrder>) -> SQL {
    let units = orders.flatMap { order in order.units.filter { $0.state != nil }.map { (order: order, unit: $0) } }
    return """
      INSERT INTO gkm.delivery (id, order_id, order_unit_id, vendor_id, channel, state, attempts, attempts_in_round,
        message_id, next_attempt_at, confirmed_at, last_reply, created_at, updated_at, version)
      SELECT id, order_id, unit, vendor, 'email', state, attempts, in_round, message_id, next, confirmed, reply, created,
        updated, version
      FROM unnest(
        \(units.map(\.unit.delivery)), \(units.map(\.order.id)), \(units.map(\.unit.id)),
        \(units.map { listings[$0.unit.listing].vendor }), \(units.map(\.unit.state?.rawValue)),
        \(units.map { Int32($0.unit.attempts.count) }), \(units.map { Int32($0.unit.attemptsInRound) }),
        \(units.map(\.unit.messageID)), \(units.map(\.unit.nextAttemptAt)), \(units.map(\.unit.confirmedAt)),
        \(units.map { isTraced($0.order) ? safe($0.unit.lastReply) : nil }), \(units.map(\.unit.createdAt)),
        \(units.map(\.unit.updatedAt)), \(units.map(\.unit.version))
      ) AS d (id, order_id, unit, vendor, state, attempts, in_round, message_id, next, confirmed, reply, created, updated,
        version)
      """
  }
}
