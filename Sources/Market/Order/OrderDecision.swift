/// What the order is owed to be, whatever was paid: frozen at checkout.
package struct OrderTerms: Hashable, Sendable {
  package var total: Money
  /// Keys sold, over all lines.
  package var unitCount: Int

  package init(total: Money, unitCount: Int) {
    self.total = total
    self.unitCount = unitCount
  }
}

/// How far an order's units have come, counted when the reducer runs.
package struct Fulfilment: Hashable, Sendable {
  /// Units that hold stock back and have no key yet.
  package var reserved: Int
  /// Units with an active key.
  package var assigned: Int
  /// Units whose active key is confirmed as delivered.
  package var confirmed: Int
  /// Units that were paid back by a refund of their own; they count nowhere else.
  package var cancelled: Int
  /// Units paid back that still hold an active key.
  package var revocable: Int
  /// Units that hold stock back and have no use for it: paid back, or about to be.
  package var spare: Int
  /// Units without a key that are about to be paid back: they get none until it is known whether the money goes.
  package var heldBack: Int
  /// Deliveries stand still because of an earlier `freezeDelivery`.
  package var isFrozen: Bool
  /// The last try to reserve again found too little stock.
  package var isStockGone: Bool

  package init(
    reserved: Int = 0, assigned: Int = 0, confirmed: Int = 0, cancelled: Int = 0, revocable: Int = 0, spare: Int = 0,
    heldBack: Int = 0, isFrozen: Bool = false, isStockGone: Bool = false
  ) {
    self.reserved = reserved
    self.assigned = assigned
    self.confirmed = confirmed
    self.cancelled = cancelled
    self.revocable = revocable
    self.spare = spare
    self.heldBack = heldBack
    self.isFrozen = isFrozen
    self.isStockGone = isStockGone
  }
}

/// Why a paid order is not delivered.
package enum HoldReason: String, CaseIterable, Sendable, Codable {
  case currencyMismatch = "currency_mismatch"
  case amountMismatch = "amount_mismatch"
  /// Two different payments went through and neither was paid back.
  case secondPayment = "second_payment"
  case staff
}

/// What somebody should be told.
package enum AlertReason: String, CaseIterable, Sendable, Codable {
  case currencyMismatch = "currency_mismatch"
  case amountMismatch = "amount_mismatch"
  case secondPayment = "second_payment"
  case stockGone = "stock_gone"
  case inquiryOpen = "inquiry_open"
  case disputeOpen = "dispute_open"
  case disputeLost = "dispute_lost"
}

/// A thing to be done so that the order becomes what its facts say. Each is safe to carry out twice; once it is done
/// and counted in `Fulfilment`, the reducer asks for it no more (alerts and questions to Stripe last as long as their
/// cause: whoever carries them out keeps one per order and cause).
package enum OrderAction: Hashable, Sendable {
  /// Give `count` reserved units their keys, and send them.
  case bindKeys(count: Int)
  /// Paid, but `count` units hold no stock (a payment after expiry, a revoked key): reserve afresh.
  case reserveAgain(count: Int)
  case releaseReservation
  /// The stock that units held which were paid back goes on sale again.
  case releaseSpare
  /// Stop what has not been sent, until `resumeDelivery`.
  case freezeDelivery
  case resumeDelivery
  /// Stop what has not been sent, for good.
  case cancelDeliveries
  /// The money went back: assigned keys are taken out and never sold again.
  case revokeKeys
  /// The same for the units that were paid back, and what was not sent of them is stopped; the others stay.
  case revokeRefunded
  case alert(AlertReason)
  /// Reports of this dispute (`dp_…`) contradict each other: ask Stripe, merge `StripeFact.disputeFetched`.
  case fetchDispute(String)
  /// This charge (`ch_…`) has refunds that are not known: list them.
  case listRefunds(charge: String)
}

/// What `OrderReducer` decides.
package struct OrderDecision: Hashable, Sendable {
  package var state: OrderState
  /// Set while `state` is `.held`.
  package var holdReason: HoldReason?
  /// In the order in which to carry them out.
  package var actions: [OrderAction]

  package init(state: OrderState, holdReason: HoldReason? = nil, actions: [OrderAction] = []) {
    self.state = state
    self.holdReason = holdReason
    self.actions = actions
  }
}
