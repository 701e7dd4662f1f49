import Market
import Postgres

extension ApplyTransaction {
  /// Reduces one order and notes what follows. Answers the units that are to get a key.
  mutating func decide(_ session: borrowing Session, _ work: OrderWork) throws -> [UnitToBind] {
    var work = work
    if work.needsRequests { work.settle(try RefundRequestRecord.ofOrder(session, work.snapshot.id)) }
    let order = work.snapshot
    var fulfilment = order.fulfilment
    var decision = OrderReducer.reduce(order: order.terms, facts: work.facts, fulfilment: fulfilment)
    var granted: [UnitSnapshot] = []
    var missing: [UnitSnapshot] = []
    if decision.actions.contains(where: { if case .reserveAgain = $0 { true } else { false } }) {
      let wanting = order.units.filter { $0.state == .sold && $0.assignment == nil && !$0.isReserved }
      granted = try grantFreeStock(session, wanting)
      fulfilment.reserved += granted.count
      fulfilment.isStockGone = fulfilment.isStockGone || granted.count < wanting.count
      let given = Set(granted.map(\.id))
      missing = wanting.filter { !given.contains($0.id) }
      if !missing.isEmpty, isLastLook(work), try payBack(session, order, missing) {
        fulfilment.heldBack += missing.count
      }
      decision = OrderReducer.reduce(order: order.terms, facts: work.facts, fulfilment: fulfilment)
    }
    try notePayment(work)
    try noteEvidence(work)
    try noteEvents(work, decision)
    try noteRefunds(work, decision)
    let bindings = try carryOut(decision, work, granted: granted)
    try noteOrder(work, decision)
    try noteCases(session, order, decision, missing)
    try noteDisputeCase(session, work)
    return bindings
  }

  private mutating func carryOut(
    _ decision: OrderDecision, _ work: OrderWork, granted: [UnitSnapshot]
  ) throws -> [UnitToBind] {
    let order = work.snapshot
    var bindings: [UnitToBind] = []
    for action in decision.actions {
      switch action {
      case .bindKeys:
        let reserved = order.units.filter(\.isReserved)
        bindings += reserved.map {
          UnitToBind(order: order, unit: $0, isReserved: true, stripeEvent: work.lastEventID)
        }
        bindings += granted.map {
          UnitToBind(order: order, unit: $0, isReserved: false, stripeEvent: work.lastEventID)
        }
      case .reserveAgain:
        let left = (restockDeadline(order, decision.state) ?? writes.audit.stamp.at) - writes.audit.stamp.at
        writes.looks.append((order.id, left > .zero ? min(context.restockDelay, left) : context.restockDelay))
      case .releaseReservation: try releaseReservations(work)
      case .releaseSpare: try releaseSpare(work)
      case .freezeDelivery: try stopDeliveries(work, order.units, .deliveryFrozen)
      case .cancelDeliveries: try stopDeliveries(work, order.units, .deliveryCancelled)
      case .resumeDelivery: try resumeDeliveries(work)
      case .revokeKeys: try revokeKeys(work, order.units)
      case .revokeRefunded:
        let refunded = order.units.filter { $0.state == .refunded && $0.assignment != nil }
        try stopDeliveries(work, refunded, .deliveryCancelled)
        try revokeKeys(work, refunded)
      case .alert(let reason):
        if decision.state != order.state { result.alerts.append((order.number, reason)) }
      case .fetchDispute(let id):
        if work.touchesDispute(id) { ask(.fetchDispute, order, id) }
      case .listRefunds(let charge):
        if work.touchesRefunds(of: charge) { ask(.listRefunds, order, charge) }
      }
    }
    return bindings
  }

  private mutating func ask(_ kind: JobKind, _ order: OrderSnapshot, _ object: String) {
    writes.jobs[kind, default: []].append(("\(order.id) \(object)", .zero))
    result.hasQuestions = true
  }

