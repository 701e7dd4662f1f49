/// All that is known about one order's payment: a join-semilattice.
///
/// Stripe promises neither order nor uniqueness of its events, so each event only adds to what is known:
/// `merge` is commutative, associative and idempotent, and every permutation of a payment's events, with any
/// duplicates, ends in the same facts. What an order's state is, `OrderReducer` derives from them.
///
/// `Codable` (see `PaymentFacts+Coding.swift`), so that the facts can be kept as one document beside the order.
package struct PaymentFacts: Hashable, Sendable {
  /// Everything that was reported of the Checkout Session.
  package var session: SessionOutcome = []
  /// Totals of paid sessions that named no intent (a session with nothing to pay has none).
  package var sessionReceived: Set<Money> = []
  /// By `pi_…`.
  package var intents: [String: IntentFact] = [:]
  /// As the session's customer gave it.
  package var customerEmail: String?
  /// By `ch_…`, or by a key made of the intent and the event where no charge came to be.
  package var attempts: [String: AttemptFact] = [:]
  /// By `re_…`.
  package var refunds: [String: RefundFact] = [:]
  /// By `ch_…`: what a charge said of its refunds as a whole.
  package var reportedRefunds: [String: ReportedRefund] = [:]
  /// By `dp_…` (older ones are `du_…`).
  package var disputes: [String: DisputeFact] = [:]
  /// The last word of staff on stopping the order.
  package var staffHold: StaffHold?

  package init() {}

  /// Adds what `other` knows.
  package mutating func merge(_ other: PaymentFacts) {
    session.formUnion(other.session)
    sessionReceived.formUnion(other.sessionReceived)
    intents.merge(other.intents) { $0.merged(with: $1) }
    customerEmail = joined(customerEmail, other.customerEmail)
    attempts.merge(other.attempts) { $0.merged(with: $1) }
    refunds.merge(other.refunds) { $0.merged(with: $1) }
    reportedRefunds.merge(other.reportedRefunds) { $0.merged(with: $1) }
    disputes.merge(other.disputes) { $0.merged(with: $1) }
    staffHold = joined(staffHold, other.staffHold)
  }

  package func merged(with other: PaymentFacts) -> PaymentFacts {
    var result = self
    result.merge(other)
    return result
  }
}

/// What was reported of a Checkout Session; several may be true, in whatever order they were heard.
package struct SessionOutcome: OptionSet, Hashable, Sendable, Codable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Completed, the money is still on its way.
  package static let completedUnpaid = SessionOutcome(rawValue: 1)
  package static let completedPaid = SessionOutcome(rawValue: 2)
  /// Completed with nothing to pay.
  package static let noPaymentRequired = SessionOutcome(rawValue: 4)
  package static let asyncSucceeded = SessionOutcome(rawValue: 8)
  package static let asyncFailed = SessionOutcome(rawValue: 16)
  package static let expired = SessionOutcome(rawValue: 32)
}

/// What is known of one payment intent.
package struct IntentFact: Hashable, Sendable, Codable {
  package var succeeded: Bool
  /// Every amount that was reported as received: one, unless something is wrong.
  package var received: Set<Money>
  /// `ch_…` that carried the money.
  package var charge: String?

  package init(succeeded: Bool = false, received: Set<Money> = [], charge: String? = nil) {
    self.succeeded = succeeded
    self.received = received
    self.charge = charge
  }

  func merged(with other: IntentFact) -> IntentFact {
    IntentFact(
      succeeded: succeeded || other.succeeded, received: received.union(other.received),
      charge: joined(charge, other.charge))
  }
}

/// Staff's hold on an order: the word with the highest generation counts; between equals, holding does.
package struct StaffHold: Hashable, Comparable, Sendable, Codable {
  /// Counts up with each hold or release of this order.
  package var generation: Int64
  package var isHeld: Bool

  package init(generation: Int64, isHeld: Bool) {
    self.generation = generation
    self.isHeld = isHeld
  }

  package static func < (left: StaffHold, right: StaffHold) -> Bool {
    (left.generation, left.isHeld ? 1 : 0) < (right.generation, right.isHeld ? 1 : 0)
  }
}
