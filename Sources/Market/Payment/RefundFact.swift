/// What is known of one refund.
package struct RefundFact: Hashable, Sendable, Codable {
  /// Stripe's words, ranked: a later rank is never undone by an earlier one heard late. A refund that succeeded can
  /// still fail (the bank sends it back), so failing ranks above.
  ///
  /// Source: https://docs.stripe.com/refunds#failed-refunds
  package enum Status: String, CaseIterable, Comparable, Sendable, Codable {
    case pending
    case requiresAction = "requires_action"
    case succeeded
    case failed
    case canceled

    /// A word not known here counts as pending: the money is taken to be on its way back.
    package init(stripe word: String?) { self = word.flatMap(Status.init(rawValue:)) ?? .pending }

    private var rank: Int {
      switch self {
      case .pending: 0
      case .requiresAction: 1
      case .succeeded: 2
      case .failed: 3
      case .canceled: 4
      }
    }

    package static func < (left: Status, right: Status) -> Bool { left.rank < right.rank }

    /// Whether the money counts as given back.
    package var counts: Bool { self < .failed }
  }

  /// In minor units of the charge's currency.
  package var amount: Int64
  package var status: Status
  package var charge: String?
  package var paymentIntent: String?
  /// Stripe's: `duplicate`, `fraudulent`, `requested_by_customer`, …
  package var reason: String?
  /// Our own refund request, from the refund's metadata.
  package var request: String?
  /// Stripe's: `lost_or_stolen_card`, `expired_or_canceled_card`, …
  package var failureReason: String?

  package init(
    amount: Int64, status: Status, charge: String? = nil, paymentIntent: String? = nil, reason: String? = nil,
    request: String? = nil, failureReason: String? = nil
  ) {
    self.amount = amount
    self.status = status
    self.charge = charge
    self.paymentIntent = paymentIntent
    self.reason = reason
    self.request = request
    self.failureReason = failureReason
  }

  func merged(with other: RefundFact) -> RefundFact {
    RefundFact(
      amount: max(amount, other.amount), status: max(status, other.status), charge: joined(charge, other.charge),
      paymentIntent: joined(paymentIntent, other.paymentIntent), reason: joined(reason, other.reason),
      request: joined(request, other.request), failureReason: joined(failureReason, other.failureReason))
  }
}

/// What a charge said of its refunds as a whole (`amount_refunded`): the greatest amount heard.
package struct ReportedRefund: Hashable, Sendable, Codable {
  /// In minor units of the charge's currency.
  package var amount: Int64
  package var paymentIntent: String?

  package init(amount: Int64, paymentIntent: String? = nil) {
    self.amount = amount
    self.paymentIntent = paymentIntent
  }

  func merged(with other: ReportedRefund) -> ReportedRefund {
    ReportedRefund(amount: max(amount, other.amount), paymentIntent: joined(paymentIntent, other.paymentIntent))
  }
}
