import Market
import Postgres

/// Makes orders of the plan's entries: numbers, ids, customers, and each one's story.
struct DemoCast {
  let vault: KeyVault
  let shop: DemoShop
  let listings: [DemoListing]
  let now: Instant
  /// Of so many orders two would draw the same number.
  let isLarge: Bool

  func gather(
    _ session: borrowing Session, _ entries: ArraySlice<DemoPlan.Entry>
  ) throws -> (orders: [DemoOrder], moments: [DemoMoment]) {
    let entries = Array(entries)
    let lineCount = entries.reduce(0) { $0 + $1.lines.count }
    let unitCount = entries.reduce(0) { $0 + $1.lines.reduce(0) { $0 + $1.quantity } }
    let orderIDs: [OrderID] = try ids(session, "orders", entries.count)
    var lineIDs: ArraySlice<OrderLineID> = try ids(session, "order_line", lineCount)[...]
    var unitIDs: ArraySlice<OrderUnitID> = try ids(session, "order_unit", unitCount)[...]
    var deliveryIDs: ArraySlice<DeliveryID> = try ids(session, "delivery", unitCount)[...]

    var orders: [DemoOrder] = []
    var moments: [DemoMoment] = []
    for (place, entry) in entries.enumerated() {
      var lines: [DemoOrder.Line] = []
      var units: [DemoOrder.Unit] = []
      for (position, wish) in entry.lines.enumerated() {
        lines.append(try line(lineIDs.removeFirst(), wish, at: entry.createdAt))
        for number in 1...wish.quantity {
          units.append(
            DemoOrder.Unit(
              id: unitIDs.removeFirst(), delivery: deliveryIDs.removeFirst(), line: position,
              listing: wish.listing, positionInLine: number))
        }
      }
      var random = DemoRandom(seed: entry.seed)
      let order = order(orderIDs[place], entry, lines, units, &random)
      orders.append(order)
      let story = DemoStory.tell(entry.scenario, of: order, now: now, random: DemoRandom(seed: random.next()))
      moments += story.map { DemoMoment(at: $0.at, order: place, step: $0.step) }
    }
    // By time; what happens to one order at the same instant stays in its order.
    let sorted = moments.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
    return (orders, sorted.map(\.element))
  }

  private func ids<Subject>(
    _ session: borrowing Session, _ table: String, _ count: Int
  ) throws -> [Identifier<Subject>] {
    try session.rows(
      "SELECT nextval('gkm.\(unescaped: table)_id_seq') FROM generate_series(1, \(count))"
    ) { try $0.id(0) }
  }

  private func line(
    _ id: OrderLineID, _ wish: (listing: Int, quantity: Int), at: Instant
  ) throws -> DemoOrder.Line {
    let listing = listings[wish.listing]
    let choice = shop.commission(of: listing, at: at)
    let split = try choice.terms.split(unitPrice: listing.price, quantity: wish.quantity)
    return DemoOrder.Line(
      id: id, listing: wish.listing, quantity: wish.quantity, unitPrice: listing.price.amount, choice: choice,
      commission: split.commission.amount)
  }

  /// 45 bits that look drawn, and are another order's never: each step could be undone.
  static func distinct(_ id: OrderID) -> UInt64 {
    let mask: UInt64 = (1 << 45) - 1
    var bits = UInt64(bitPattern: id.rawValue) & mask
    for _ in 0..<3 {
      bits = (bits &* 0x9E37_79B9_7F4A_7C15) & mask
      bits ^= bits >> 22
    }
    return bits
  }

  private func order(
    _ id: OrderID, _ entry: DemoPlan.Entry, _ lines: [DemoOrder.Line], _ units: [DemoOrder.Unit],
    _ random: inout DemoRandom
  ) -> DemoOrder {
    let amount = lines.reduce(Int64(0)) { $0 + $1.unitPrice * Int64($1.quantity) }
    // Nobody but its customer knows of an open order's session: it stays payable for hours.
    let isOpen = entry.scenario == .open || entry.scenario == .openAfterDecline
    let held: Duration = isOpen ? .hours(12) : .minutes(32)
    let drawn = random.next()
    return DemoOrder(
      id: id, number: OrderNumber(random: isLarge ? Self.distinct(id) : drawn).text,
      customer: DemoCustomer.anyone(&random), createdAt: entry.createdAt,
      currency: listings[lines[0].listing].price.currency, amount: amount, expiresAt: entry.createdAt + held,
      session: random.stripeID("cs_test_a1", 56), intent: random.stripeID("pi_3", 23),
      charge: random.stripeID("ch_3", 23), stripeCustomer: random.stripeID("cus_", 14), lines: lines, units: units,
      updatedAt: entry.createdAt, paymentUpdatedAt: entry.createdAt)
  }
}
