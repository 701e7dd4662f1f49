import Market
import Testing

/// The events of one payment, as Stripe might send them in any order.
struct PaymentStory: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let facts: [StripeFact]
  let state: OrderState
}

enum Stories {
  static let total = Money(1_000, .eur)
  static let terms = OrderTerms(total: total, unitCount: 2)

  static let completed = StripeFact.sessionCompleted(
    paymentStatus: "paid", total: total, paymentIntent: "pi_1", customerEmail: "ann@example.org")
  static let completedUnpaid = StripeFact.sessionCompleted(
    paymentStatus: "unpaid", total: total, paymentIntent: "pi_1", customerEmail: "ann@example.org")
  static let intentSucceeded = StripeFact.paymentIntentSucceeded(id: "pi_1", received: total, latestCharge: "ch_1")
  static let chargeSucceeded = StripeFact.charge(
    id: "ch_1", succeeded: true, amount: total, paymentIntent: "pi_1", riskLevel: "normal", cardLast4: "4242",
    cardBrand: "visa")
  static let declined = StripeFact.paymentIntentFailed(
    id: "pi_1", event: "evt_declined", charge: "ch_0", amount: total, code: "card_declined",
    declineCode: "insufficient_funds", message: "Your card has insufficient funds.")
  static let chargeFailed = StripeFact.charge(
    id: "ch_0", succeeded: false, amount: total, paymentIntent: "pi_1", code: "card_declined", message: "declined",
    riskLevel: "normal", cardLast4: "0002")

  static func refund(_ id: String, _ amount: Int64, _ status: String = "succeeded") -> StripeFact {
    .refund(id: id, amount: amount, status: status, charge: "ch_1", paymentIntent: "pi_1")
  }

  static func chargeRefunded(_ amount: Int64) -> StripeFact {
    .chargeRefunded(charge: "ch_1", amountRefunded: amount, paymentIntent: "pi_1")
  }

  static func dispute(_ kind: String, _ status: String) -> StripeFact {
    .dispute(
      id: "dp_1", type: "charge.dispute.\(kind)", event: "evt_\(kind)_\(status)", status: status, amount: 1_000,
      charge: "ch_1", paymentIntent: "pi_1", reason: "fraudulent", dueBy: Instant(unixSeconds: 1_800_000_000))
  }

  static func settled(_ status: String, _ events: Set<String>) -> StripeFact {
    .disputeFetched(
      id: "dp_1", at: Instant(unixSeconds: 1_790_000_000), settles: events, status: status, amount: 1_000,
      charge: "ch_1", paymentIntent: "pi_1", reason: "fraudulent", dueBy: nil)
  }

