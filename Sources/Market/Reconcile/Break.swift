/// In what way Stripe and we differ about one thing. The word is half of a break's name; the other half is the thing's.
package enum BreakKind: String, CaseIterable, Sendable {
  /// Stripe has the money, and our order does not know.
  case paymentMissed = "payment_missed"
  /// Money came in that belongs to no order of ours.
  case paymentWithoutOrder = "payment_without_order"
  /// Our order is paid, and Stripe knows nothing of it.
  case paymentNotAtStripe = "payment_not_at_stripe"
  /// Received is not what the order costs, or in another currency.
  case amountDiffers = "amount_differs"
  /// A payment's object names another order than the one the payment belongs to.
  case wrongOrder = "wrong_order"
  /// A session is complete or expired, and our order does not know.
  case sessionMissed = "session_missed"
  /// A charge of which we do not know, or know less than Stripe.
  case attemptMissed = "attempt_missed"
  case refundUnknown = "refund_unknown"
  /// Its status or amount is another here than there.
  case refundDiffers = "refund_differs"
  case refundNotAtStripe = "refund_not_at_stripe"
  /// We asked for money to go back, and no refund came of it.
  case requestWithoutRefund = "request_without_refund"
  case disputeUnknown = "dispute_unknown"
  case disputeDiffers = "dispute_differs"
  case disputeNotAtStripe = "dispute_not_at_stripe"
  /// A line of Stripe's balance moves another amount than its charge, refund or dispute has here.
  case balanceDiffers = "balance_differs"
  /// A line of Stripe's balance comes of something that we do not know.
  case balanceUnknown = "balance_unknown"
  /// Money moved here, and Stripe's balance has no line for it.
  case balanceMissing = "balance_missing"

  /// What a check of `kind` of object can find: what it does not find any more is healed.
  package static func checked(by kind: StatedObject.Kind) -> [BreakKind] {
    switch kind {
    case .session: [.sessionMissed, .wrongOrder]
    case .intent:
      [.paymentMissed, .paymentWithoutOrder, .paymentNotAtStripe, .amountDiffers, .sessionMissed, .wrongOrder]
    case .charge: [.attemptMissed, .paymentWithoutOrder, .wrongOrder]
    case .refund: [.refundUnknown, .refundDiffers, .refundNotAtStripe, .wrongOrder]
    case .dispute: [.disputeUnknown, .disputeDiffers, .disputeNotAtStripe, .wrongOrder]
    }
  }

  /// What looking at the balance's lines can find.
  package static let checkedByBalance: [BreakKind] = [.balanceDiffers, .balanceUnknown, .balanceMissing]
}

/// How a break stands.
package enum BreakState: String, CaseIterable, Sendable {
  case open
  /// Somebody works on it.
  case assigned
  /// The difference is understood, and still there.
  case explained
  /// A person ended it.
  case closed
  /// The difference is gone.
  case healed

  /// Still a difference that somebody has to see to.
  package var isOpen: Bool { self != .closed && self != .healed }
}

/// One difference between Stripe and us, as it was just found.
package struct Difference: Hashable, Sendable {
  package let kind: BreakKind
  /// The id of what differs: `pi_…`, `re_…`, `txn_…`.
  package let subject: String
  package let order: OrderID?
  /// What we have, in minor units; `nil` where we have nothing.
  package let ours: Int64?
  package let stripes: Int64?
  package let currency: Currency?
  /// One sentence.
  package let detail: String
  /// What Stripe says can be added to our facts, which ends the difference.
  package let heals: Bool

  package init(
    _ kind: BreakKind, of subject: String, order: OrderID?, ours: Int64? = nil, stripes: Int64? = nil,
    currency: Currency? = nil, heals: Bool, _ detail: String
  ) {
    self.kind = kind
    self.subject = subject
    self.order = order
    self.ours = ours
    self.stripes = stripes
    self.currency = currency
    self.heals = heals
    self.detail = SafeText.cleaned(detail, limit: 400)
  }
}

/// What becomes of a break that is found again.
package enum BreakRule {
  package enum Outcome: Hashable, Sendable {
    /// It stands as it is.
    case known
    /// What differs has changed; whoever works on it goes on.
    case changed
    /// It was over and is there again, or otherwise than when a person closed it.
    case reopened
  }

  /// - Parameter isSame: the amounts and the sentence are those that are kept.
  package static func foundAgain(_ state: BreakState, isSame: Bool) -> Outcome {
    switch state {
    case .open, .assigned: isSame ? .known : .changed
    // An explanation is one of what was found then.
    case .explained, .closed: isSame ? .known : .reopened
    case .healed: .reopened
    }
  }
}
