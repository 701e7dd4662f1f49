import Market

/// Plays the demo's story: every order's moments in the order of time, over one stock, by the market's own reducer. What
/// comes of it is what the daemon would have written.
struct DemoHistory {
  let vault: KeyVault
  let mailDomain: String
  /// How long the orders that wait for stock still do.
  let restockUntil: Instant
  /// Orders from before came from another shop, without a trace of how they went; see `DemoMarket.tracedDays`.
  let tracedSince: Instant?
  var listings: [DemoListing]
  var orders: [DemoOrder]
  var audit = DemoAudit()
  var events: [EventRow] = []
  var reveals: [RevealRow] = []
  var restocks: [OrderID] = []
  /// The units of stock that left the state `available`, with the state they have now.
  var keyStates: [StockUnitID: (state: StockUnitState, version: Int64)] = [:]

  struct EventRow {
    let id: String
    let type: String
    let order: OrderID
    let created: Instant
    let receivedAt: Instant
  }

  struct RevealRow {
    let order: OrderID
    let unit: OrderUnitID
    let address: String
    let agent: String
    let at: Instant
  }

  mutating func play(_ moments: [DemoMoment]) throws {
    for moment in moments where !orders[moment.order].isDropped {
      let (index, at) = (moment.order, moment.at)
      audit.isMuted = !isTraced(orders[index])
      switch moment.step {
      case .checkout: try checkout(index, at)
      case .session: try openSession(index, at)
      case .stripe(let event): try receive(event, index, at)
      case .timeout: try timeOut(index, at)
      case .settle(let unit, let ending): try settle(unit, ending, index, at)
      case .prepare(let unit): try prepare(unit, index, at)
      case .retry(let unit, let person, let reason): try retry(unit, by: person, reason, index, at)
      case .reveal: try reveal(index, at)
      }
    }
    audit.isMuted = false
  }

  func isTraced(_ order: DemoOrder) -> Bool { tracedSince.map { order.createdAt >= $0 } ?? true }

  /// An order for which there is not enough stock never comes to be.
  private mutating func checkout(_ index: Int, _ at: Instant) throws {
    let order = orders[index]
    guard order.lines.allSatisfy({ listings[$0.listing].available >= Int64($0.quantity) }) else {
      orders[index].isDropped = true
      return
    }
    try audit.add(
      .checkoutCreated, .order(order.id), at: at, order: order.reference,
      details: [
        "amount": String(order.amount), "currency": order.currency.code, "units": String(order.units.count),
      ])
    for (place, line) in order.lines.enumerated() {
      let versions = changeStock(line.listing) {
        $0.available -= Int64(line.quantity)
        $0.reserved += Int64(line.quantity)
      }
      orders[index].lines[place].stockVersion = versions.after
      try audit.add(
        .stockReserved, .listing(listings[line.listing].id), at: at, order: order.reference,
        vendor: listings[line.listing].vendor, details: versions.details(quantity: line.quantity))
    }
  }

  struct Versions {
    let before: Int64
    let after: Int64

    func details(quantity: Int) -> [String: String] {
      [
        "quantity": String(quantity), "stock_version_before": String(before), "stock_version_after": String(after),
      ]
    }
  }

  @discardableResult
  mutating func changeStock(_ listing: Int, _ change: (inout DemoListing) -> Void) -> Versions {
    let before = listings[listing].version
    change(&listings[listing])
    listings[listing].version += 1
    return Versions(before: before, after: before + 1)
  }

  private mutating func openSession(_ index: Int, _ at: Instant) throws {
    orders[index].isSessionKnown = true
    touch(index, at)
    try audit.add(
      .checkoutSessionCreated, .order(orders[index].id), at: at, order: orders[index].reference,
      details: ["session": orders[index].session])
  }

  mutating func touch(_ index: Int, _ at: Instant) {
    orders[index].updatedAt = at
    orders[index].version += 1
  }

  /// The stock is given back before Stripe tells that the session expired.
  private mutating func timeOut(_ index: Int, _ at: Instant) throws {
    guard orders[index].state == .open else { return }
    try audit.add(.checkoutExpired, .order(orders[index].id), at: at, order: orders[index].reference)
    orders[index].facts.merge(StripeFact.sessionExpired().delta)
    orders[index].paymentVersion += 1
    orders[index].paymentUpdatedAt = at
    try release(index, at, stripeEvent: nil)
    orders[index].state = .expired
    touch(index, at)
  }

  mutating func release(_ index: Int, _ at: Instant, stripeEvent: String?) throws {
    for (place, line) in orders[index].lines.enumerated() where line.reservation == "held" {
      orders[index].lines[place].reservation = "released"
      let versions = changeStock(line.listing) {
        $0.available += Int64(line.quantity)
        $0.reserved -= Int64(line.quantity)
      }
      try audit.add(
        .stockReleased, .listing(listings[line.listing].id), at: at, order: orders[index].reference,
        vendor: listings[line.listing].vendor, stripeEvent: stripeEvent,
        details: stripeEvent == nil ? versions.details(quantity: line.quantity) : ["quantity": String(line.quantity)])
    }
  }

  private mutating func reveal(_ index: Int, _ at: Instant) throws {
    let order = orders[index]
    guard isTraced(order), DeliveryTurn.delivers(order.state) else { return }
    for unit in order.units where unit.isAssigned {
      reveals.append(
        RevealRow(
          order: order.id, unit: unit.id, address: order.customer.address, agent: order.customer.agent, at: at))
      try audit.add(
        .keyRevealed, .orderUnit(unit.id), at: at, as: .customer, order: order.reference,
        vendor: listings[unit.listing].vendor, details: ["channel": "page"])
    }
  }
}
