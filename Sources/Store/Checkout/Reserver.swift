package import Market
package import Postgres

/// Holds stock for a group of buyers, each of whom wants one listing or several, in one transaction.
package struct Reserver: Sendable {
  let vault: KeyVault
  let times: ReservationTimes

  /// - Parameter vault: makes the tokens of the orders' pages.
  package init(vault: KeyVault, times: ReservationTimes) {
    self.vault = vault
    self.times = times
  }

  /// Reads the stock and its versions, gives to the buyers in their order as long as it lasts (a cart is given whole or
  /// not at all), and takes all that was given under the versions read. Runs inside one transaction, which is to be
  /// rolled back if this throws `StockVersionConflict`: then nothing is held, and a fresh read is due.
  ///
  /// - Parameter locking: waits for the stock's rows before it reads, so that no version changes in between: for who
  ///   lost every race without.
  package func reserve(
    _ session: borrowing Session, for wishes: [ReservationWish], locking: Bool = false
  ) throws -> [ReservationOutcome] {
    let listings = Set(wishes.flatMap { $0.lines.map(\.listing) }).sorted()
    var shelf = try Shelf.read(session, listings, locking: locking)
    var keys: Set<[UInt8]> = []
    let shares = try wishes.map { wish in
      if let key = wish.claim?.key, !keys.insert(key).inserted { return Shelf.Share.refused(.repeated) }
      return try shelf.give(wish)
    }
    let refusals = shares.compactMap(\.refusal)
    guard refusals.count < wishes.count else { return refusals }
    try take(shelf, session)
    var fresh = try FreshIDs.take(session, shares)
    var grants: [Grant] = []
    let outcomes = zip(wishes, shares).map { wish, share -> ReservationOutcome in
      switch share {
      case .refused(let outcome): return outcome
      case .granted(let lines, let amount):
        let grant = grant(wish, lines, amount, &fresh)
        grants.append(grant)
        return .opened(grant.order)
      }
    }
    try write(grants, fresh.stamp, session)
    try CheckoutIdempotency.bind(
      session, grants.compactMap { grant in grant.wish.claim.map { ($0, grant.order) } }, at: fresh.stamp.at)
    return outcomes
  }

  /// Takes what was given. Several rows are locked in the order of their listings, as everybody locks them, so that
  /// carts never wait for each other in a circle.
  private func take(_ shelf: Shelf, _ session: borrowing Session) throws {
    let touched = shelf.touched
    let listings = touched.map(\.offer.id)
    if touched.count > 1 {
      try session.execute(
        """
        SELECT FROM gkm.listing_stock WHERE listing_id = ANY(\(listings)) ORDER BY listing_id FOR UPDATE
        """)
    }
    let taken = try session.rows(
      """
      UPDATE gkm.listing_stock s
      SET available = s.available - g.given, reserved = s.reserved + g.given, version = s.version + 1
      FROM unnest(\(listings), \(touched.map(\.given)), \(touched.map(\.version))) AS g (listing_id, given, version)
      WHERE s.listing_id = g.listing_id AND s.version = g.version AND s.available >= g.given
      RETURNING s.listing_id
      """
    ) { ListingID(try $0.int64(0)) }
    guard let lost = touched.first(where: { !taken.contains($0.offer.id) }) else { return }
    throw StockVersionConflict(listing: lost.offer.id, title: lost.offer.title, available: shelf.available)
  }

  /// One order to be written.
  struct Grant {
    struct Line {
      let id: Int64
      let share: Shelf.Line
      let unitIDs: ArraySlice<Int64>
    }

    let order: OpenedOrder
    let wish: ReservationWish
    let lines: [Line]
  }

  private func grant(
    _ wish: ReservationWish, _ shares: [Shelf.Line], _ amount: Money, _ fresh: inout FreshIDs
  ) -> Grant {
    var random = SystemRandomNumberGenerator()
    let lines = shares.map { share in
      Grant.Line(id: fresh.line(), share: share, unitIDs: fresh.units(share.quantity))
    }
    let order = OpenedOrder(
      id: OrderID(fresh.order()), number: OrderNumber(random: random.next()).text,
      lines: shares.map { share in
        let offer = share.stock.offer
        return OpenedOrder.Line(
          listing: offer.id, title: offer.title, quantity: share.quantity, unitPrice: offer.price, total: share.total)
      },
      amount: amount, payableUntil: fresh.stamp.at + times.payable)
    return Grant(order: order, wish: wish, lines: lines)
  }
}

/// Ids taken before anything is written, because an order's token is made from its id.
struct FreshIDs {
  let stamp: Stamp
  private var orders: ArraySlice<Int64>
  private var lines: ArraySlice<Int64>
  private var units: ArraySlice<Int64>

  static func take(_ session: borrowing Session, _ shares: [Shelf.Share]) throws -> FreshIDs {
    let granted = shares.compactMap { if case .granted(let lines, _) = $0 { lines } else { nil } }
    let lines = granted.joined()
    let fresh = try session.first(
      """
      SELECT now(), session_user::text,
        ARRAY(SELECT nextval('gkm.orders_id_seq') FROM generate_series(1, \(granted.count))),
        ARRAY(SELECT nextval('gkm.order_line_id_seq') FROM generate_series(1, \(lines.count))),
        ARRAY(SELECT nextval('gkm.order_unit_id_seq')
          FROM generate_series(1, \(lines.reduce(0) { $0 + $1.quantity })))
      """
    ) {
      FreshIDs(
        stamp: Stamp(at: try $0.instant(0), actor: try $0.string(1)), orders: try $0.int64Array(2)[...],
        lines: try $0.int64Array(3)[...], units: try $0.int64Array(4)[...])
    }
    guard let fresh else { throw StoreError.badRow("no ids") }
    return fresh
  }

  mutating func order() -> Int64 { orders.removeFirst() }
  mutating func line() -> Int64 { lines.removeFirst() }

  mutating func units(_ count: Int) -> ArraySlice<Int64> {
    defer { units = units.dropFirst(count) }
    return units.prefix(count)
  }
}
