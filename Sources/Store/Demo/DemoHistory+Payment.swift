import Market

// What an event of Stripe's does, step by step as `ApplyTransaction` does it.

extension DemoHistory {
  mutating func receive(_ event: DemoEvent, _ index: Int, _ received: Instant) throws {
    let at = received + .microseconds(2_000 + Int64(event.id.utf8.last ?? 0) * 61)
    let reported = Instant(unixSeconds: (received - .milliseconds(700)).unixSeconds)
    if isTraced(orders[index]) {
      events.append(
        EventRow(id: event.id, type: event.type, order: orders[index].id, created: reported, receivedAt: received))
    }
    let wasPaid = orders[index].facts.isPaid
    for fact in event.facts { orders[index].facts.merge(fact.delta) }
    note(event, index, reported: reported, at)

    var fulfilment = orders[index].fulfilment
    var decision = reduce(index, fulfilment)
    var granted: [Int] = []
    if decision.actions.contains(where: { if case .reserveAgain = $0 { true } else { false } }) {
      let wanting = orders[index].units.indices.filter {
        !orders[index].units[$0].isAssigned && !orders[index].isReserved(orders[index].units[$0])
      }
      granted = grant(wanting, index)
      fulfilment.reserved += granted.count
      fulfilment.isStockGone = granted.count < wanting.count
      decision = reduce(index, fulfilment)
    }
    let merged = OrderWork.MergedEvent(
      id: event.id, type: event.type, facts: event.facts, madePaid: !wasPaid && orders[index].facts.isPaid)
    var details = ["type": event.type, "state": decision.state.rawValue]
    let action = ApplyTransaction.action(of: merged, decision, &details)
    try audit.add(
      action, .order(orders[index].id), at: at, order: orders[index].reference, stripeEvent: event.id,
      details: details)
    let bindings = try carryOut(decision, granted: granted, index, at, stripeEvent: event.id)
    try become(decision, index, at, stripeEvent: event.id)
    try bind(bindings, granted: Set(granted), index, at, stripeEvent: event.id)
  }

  private func reduce(_ index: Int, _ fulfilment: Fulfilment) -> OrderDecision {
    OrderReducer.reduce(order: orders[index].terms, facts: orders[index].facts, fulfilment: fulfilment)
  }

  private mutating func note(_ event: DemoEvent, _ index: Int, reported: Instant, _ at: Instant) {
    if event.tellsCustomer { orders[index].knownCustomer = orders[index].stripeCustomer }
    orders[index].paymentVersion += 1
    orders[index].paymentUpdatedAt = at
    guard let object = event.object else { return }
    let earlier = orders[index].records[object]
    orders[index].records[object] = DemoOrder.Record(
      createdAt: earlier?.createdAt ?? reported, riskScore: event.riskScore ?? earlier?.riskScore,
      recordedAt: earlier?.recordedAt ?? at, updatedAt: at)
  }

  private func grant(_ units: [Int], _ index: Int) -> [Int] {
    var free: [Int: Int64] = [:]
    return units.filter { unit in
      let listing = orders[index].units[unit].listing
      let left = free[listing] ?? listings[listing].available
      guard left > 0 else { return false }
      free[listing] = left - 1
      return true
    }
  }

  /// Answers the units that are to get a key.
  private mutating func carryOut(
    _ decision: OrderDecision, granted: [Int], _ index: Int, _ at: Instant, stripeEvent: String
  ) throws -> [Int] {
    var bindings: [Int] = []
    for action in decision.actions {
      switch action {
      case .bindKeys:
        bindings += orders[index].units.indices.filter { orders[index].isReserved(orders[index].units[$0]) } + granted
      case .reserveAgain: orders[index].waitsForStock = true
      case .releaseReservation: try release(index, at, stripeEvent: stripeEvent)
      case .freezeDelivery: try stopDeliveries(index, at, .deliveryFrozen, stripeEvent)
      case .cancelDeliveries: try stopDeliveries(index, at, .deliveryCancelled, stripeEvent)
      case .revokeKeys: try revokeKeys(index, at, stripeEvent)
      // The demo freezes nothing that is still on its way, so nothing is there to be resumed; alerts and questions to
      // Stripe leave no trace in the tables. What it pays back unit by unit, it does when all else is told.
      case .resumeDelivery, .releaseSpare, .revokeRefunded, .alert, .fetchDispute, .listRefunds: break
      }
    }
    return bindings
  }

  private mutating func stopDeliveries(
    _ index: Int, _ at: Instant, _ action: AuditAction, _ stripeEvent: String
  ) throws {
    for (place, unit) in orders[index].units.enumerated() {
      guard let state = unit.state, [.pending, .retrying, .failed].contains(state) else { continue }
      orders[index].units[place].state = .cancelled
      orders[index].units[place].nextAttemptAt = nil
      orders[index].units[place].updatedAt = at
      orders[index].units[place].version += 1
      try audit.add(
        action, .delivery(unit.delivery), at: at, order: orders[index].reference,
        vendor: listings[unit.listing].vendor, stripeEvent: stripeEvent, details: ["was": state.rawValue])
    }
  }

  private mutating func revokeKeys(_ index: Int, _ at: Instant, _ stripeEvent: String) throws {
    let assigned = orders[index].units.indices.filter { orders[index].units[$0].isAssigned }
    for (listing, places) in Dictionary(grouping: assigned, by: { orders[index].units[$0].listing })
      .sorted(by: { listings[$0.key].id < listings[$1.key].id })
    {
      var keys: [StockUnitID] = []
      for place in places {
        orders[index].units[place].endedAt = at
        guard let key = orders[index].units[place].key else { continue }
        keys.append(key)
        keyStates[key] = (.revoked, 3)
      }
      changeStock(listing) { $0.sold -= Int64(keys.count) }
      try audit.add(
        .stockRevoked, .listing(listings[listing].id), at: at, order: orders[index].reference,
        vendor: listings[listing].vendor, stripeEvent: stripeEvent,
        details: ["quantity": String(keys.count), "stock_units": keys.map(\.description).joined(separator: " ")])
    }
  }

  private mutating func become(
    _ decision: OrderDecision, _ index: Int, _ at: Instant, stripeEvent: String
  ) throws {
    let order = orders[index]
    let isNewlyPaid = order.facts.isPaid && order.paidAt == nil
    guard decision.state != order.state || decision.holdReason != order.holdReason || isNewlyPaid else { return }
    orders[index].state = decision.state
    orders[index].holdReason = decision.holdReason
    if order.facts.isPaid { orders[index].paidAt = order.paidAt ?? at }
    touch(index, at)
    guard decision.state != order.state,
      !ApplyTransaction.isPlainPayment(order.state, becoming: decision.state)
    else { return }
    var details = ["was": order.state.rawValue, "state": decision.state.rawValue]
    details["hold_reason"] = decision.holdReason?.rawValue
    try audit.add(
      ApplyTransaction.action(of: order.state, becoming: decision.state), .order(order.id), at: at,
      order: order.reference, stripeEvent: stripeEvent, details: details)
  }
}
