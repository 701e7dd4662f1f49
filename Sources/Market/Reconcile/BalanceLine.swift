/// One line of Stripe's balance.
package struct BalanceLine: Hashable, Sendable {
  /// `txn_…`.
  package let id: String
  /// `charge`, `payment`, `refund`, `adjustment`, `payout`, …
  package let type: String
  /// Stripe's reporting category: `charge`, `refund`, `dispute`, `dispute_reversal`, `payout`, …
  package let category: String
  /// `ch_…`, `re_…`, `dp_…`, `po_…`.
  package let source: String?
  /// Negative where money left; gross, in minor units of the balance's currency.
  package let amount: Int64
  package let fee: Int64
  package let net: Int64
  package let currency: Currency
  package let createdAt: Instant

  package init(
    id: String, type: String, category: String, source: String?, amount: Int64, fee: Int64, net: Int64,
    currency: Currency, createdAt: Instant
  ) {
    self.id = id
    self.type = type
    self.category = category
    self.source = source
    self.amount = amount
    self.fee = fee
    self.net = net
    self.currency = currency
    self.createdAt = createdAt
  }

  /// What a line is about, as far as it concerns orders.
  package enum Meaning: Hashable, Sendable {
    case charge, refund, refundFailure, dispute, disputeReversal
    /// Payouts, fees of Stripe's own, top-ups: no order's.
    case house
  }

  package var meaning: Meaning {
    switch category {
    case "charge", "payment": .charge
    case "refund", "payment_refund", "partial_capture_reversal": .refund
    case "refund_failure", "payment_failure_refund": .refundFailure
    case "dispute": .dispute
    case "dispute_reversal": .disputeReversal
    default: .house
    }
  }

  /// What Stripe has to be asked for where the line's source is not known here.
  package var sourceKind: StatedObject.Kind? {
    switch meaning {
    case .charge: .charge
    case .refund, .refundFailure: .refund
    case .dispute, .disputeReversal: .dispute
    case .house: nil
    }
  }
}

/// What we know of a balance line's source.
package struct HeldSource: Hashable, Sendable {
  package let order: OrderID
  package let number: String
  /// As it should stand on the balance: negative where it takes money away; `nil` where it should not stand there.
  package let expected: Money?

  package init(order: OrderID, number: String, expected: Money?) {
    self.order = order
    self.number = number
    self.expected = expected
  }

  /// What an order's facts expect of `line`; `nil` where they do not know its source.
  package init?(_ line: BalanceLine, of order: HeldOrder) {
    guard let source = line.source else { return nil }
    let facts = order.facts
    let currency = order.total.currency
    let expected: Money?
    switch line.meaning {
    case .charge:
      guard let attempt = facts.attempts[source] else { return nil }
      expected = attempt.outcome == .succeeded ? attempt.amount : nil
    case .refund:
      guard let refund = facts.refunds[source] else { return nil }
      expected = Money(0 &- refund.amount, currency)
    case .refundFailure:
      guard let refund = facts.refunds[source] else { return nil }
      expected = refund.status.counts ? nil : Money(refund.amount, currency)
    case .dispute:
      guard let dispute = facts.disputes[source] else { return nil }
      expected = dispute.fundsWithdrawn ? Money(0 &- dispute.amount, currency) : nil
    case .disputeReversal:
      guard let dispute = facts.disputes[source] else { return nil }
      expected = dispute.fundsReinstated ? Money(dispute.amount, currency) : nil
    case .house: return nil
    }
    self.init(order: order.id, number: order.number, expected: expected)
  }
}

extension Reconciliation {
  /// How a line of the balance differs from what we know of its source. Amounts are compared only within one currency:
  /// Stripe converts at a rate that we are not told beforehand.
  package static func compare(_ line: BalanceLine, with source: HeldSource?) -> [Difference] {
    guard line.meaning != .house else { return [] }
    guard let source else {
      return [
        Difference(
          .balanceUnknown, of: line.id, order: nil, stripes: line.amount, currency: line.currency, heals: true,
          "a \(line.category) of \(line.source ?? "nothing named"), which is not known here")
      ]
    }
    guard let expected = source.expected else {
      return [
        Difference(
          .balanceDiffers, of: line.id, order: source.order, ours: 0, stripes: line.amount, currency: line.currency,
          heals: true, "a \(line.category) of \(line.source ?? ""), which order \(source.number) does not have")
      ]
    }
    guard expected.currency == line.currency, expected.amount != line.amount else { return [] }
    return [
      Difference(
        .balanceDiffers, of: line.id, order: source.order, ours: expected.amount, stripes: line.amount,
        currency: line.currency, heals: true,
        "a \(line.category) of \(line.source ?? "") that is another amount in order \(source.number)")
    ]
  }
}
