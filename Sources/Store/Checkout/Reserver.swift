package import Market
package import Postgres

/// Holds stock for a group of buyers of one listing, in one transaction.
package struct Reserver: Sendable {
  let vault: KeyVault
  let times: ReservationTimes

  /// - Parameter vault: makes the tokens of the orders' pages.
  package init(vault: KeyVault, times: ReservationTimes) {
    self.vault = vault
    self.times = times
  }

  /// Reads the stock and its version, gives to the buyers in their order as long as it lasts, and takes all that was
  /// given under the version read. Runs inside one transaction, which is to be rolled back if this throws
  /// `StockVersionConflict`: then nothing is held, and a fresh read is due.
  package func reserve(
    _ session: borrowing Session, _ listing: ListingID, for wishes: [ReservationWish]
  ) throws -> [ReservationOutcome] {
    guard let stock = try StockRead.read(session, listing, buyers: wishes.count, units: units(wishes)) else {
      return wishes.map { _ in .unknownListing }
    }
    let (outcomes, granted) = try share(stock, among: wishes)
    if !granted.isEmpty {
      let total = granted.reduce(0) { $0 + $1.wish.quantity }
      let taken = try session.execute(
        """
        UPDATE gkm.listing_stock
        SET available = available - \(total), reserved = reserved + \(total), version = version + 1
        WHERE listing_id = \(listing) AND version = \(stock.version) AND available >= \(total)
        """)
      guard taken == 1 else {
        throw StockVersionConflict(listing: listing, title: stock.offer.title, available: stock.offer.available)
      }
      try write(granted, stock, session)
    }
    return outcomes
  }

  private func units(_ wishes: [ReservationWish]) -> Int { wishes.reduce(0) { $0 + min($1.quantity, 100) } }

  /// One order to be written.
  struct Grant {
    let order: OpenedOrder
    let wish: ReservationWish
    let lineID: Int64
    let unitIDs: ArraySlice<Int64>
    let commission: Money
  }

  private func share(
    _ stock: StockRead, among wishes: [ReservationWish]
  ) throws -> (outcomes: [ReservationOutcome], granted: [Grant]) {
    let offer = stock.offer
    var left = offer.available
    var granted: [Grant] = []
    var unitsTaken = 0
    var random = SystemRandomNumberGenerator()
    let outcomes = try wishes.enumerated().map { index, wish -> ReservationOutcome in
      guard offer.isForSale else { return .notForSale(title: offer.title) }
      guard wish.quantity <= min(offer.maximumPerOrder, 100) else { return .overLimit(offer.maximumPerOrder) }
      guard offer.available > 0 else { return .soldOut(title: offer.title) }
      guard left >= Int64(wish.quantity) else { return .stockChanged(title: offer.title, left: left) }
      left -= Int64(wish.quantity)
      let amount = try offer.price.multiplied(by: wish.quantity)
      let order = OpenedOrder(
        id: OrderID(stock.orderIDs[index]), number: OrderNumber(random: random.next()).text, listing: offer.id,
        title: offer.title, quantity: wish.quantity, unitPrice: offer.price, amount: amount,
        payableUntil: stock.stamp.at + times.payable)
      granted.append(
        Grant(
          order: order, wish: wish, lineID: stock.lineIDs[index],
          unitIDs: stock.unitIDs[unitsTaken..<(unitsTaken + wish.quantity)],
          commission: try amount.share(basisPoints: stock.commissionBasisPoints).share))
      unitsTaken += wish.quantity
      return .opened(order)
    }
    return (outcomes, granted)
  }
}

/// What a reservation starts from: the stock and its version, the commission of this moment, and fresh ids, because
/// an order's token is made from its id.
struct StockRead {
  let offer: ListingOffer
  let version: Int64
  let commissionRule: Int64?
  let commissionBasisPoints: Int
  let stamp: Stamp
  let orderIDs: [Int64]
  let lineIDs: [Int64]
  let unitIDs: [Int64]

  static func read(
    _ session: borrowing Session, _ listing: ListingID, buyers: Int, units: Int
  ) throws -> StockRead? {
    try session.first(
      """
      SELECT \(sql: ListingOffer.columns), s.version, c.id, coalesce(c.basis_points, 0), now(), session_user::text,
        ARRAY(SELECT nextval('gkm.orders_id_seq') FROM generate_series(1, \(buyers))),
        ARRAY(SELECT nextval('gkm.order_line_id_seq') FROM generate_series(1, \(buyers))),
        ARRAY(SELECT nextval('gkm.order_unit_id_seq') FROM generate_series(1, \(units)))
      FROM \(sql: ListingOffer.tables)
      LEFT JOIN LATERAL (
        SELECT r.id, r.basis_points FROM gkm.commission_rule r
        WHERE (r.vendor_id = l.vendor_id OR r.vendor_id IS NULL) AND r.valid @> now()
        ORDER BY r.vendor_id NULLS LAST LIMIT 1
      ) c ON true
      WHERE l.id = \(listing)
      """
    ) { row in
      let next = ListingOffer.columnCount
      return StockRead(
        offer: try ListingOffer(row), version: try row.int64(next), commissionRule: try row.int64OrNil(next + 1),
        commissionBasisPoints: try row.int(next + 2),
        stamp: Stamp(at: try row.instant(next + 3), actor: try row.string(next + 4)),
        orderIDs: try row.int64Array(next + 5), lineIDs: try row.int64Array(next + 6),
        unitIDs: try row.int64Array(next + 7))
    }
  }
}
