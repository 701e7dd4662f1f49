import Market
import Postgres

// A paid order whose stock is gone: it waits for new stock until its time is over, then what is missing is paid back.

extension ApplyTransaction {
  private var at: Instant { writes.audit.stamp.at }

  /// Takes stock that nobody holds, for units whose own was given back. Several orders of one batch can want the last
  /// key: the first gets it.
  mutating func grantFreeStock(_ session: borrowing Session, _ units: [UnitSnapshot]) throws -> [UnitSnapshot] {
    let listings = Set(units.map(\.listing)).sorted()
    let rows: [(ListingID, Int)] = try session.rows(
      """
      SELECT listing_id, available FROM gkm.listing_stock WHERE listing_id = ANY (\(listings))
      ORDER BY listing_id FOR NO KEY UPDATE
      """
    ) { (try $0.id(0), try $0.int(1)) }
    var free: [ListingID: Int] = [:]
    for (listing, available) in rows {
      free[listing] = available + (writes.stock[listing]?.available ?? 0) - promised[listing, default: 0]
    }
    let granted = units.filter { unit in
      guard let left = free[unit.listing], left > 0 else { return false }
      free[unit.listing] = left - 1
      return true
    }
    for unit in granted { promised[unit.listing, default: 0] += 1 }
    return granted
  }

  /// Whether this is the look after which an order that found no stock waits no longer. Only a look that brings no news
  /// of the payment is: what is to be paid back is reckoned from what is stored of it.
  func isLastLook(_ work: OrderWork) -> Bool {
    guard work.snapshot.state == .unfulfillable, let deadline = work.snapshot.restockUntil else { return false }
    return deadline <= at && !work.changesFacts && !work.merged.isEmpty
      && work.merged.allSatisfy { $0.type == JobKind.restock.rawValue }
  }

  /// Asks for the money of the missing units back; from then on they are not waited for, whatever comes in. Answers
  /// whether it could be asked for: where not, a person has to decide, and the order goes on waiting.
  mutating func payBack(
    _ session: borrowing Session, _ order: OrderSnapshot, _ missing: [UnitSnapshot]
  ) throws -> Bool {
    let answer = try session.first(
      "SELECT request, problem FROM gkm.pay_back(\(order.id), \(missing.map(\.id)))"
    ) { (request: try $0.int64OrNil(0), problem: try $0.stringOrNil(1)) }
    guard let request = answer?.request else {
      let problem = SafeText.cleaned(answer?.problem ?? "no answer", limit: 300)
      try openCase(
        session, order, missing, ends: "No stock came in time, and no refund could be asked for: \(problem).")
      return false
    }
    try openCase(
      session, order, missing, ends: "No stock came in time: refund request \(request) gives the money back.")
    result.hasRefunds = true
    return true
  }

  /// How long an order waits for stock, as it is decided now.
  func restockDeadline(_ order: OrderSnapshot, _ state: OrderState) -> Instant? {
    switch state {
    case .unfulfillable: order.restockUntil ?? at + context.restockWindow
    // The time goes on while something else keeps it from being delivered.
    case .held, .disputed: order.restockUntil
    default: nil
    }
  }

  /// Keeps the market's cases about an order that waits for stock or is held: opened when that begins, settled when it
  /// is over.
  func noteCases(
    _ session: borrowing Session, _ order: OrderSnapshot, _ decision: OrderDecision, _ missing: [UnitSnapshot]
  ) throws {
    guard decision.state != order.state else { return }
    if order.restockUntil != nil, restockDeadline(order, decision.state) == nil {
      try CaseDesk.settle(
        session, .unfulfillable, order.id, text: "It waits for stock no longer: it is \(decision.state.rawValue).")
    }
    if order.state == .held {
      try CaseDesk.settle(session, .paymentHeld, order.id, text: "No longer held: \(decision.state.rawValue).")
    }
    // Whoever holds an order by hand knows of it.
    if decision.state == .held, let reason = decision.holdReason, reason != .staff {
      try CaseDesk.open(
        session, .paymentHeld, order.id, text: "Held: \(reason.rawValue). Nothing is delivered until it is settled.")
    }
    if decision.state == .unfulfillable, let deadline = restockDeadline(order, decision.state) {
      try openCase(
        session, order, missing, ends: "The order waits for new stock until \(deadline.rfc3339), then it is paid back.")
    }
  }

  /// The vendor takes part where it is one vendor's stock that is missing.
  private func openCase(
    _ session: borrowing Session, _ order: OrderSnapshot, _ missing: [UnitSnapshot], ends sentence: String
  ) throws {
    let vendors = Set(missing.map(\.vendor))
    let lines = Dictionary(grouping: missing, by: \.listing).sorted { $0.key < $1.key }.map {
      "\($1.count) × \($1[0].title)"
    }
    let text = SafeText.cleaned("Missing: \(lines.joined(separator: ", "))", limit: 3_000) + ". " + sentence
    try CaseDesk.open(session, .unfulfillable, order.id, text: text, vendor: vendors.count == 1 ? vendors.first : nil)
  }
}