  private mutating func releaseReservations(_ work: OrderWork) throws {
    let held = Dictionary(grouping: work.snapshot.units.filter(\.holdsStock), by: \.listing)
    for (listing, units) in held.sorted(by: { $0.key < $1.key }) {
      writes.reservations.append((work.snapshot.id, listing, "released"))
      try giveBack(work, listing, units)
    }
  }

  /// What a listing's other units hold is taken as a whole in this same transaction; where there are none the
  /// reservation ends here.
  private mutating func releaseSpare(_ work: OrderWork) throws {
    let held = Dictionary(grouping: work.snapshot.units.filter(\.holdsStock), by: \.listing)
    for (listing, units) in held.sorted(by: { $0.key < $1.key }) {
      let spare = units.filter { $0.state != .sold }
      guard !spare.isEmpty else { continue }
      if spare.count == units.count { writes.reservations.append((work.snapshot.id, listing, "released")) }
      try giveBack(work, listing, spare)
    }
  }

  private mutating func giveBack(_ work: OrderWork, _ listing: ListingID, _ units: [UnitSnapshot]) throws {
    writes.changeStock(listing) {
      $0.reserved -= units.count
      $0.available += units.count
    }
    try writes.audit.add(
      .stockReleased, .listing(listing), order: work.snapshot.reference, vendor: units.first?.vendor,
      stripeEvent: work.lastEventID, details: ["quantity": String(units.count)])
  }

  private mutating func stopDeliveries(_ work: OrderWork, _ units: [UnitSnapshot], _ action: AuditAction) throws {
    for unit in units {
      guard let delivery = unit.delivery, [.pending, .retrying, .failed].contains(delivery.state) else { continue }
      writes.stopped.append(delivery.id)
      try writes.audit.add(
        action, .delivery(delivery.id), order: work.snapshot.reference, vendor: unit.vendor,
        stripeEvent: work.lastEventID, details: ["was": delivery.state.rawValue])
    }
  }

  private mutating func resumeDeliveries(_ work: OrderWork) throws {
    for unit in work.snapshot.units where unit.assignment != nil && unit.state != .refunded {
      guard let delivery = unit.delivery, delivery.state == .cancelled else { continue }
      writes.resumed.append(delivery.id)
      writes.jobs[.deliver, default: []].append((delivery.id.description, .zero))
      result.queuedDeliveries += 1
      try writes.audit.add(
        .deliveryResumed, .delivery(delivery.id), order: work.snapshot.reference, vendor: unit.vendor,
        stripeEvent: work.lastEventID)
    }
  }

  private mutating func revokeKeys(_ work: OrderWork, _ units: [UnitSnapshot]) throws {
    let assigned = Dictionary(grouping: units.filter { $0.assignment != nil }, by: \.listing)
    for (listing, units) in assigned.sorted(by: { $0.key < $1.key }) {
      let keys = units.compactMap { $0.assignment?.stockUnit }
      writes.revoked += keys
      writes.changeStock(listing) { $0.sold -= keys.count }
      try writes.audit.add(
        .stockRevoked, .listing(listing), order: work.snapshot.reference, vendor: units.first?.vendor,
        stripeEvent: work.lastEventID,
        details: ["quantity": String(keys.count), "stock_units": keys.map(\.description).joined(separator: " ")])
    }
  }
}

extension OrderWork {
  /// One of this batch's events told of the dispute.
  func touchesDispute(_ id: String) -> Bool {
    merged.contains { $0.facts.contains { if case .dispute(id, _) = $0 { true } else { false } } }
  }

  /// One of this batch's events told of the charge's refunds.
  func touchesRefunds(of charge: String) -> Bool {
    merged.contains {
      $0.facts.contains {
        switch $0 {
        case .chargeRefunded(charge, _): true
        case .refund(_, let refund): refund.charge == charge
        default: false
        }
      }
    }
  }
}