  static let all: [PaymentStory] = [
    PaymentStory(
      testDescription: "a decline, then paid",
      facts: [completed, intentSucceeded, chargeSucceeded, declined, chargeFailed], state: .delivered),
    PaymentStory(
      testDescription: "two partial refunds that make up the whole",
      facts: [
        completed, intentSucceeded, chargeSucceeded, declined, refund("re_1", 400), refund("re_2", 600),
        chargeRefunded(1_000),
      ], state: .refunded),
    PaymentStory(
      testDescription: "two partial refunds that leave a rest",
      facts: [
        completed, intentSucceeded, refund("re_1", 400), refund("re_2", 100), chargeRefunded(400), chargeRefunded(500),
      ], state: .partiallyRefunded),
    PaymentStory(
      testDescription: "a full refund that fails in the end",
      facts: [
        completed, chargeSucceeded, refund("re_1", 1_000, "pending"), refund("re_1", 1_000), chargeRefunded(1_000),
        refund("re_1", 1_000, "failed"),
      ], state: .delivered),
    PaymentStory(
      testDescription: "a dispute that is won",
      facts: [
        completed, intentSucceeded, declined, dispute("created", "needs_response"),
        dispute("funds_withdrawn", "needs_response"), dispute("closed", "won"), dispute("funds_reinstated", "won"),
      ], state: .delivered),
    PaymentStory(
      testDescription: "a dispute that is lost after a partial refund",
      facts: [
        completed, intentSucceeded, chargeSucceeded, refund("re_1", 400), dispute("created", "needs_response"),
        dispute("funds_withdrawn", "needs_response"), dispute("closed", "lost"),
      ], state: .chargedBack),
    PaymentStory(
      testDescription: "a dispute whose reports contradict each other",
      facts: [
        completed, dispute("created", "needs_response"), dispute("updated", "under_review"), dispute("closed", "won"),
      ], state: .disputed),
    PaymentStory(
      testDescription: "a contradiction that Stripe settled",
      facts: [
        completed, dispute("created", "needs_response"), dispute("updated", "under_review"), dispute("closed", "won"),
        settled("won", ["evt_updated_under_review", "evt_closed_won"]),
      ], state: .delivered),
    PaymentStory(
      testDescription: "an inquiry that is closed",
      facts: [
        completed, intentSucceeded, dispute("created", "warning_needs_response"), dispute("closed", "warning_closed"),
      ], state: .delivered),
    PaymentStory(
      testDescription: "an inquiry that becomes a chargeback",
      facts: [
        completed, dispute("created", "warning_needs_response"), dispute("updated", "needs_response"),
        dispute("funds_withdrawn", "needs_response"),
      ], state: .disputed),
    PaymentStory(
      testDescription: "an asynchronous payment that arrives after all",
      facts: [
        completedUnpaid, .asyncPaymentSucceeded(total: total, paymentIntent: "pi_1", customerEmail: nil),
        intentSucceeded, declined,
      ], state: .delivered),
    PaymentStory(
      testDescription: "an asynchronous payment that fails",
      facts: [completedUnpaid, .asyncPaymentFailed(paymentIntent: "pi_1", customerEmail: nil), declined],
      state: .failed),
    PaymentStory(
      testDescription: "a session that runs out after a decline", facts: [.sessionExpired(), declined, chargeFailed],
      state: .expired),
    PaymentStory(
      testDescription: "a payment after expiry", facts: [.sessionExpired(), intentSucceeded, chargeSucceeded],
      state: .delivered),
    PaymentStory(
      testDescription: "too little money",
      facts: [completed, .paymentIntentSucceeded(id: "pi_1", received: Money(999, .eur), latestCharge: nil)],
      state: .held),
    PaymentStory(
      testDescription: "another currency",
      facts: [.paymentIntentSucceeded(id: "pi_1", received: Money(1_000, .usd), latestCharge: nil), chargeSucceeded],
      state: .held),
    PaymentStory(
      testDescription: "paid twice",
      facts: [completed, .paymentIntentSucceeded(id: "pi_2", received: total, latestCharge: "ch_2")], state: .held),
    PaymentStory(
      testDescription: "paid twice, the second paid back",
      facts: [
        completed, .paymentIntentSucceeded(id: "pi_2", received: total, latestCharge: "ch_2"),
        .refund(id: "re_2", amount: 1_000, status: "succeeded", charge: "ch_2", paymentIntent: "pi_2"),
      ], state: .delivered),
  ]
}

/// Carries out what the reducer asks for, as the daemon would, on counters instead of rows.
struct SimulatedShop {
  var fulfilment: Fulfilment
  var stock: Int

  init(terms: OrderTerms, stock: Int = 10) {
    fulfilment = Fulfilment(reserved: terms.unitCount)
    self.stock = stock
  }

  /// Reduces and carries out until nothing is left to do; the last decision.
  mutating func settle(_ terms: OrderTerms, _ facts: PaymentFacts) -> OrderDecision {
    for _ in 0..<10 {
      let decision = OrderReducer.reduce(order: terms, facts: facts, fulfilment: fulfilment)
      let before = fulfilment
      for action in decision.actions { carryOut(action) }
      if !fulfilment.isFrozen { fulfilment.confirmed = fulfilment.assigned }
      if fulfilment == before { return decision }
    }
    Issue.record("the reducer never comes to rest")
    return OrderReducer.reduce(order: terms, facts: facts, fulfilment: fulfilment)
  }

  private mutating func carryOut(_ action: OrderAction) {
    switch action {
    case .bindKeys(let count):
      fulfilment.reserved -= count
      fulfilment.assigned += count
    case .reserveAgain(let count):
      fulfilment.isStockGone = stock < count
      if stock >= count {
        stock -= count
        fulfilment.reserved += count
      }
    case .releaseReservation:
      stock += fulfilment.reserved
      fulfilment.reserved = 0
    case .freezeDelivery: fulfilment.isFrozen = true
    case .resumeDelivery: fulfilment.isFrozen = false
    case .cancelDeliveries: break
    case .revokeKeys:
      fulfilment.assigned = 0
      fulfilment.confirmed = 0
    // Units that are paid back one by one have their own shop.
    case .releaseSpare, .revokeRefunded, .alert, .fetchDispute, .listRefunds: break
    }
  }
}
