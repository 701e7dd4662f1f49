import FoundationEssentials
import Market
import Postgres

/// One order, locked, with all that deciding about it needs.
struct OrderSnapshot: Sendable {
  let id: OrderID
  let number: String
  let state: OrderState
  let holdReason: String?
  let email: String
  let name: String?
  let locale: String
  let total: Money
  let unitsTotal: Int
  let unitsDelivered: Int
  let tokenGeneration: Int32
  /// The hash of its link has yet to be written down: what prepares its mails does that.
  let isTokenDue: Bool
  let paidAt: Instant?
  /// How long it waits for stock, if its own is gone.
  let restockUntil: Instant?
  /// `nil` where nothing is known of a payment yet.
  var facts: PaymentFacts?
  var customer: String?
  var units: [UnitSnapshot] = []
  var lines: [LedgerOrder.Line] = []

  var reference: (id: OrderID, number: String) { (id, number) }
  var ledger: LedgerOrder { LedgerOrder(total: total, lines: lines) }
  var terms: OrderTerms { OrderTerms(total: total, unitCount: unitsTotal) }

  /// How far its units have come. That an earlier try found no stock is told only of what is held back: for the others
  /// it is tried anew.
  var fulfilment: Fulfilment {
    let keyed = units.filter { $0.assignment != nil }
    let heldBack = units.count { $0.state == .refunding && $0.assignment == nil }
    return Fulfilment(
      reserved: units.count { $0.isReserved }, assigned: keyed.count { $0.state != .refunded },
      confirmed: keyed.count { $0.state != .refunded && $0.delivery?.hasArrived == true },
      cancelled: units.count { $0.state == .refunded }, revocable: keyed.count { $0.state == .refunded },
      spare: units.count { $0.holdsStock && $0.state != .sold }, heldBack: heldBack,
      isFrozen: state == .held || state == .disputed, isStockGone: state == .unfulfillable && heldBack > 0)
  }
}

/// One unit of an order: one key sold.
struct UnitSnapshot: Sendable {
  let id: OrderUnitID
  let listing: ListingID
  let vendor: VendorID
  let product: ProductID
  let title: String
  let platform: String
  /// From 1, over the whole order.
  var position: Int
  /// `held`, `taken` or `released`; `nil` where nothing was ever reserved.
  let reservation: String?
  /// As it is stored.
  let stored: OrderUnitState
  /// As the order's facts and requests make it.
  var state: OrderUnitState
  /// The key it holds now.
  let assignment: Assignment?
  let delivery: Delivery?

  struct Assignment: Sendable {
    let stockUnit: StockUnitID
  }

  struct Delivery: Sendable {
    let id: DeliveryID
    let state: DeliveryState
    /// The key it has now was confirmed once, even if it is sent again since.
    let hasArrived: Bool
  }

  var holdsStock: Bool { assignment == nil && reservation == "held" }
  /// It holds stock for a key that it is to get.
  var isReserved: Bool { holdsStock && state == .sold }
}

extension OrderSnapshot {
  /// Locks orders in the order of their ids and reads them as they are then; also tells the transaction's stamp, and
  /// whether deliveries are neither paused nor limited, so that they may go out at once.
  ///
  /// Two statements: what is joined to a row that had to be waited for would be as old as the statement's beginning.
  static func lock(
    _ session: borrowing Session, _ ids: [OrderID], role: AuditRole = .daemon
  ) throws -> (orders: [OrderSnapshot], stamp: Stamp, deliversFreely: Bool) {
    guard !ids.isEmpty else { return ([], try Stamp.now(session, role: role), true) }
    var stamp: Stamp?
    var isFree = true
    var orders: [OrderSnapshot] = try session.rows(
      """
      SELECT id, number, state, hold_reason, customer_email, customer_name, locale, amount, currency, units_total,
        units_delivered, token_generation, paid_at, now(), session_user::text, restock_until,
        NOT EXISTS (SELECT FROM gkm.job_kind k WHERE k.kind = \(JobKind.deliver.rawValue)
          AND (k.paused_at IS NOT NULL OR k.concurrency IS NOT NULL OR k.rate_per_second IS NOT NULL)), token_due
      FROM gkm.orders WHERE id = ANY (\(ids)) ORDER BY id FOR NO KEY UPDATE
      """
    ) {
      if stamp == nil { stamp = Stamp(at: try $0.instant(13), actor: try $0.string(14), role: role) }
      isFree = try $0.bool(16)
      return try order($0)
    }
    guard let stamp else { return ([], try Stamp.now(session, role: role), true) }
    let found = orders.map(\.id)
    let places = Dictionary(uniqueKeysWithValues: found.enumerated().map { ($1, $0) })
    for payment in try payments(session, found) {
      guard let place = places[payment.order] else { continue }
      orders[place].facts = payment.facts
      orders[place].customer = payment.customer
    }
    for (order, unit, line) in try units(session, found) {
      guard let place = places[order] else { continue }
      var unit = unit
      unit.position = orders[place].units.count + 1
      orders[place].units.append(unit)
      if !orders[place].lines.contains(where: { $0.id == line.id }) { orders[place].lines.append(line) }
    }
    return (orders, stamp, isFree)
  }

