/// One payment that went through, with what went back of it.
package struct ReceivedPayment: Hashable, Sendable {
  /// `nil` for a session that named no intent.
  package var paymentIntent: String?
  /// Every amount reported as received.
  package var received: Set<Money>
  /// In minor units.
  package var refunded: Int64

  /// The greatest amount reported, in minor units.
  package var amount: Int64 { received.map(\.amount).max() ?? 0 }

  /// All of it went back.
  package var isReturned: Bool { refunded > 0 && refunded >= amount }
}

extension PaymentFacts {
  /// Money arrived, or none was due. Failure never outranks it.
  package var isPaid: Bool {
    !session.isDisjoint(with: [.completedPaid, .noPaymentRequired, .asyncSucceeded])
      || intents.values.contains(where: \.succeeded)
  }

  /// The intent to show: one that was paid; of several the least id, so that it never depends on order.
  package var paymentIntent: String? {
    intents.filter(\.value.succeeded).keys.min() ?? intents.keys.min()
  }

  /// `ch_…`: the charge that carried the money, else the only or greatest failed one.
  package var latestCharge: String? {
    if let charge = paymentIntent.flatMap({ intents[$0]?.charge }) { return charge }
    let charges = attempts.filter { $0.key.hasPrefix("ch_") || $0.key.hasPrefix("py_") }
    return charges.filter { $0.value.outcome == .succeeded }.keys.min() ?? charges.keys.max()
  }

  /// Each payment that went through: one, unless the customer paid twice.
  package var payments: [ReceivedPayment] {
    guard isPaid else { return [] }
    let paid = intents.filter(\.value.succeeded)
    guard !paid.isEmpty else {
      let refunded = refundedByIntent(fallback: "").values.reduce(Int64(0)) { $0.addingClamped($1) }
      return [ReceivedPayment(paymentIntent: nil, received: sessionReceived, refunded: refunded)]
    }
    let refunded = refundedByIntent(fallback: paid.count == 1 ? paid.keys.first : nil)
    return paid.keys.sorted().map { id in
      ReceivedPayment(paymentIntent: id, received: paid[id]?.received ?? [], refunded: refunded[id] ?? 0)
    }
  }

  /// What went back or is on its way back, in minor units; failed and cancelled refunds do not count.
  package var refundedAmount: Int64 {
    refundedByIntent(fallback: "").values.reduce(Int64(0)) { $0.addingClamped($1) }
  }

  /// Charges whose own total says that there are refunds whose `re_` rows are not known here.
  package var chargesWithUnknownRefunds: [String] {
    reportedRefunds.filter { charge, reported in
      let known = refunds.values.filter { $0.charge == charge }.reduce(Int64(0)) { $0.addingClamped($1.amount) }
      return reported.amount > known
    }.keys.sorted()
  }

  /// What went back per intent. A refund that names none goes by its charge, and if that says nothing, to `fallback`.
  private func refundedByIntent(fallback: String?) -> [String: Int64] {
    var totals: [String: Int64] = [:]
    for (charge, rows) in Dictionary(grouping: refunds.values, by: { $0.charge ?? "" }) {
      for row in rows where row.status.counts {
        guard let intent = row.paymentIntent ?? intentOf(charge: charge) ?? fallback else { continue }
        totals[intent] = (totals[intent] ?? 0).addingClamped(row.amount)
      }
    }
    for (charge, reported) in reportedRefunds {
      guard let intent = reported.paymentIntent ?? intentOf(charge: charge) ?? fallback else { continue }
      totals[intent] = (totals[intent] ?? 0).addingClamped(excess(of: reported, over: charge))
    }
    return totals
  }

  /// How much more a charge says went back than its known refunds do. A refund that failed later may still be in the
  /// charge's greatest total, so failed rows are taken off it.
  func excess(of reported: ReportedRefund, over charge: String) -> Int64 {
    let known = refunds.values.filter { $0.charge == charge }.reduce(Int64(0)) { $0.addingClamped($1.amount) }
    return max(0, reported.amount.addingClamped(-known))
  }

  func intentOf(charge: String) -> String? {
    attempts[charge]?.paymentIntent ?? intents.filter { $0.value.charge == charge }.keys.min()
  }
}
