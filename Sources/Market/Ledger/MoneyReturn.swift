/// Money of one of an order's payments that went back to the customer, or is on its way.
struct MoneyReturn: Hashable, Sendable {
  /// The name of its ledger entry.
  let entry: String
  /// The payment's place among the facts' payments; `nil` where it cannot be told whose it is.
  let payment: Int?
  /// In minor units of the payment's currency.
  let amount: Int64
  /// `re_…`, for a refund.
  let refund: String?
  let isDispute: Bool
}

extension PaymentFacts {
  /// Refunds that count, what charges say went back beyond the refunds that are known, and what banks took for disputes
  /// and did not give back; each kind in the order of its ids.
  func moneyReturns(of payments: [ReceivedPayment]) -> [MoneyReturn] {
    func place(_ intent: String?, _ charge: String?) -> Int? {
      if payments.count == 1, payments[0].paymentIntent == nil { return 0 }
      guard let intent = intent ?? charge.flatMap({ intentOf(charge: $0) }) else {
        return payments.count == 1 ? 0 : nil
      }
      return payments.firstIndex { $0.paymentIntent == intent }
    }
    var found: [MoneyReturn] = []
    for (id, refund) in refunds.sorted(by: { $0.key < $1.key }) where refund.status.counts {
      found.append(
        MoneyReturn(
          entry: "refund:\(id)", payment: place(refund.paymentIntent, refund.charge), amount: bounded(refund.amount),
          refund: id, isDispute: false))
    }
    for (charge, reported) in reportedRefunds.sorted(by: { $0.key < $1.key }) {
      let amount = bounded(excess(of: reported, over: charge))
      guard amount > 0 else { continue }
      found.append(
        MoneyReturn(
          entry: "refunded:\(charge)", payment: place(reported.paymentIntent, charge), amount: amount, refund: nil,
          isDispute: false))
    }
    for (id, dispute) in disputes.sorted(by: { $0.key < $1.key }) where dispute.isTaken && !dispute.fundsReinstated {
      found.append(
        MoneyReturn(
          entry: "dispute:\(id):withdrawn", payment: place(dispute.paymentIntent, dispute.charge),
          amount: bounded(dispute.amount), refund: nil, isDispute: true))
    }
    return found
  }
}

extension PaymentFacts {
  /// Whether what was received and what went back is the same in both, as far as the ledger goes by it.
  package func hasSameMoney(as other: PaymentFacts) -> Bool {
    isPaid == other.isPaid && sessionReceived == other.sessionReceived && refunds == other.refunds
      && reportedRefunds == other.reportedRefunds && disputes == other.disputes
      && intents.mapValues(\.received) == other.intents.mapValues(\.received)
      && intents.filter(\.value.succeeded).keys == other.intents.filter(\.value.succeeded).keys
      && (!isAnythingBack || hasSameOwners(as: other))
  }

  private var isAnythingBack: Bool { !(refunds.isEmpty && reportedRefunds.isEmpty && disputes.isEmpty) }

  /// Whether charges belong to the same payments in both.
  private func hasSameOwners(as other: PaymentFacts) -> Bool {
    attempts.compactMapValues(\.paymentIntent) == other.attempts.compactMapValues(\.paymentIntent)
      && intents.compactMapValues(\.charge) == other.intents.compactMapValues(\.charge)
  }
}

extension ReceivedPayment {
  /// The greatest amount reported, in its own currency.
  func money(orElse currency: Currency) -> Money {
    let greatest = received.max { ($0.amount, $0.currency.code) < ($1.amount, $1.currency.code) }
    return Money(bounded(greatest?.amount ?? 0), greatest?.currency ?? currency)
  }
}

extension DisputeFact {
  /// The bank took the money: Stripe said so, or the dispute is lost beyond doubt.
  var isTaken: Bool { fundsWithdrawn || (standing == .lost && !needsFetch) }
}

/// Amounts come from outside: beyond what an order can be they are cut, so that sums of them stay in range.
func bounded(_ amount: Int64) -> Int64 { min(max(amount, 0), 99_999_999_999_999) }