  private static func order(_ row: Row) throws -> OrderSnapshot {
    OrderSnapshot(
      id: try row.id(0), number: try row.string(1), state: try row.word(2), holdReason: try row.stringOrNil(3),
      email: try row.string(4), name: try row.stringOrNil(5), locale: try row.string(6),
      total: try row.money(7, 8), unitsTotal: try row.int(9), unitsDelivered: try row.int(10),
      tokenGeneration: try row.int32(11), isTokenDue: try row.bool(17), paidAt: try row.instantOrNil(12),
      restockUntil: try row.instantOrNil(15))
  }

  private static func payments(
    _ session: borrowing Session, _ ids: [OrderID]
  ) throws -> [(order: OrderID, facts: PaymentFacts, customer: String?)] {
    try session.rows("SELECT order_id, facts, customer FROM gkm.payment WHERE order_id = ANY (\(ids))") {
      (order: try $0.id(0), facts: try decoded($0.bytes(1)), customer: try $0.stringOrNil(2))
    }
  }

  static func decoded(_ json: [UInt8]) throws -> PaymentFacts {
    do {
      return try JSONDecoder().decode(PaymentFacts.self, from: Data(json))
    } catch {
      throw StoreError.badRow("payment.facts is not what this program writes there")
    }
  }

  private static func units(
    _ session: borrowing Session, _ ids: [OrderID]
  ) throws -> [(OrderID, UnitSnapshot, LedgerOrder.Line)] {
    try session.rows(
      """
      SELECT u.order_id, u.id, u.listing_id, u.vendor_id, p.id, l.title, p.platform, r.state, a.stock_unit_id, d.id,
        d.state, u.state, l.id, l.unit_price * l.quantity, l.commission, d.confirmed_at IS NOT NULL
      FROM gkm.order_unit u
      JOIN gkm.order_line l ON l.id = u.order_line_id
      JOIN gkm.listing g ON g.id = u.listing_id
      JOIN gkm.product p ON p.id = g.product_id
      LEFT JOIN gkm.reservation r ON r.order_id = u.order_id AND r.listing_id = u.listing_id
      LEFT JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
      LEFT JOIN gkm.delivery d ON d.order_unit_id = u.id AND d.channel = 'email'
      WHERE u.order_id = ANY (\(ids))
      ORDER BY u.order_id, u.id
      """
    ) { row in
      let stockUnit: StockUnitID? = try row.idOrNil(8)
      let delivery: DeliveryID? = try row.idOrNil(9)
      let state: DeliveryState? = delivery == nil ? nil : try row.word(10)
      let hasArrived = try row.bool(15)
      let stored: OrderUnitState = try row.word(11)
      return (
        try row.id(0),
        UnitSnapshot(
          id: try row.id(1), listing: try row.id(2), vendor: try row.id(3), product: try row.id(4),
          title: try row.string(5), platform: try row.string(6), position: 0, reservation: try row.stringOrNil(7),
          stored: stored, state: stored == .refunding ? .refunding : .sold,
          assignment: stockUnit.map { UnitSnapshot.Assignment(stockUnit: $0) },
          delivery: delivery.flatMap { id in
            state.map { UnitSnapshot.Delivery(id: id, state: $0, hasArrived: hasArrived) }
          }),
        LedgerOrder.Line(
          id: try row.id(12), vendor: try row.id(3), amount: try row.int64(13), commission: try row.int64(14))
      )
    }
  }
}
