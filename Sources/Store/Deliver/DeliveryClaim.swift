package import Market
package import Postgres

/// Takes deliveries that are due and prepares an attempt for each: what is about to be put on the wire is committed
/// before it is.
package enum DeliveryClaim {
  package struct Result: Sendable {
    package var prepared: [PreparedDelivery] = []
    /// Jobs that were found to have nothing left to do.
    package var dropped = 0
    /// Deliveries that ran out of attempts.
    package var exhausted: [(order: String, delivery: DeliveryID)] = []

    package init() {}
  }

  /// Prepares the deliveries of claimed jobs, inside the caller's transaction.
  ///
  /// A delivery whose last attempt was never settled crashed on its way: that attempt is `unknown` from now on, and the
  /// same key goes out again under the same Message-ID. Orders are locked first, by id, and what they are then decides:
  /// a held, disputed or refunded order's delivery is stopped, not sent, and so is a refunded unit's. While it is not
  /// known whether a unit's money goes, its delivery waits.
  ///
  /// - Parameters:
  ///   - attemptLimit: attempts, since a person last asked for more, before a person has to look.
  ///   - vault: writes down the links of orders that were given new ones.
  package static func prepare(
    _ session: borrowing Session, _ jobs: [ClaimedJob], lease: Lease, attemptLimit: Int, vault: KeyVault
  ) throws -> Result {
    var asked: [DeliveryID: ClaimedJob] = [:]
    for job in jobs { if let id = Int64(job.subject) { asked[DeliveryID(id)] = job } }
    let ids = asked.keys.sorted()
    let stamp = try lock(session, ids)
    let due = try load(session, ids)
    let held = try JobQueue.held(session, jobs.map(\.id), lease: lease)
    var plan = Plan(stamp: stamp)
    for row in due {
      guard let job = asked[row.id], held.contains(job.id) else { continue }
      try plan.add(row, job: job.id, lease: lease, attemptLimit: attemptLimit)
    }
    // Jobs that name no delivery, and second jobs of one delivery.
    let used = Set(plan.result.prepared.map(\.job)).union(plan.finished)
    plan.finished += jobs.map(\.id).filter { held.contains($0) && !used.contains($0) }
    plan.result.dropped = plan.finished.count
    try plan.write(session, lease: lease, vault: vault)
    return plan.result
  }

  private static func lock(_ session: borrowing Session, _ ids: [DeliveryID]) throws -> Stamp {
    var stamp: Stamp?
    _ = try session.rows(
      """
      SELECT now(), session_user::text FROM gkm.orders
      WHERE id IN (SELECT order_id FROM gkm.delivery WHERE id = ANY (\(ids))) ORDER BY id FOR NO KEY UPDATE
      """
    ) { stamp = Stamp(at: try $0.instant(0), actor: try $0.string(1)) }
    return try stamp ?? Stamp.now(session)
  }

  private static func load(_ session: borrowing Session, _ ids: [DeliveryID]) throws -> [DueDelivery] {
    try session.rows(
      """
      SELECT d.id, d.state, d.attempts, d.attempts_in_round, d.message_id, o.id, o.number, o.state, o.token_generation,
        o.customer_email, o.customer_name, o.locale, o.units_total, d.order_unit_id, d.vendor_id, l.title, p.platform,
        p.id, s.id, s.data_key_id, s.nonce, s.ciphertext,
        (SELECT count(*) FROM gkm.order_unit e WHERE e.order_id = o.id AND e.id <= u.id), o.paid_at, u.state,
        o.token_due
      FROM gkm.delivery d
      JOIN gkm.orders o ON o.id = d.order_id
      JOIN gkm.order_unit u ON u.id = d.order_unit_id
      JOIN gkm.order_line l ON l.id = u.order_line_id
      JOIN gkm.listing g ON g.id = u.listing_id
      JOIN gkm.product p ON p.id = g.product_id
      LEFT JOIN gkm.assignment a ON a.order_unit_id = u.id AND a.active
      LEFT JOIN gkm.stock_unit s ON s.id = a.stock_unit_id
      WHERE d.id = ANY (\(ids))
      ORDER BY d.order_id, d.id
      FOR NO KEY UPDATE OF d
      """
    ) { try DueDelivery($0) }
  }
}

/// A delivery as it is when its turn has come.
struct DueDelivery {
  let id: DeliveryID
  let state: DeliveryState
  let attempts: Int
  let attemptsInRound: Int
  let messageID: String
  let order: OrderID
  let number: String
  let orderState: OrderState
  let tokenGeneration: Int32
  let email: String
  let name: String?
  let locale: String
  let unitsTotal: Int
  let unit: OrderUnitID
  let vendor: VendorID
  let title: String
  let platform: String
  let product: ProductID
  let key: (id: StockUnitID, dataKey: DataKeyID, sealed: SealedUnit)?
  let position: Int
  let paidAt: Instant?
  let unitState: OrderUnitState
  /// The hash of its link has yet to be written down.
  let isTokenDue: Bool

  init(_ row: Row) throws {
    id = try row.id(0)
    state = try row.word(1)
    attempts = try row.int(2)
    attemptsInRound = try row.int(3)
    messageID = try row.string(4)
    order = try row.id(5)
    number = try row.string(6)
    orderState = try row.word(7)
    tokenGeneration = try row.int32(8)
    email = try row.string(9)
    name = try row.stringOrNil(10)
    locale = try row.string(11)
    unitsTotal = try row.int(12)
    unit = try row.id(13)
    vendor = try row.id(14)
    title = try row.string(15)
    platform = try row.string(16)
    product = try row.id(17)
    if let stockUnit: StockUnitID = try row.idOrNil(18) {
      let sealed = SealedUnit(nonce: try row.bytes(20), ciphertext: try row.bytes(21))
      key = (stockUnit, try row.id(19), sealed)
    } else {
      key = nil
    }
    position = try row.int(22)
    paidAt = try row.instantOrNil(23)
    unitState = try row.word(24)
    isTokenDue = try row.bool(25)
  }

  var reference: (id: OrderID, number: String) { (order, number) }

  /// Whether the order is one whose keys go out, and the unit one that was not paid back.
  var isDeliverable: Bool { DeliveryTurn.delivers(orderState) && unitState == .sold && key != nil }
  /// Whether it is not known yet: a refund of the unit is on its way to Stripe.
  var isHeldBack: Bool { DeliveryTurn.delivers(orderState) && unitState == .refunding }
}
