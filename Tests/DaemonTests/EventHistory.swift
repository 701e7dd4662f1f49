import Foundation

/// What happens to an order at Stripe, and how it has to end whatever way its events come.
struct EventHistory: Sendable {
  let name: String
  let ending: String
  let acts: @Sendable (StripeHand) async throws -> Void
  /// Changes an event's text on its way: what should never come, and has to be held.
  var forgery: @Sendable (String) -> String = { $0 }

  init(
    _ name: String, endsAs ending: String, forgery: @escaping @Sendable (String) -> String = { $0 },
    _ acts: @escaping @Sendable (StripeHand) async throws -> Void
  ) {
    self.name = name
    self.ending = ending
    self.forgery = forgery
    self.acts = acts
  }

  static let all: [EventHistory] = [
    EventHistory("paid by card", endsAs: "delivered 1999-0 succeeded keys:1") { try await $0.pay() },
    EventHistory("declined, then paid", endsAs: "delivered 1999-0 failed:insufficient_funds,succeeded keys:1") { hand in
      try await hand.pay("declined", ["decline_code": "insufficient_funds"])
      try await hand.pay()
    },
    EventHistory("paid later", endsAs: "delivered 1999-0 succeeded keys:1") { hand in
      try await hand.pay("async")
      try await hand.settle("succeeded")
    },
    EventHistory("not paid later", endsAs: "payment_failed failed:insufficient_funds keys:0") { hand in
      try await hand.pay("async")
      try await hand.settle("failed")
    },
    EventHistory("expired", endsAs: "expired keys:0") { try await $0.expire() },
    EventHistory(
      "paid back in part", endsAs: "partially_refunded 1999-500 succeeded succeeded:500 keys:1"
    ) { hand in
      try await hand.pay()
      try await hand.refund(500)
    },
    EventHistory(
      "paid back in two parts", endsAs: "refunded 1999-1999 succeeded succeeded:999,succeeded:1000 keys:0"
    ) { hand in
      try await hand.pay()
      try await hand.refund(1_000)
      try await hand.refund(999)
    },
    EventHistory("a refund that failed", endsAs: "delivered 1999-0 succeeded failed:1999 keys:1") { hand in
      try await hand.pay()
      try await hand.move(refund: try await hand.refund(), to: "failed")
    },
    EventHistory(
      "an inquiry", endsAs: "delivered 1999-0 succeeded warning_needs_response:inquiry keys:1"
    ) { hand in
      try await hand.pay()
      try await hand.dispute("warning_needs_response")
    },
    EventHistory("an inquiry that ended", endsAs: "delivered 1999-0 succeeded warning_closed:closed keys:1") { hand in
      try await hand.pay()
      try await hand.move(dispute: try await hand.dispute("warning_needs_response"), to: "warning_closed")
    },
    EventHistory(
      "an inquiry that became a dispute", endsAs: "disputed 1999-0 succeeded needs_response:open:withdrawn"
    ) { hand in
      try await hand.pay()
      try await hand.move(dispute: try await hand.dispute("warning_needs_response"), to: "needs_response")
    },
    EventHistory("disputed", endsAs: "disputed 1999-0 succeeded needs_response:open:withdrawn") { hand in
      try await hand.pay()
      try await hand.dispute()
    },
    EventHistory(
      "a dispute that was won", endsAs: "delivered 1999-0 succeeded won:won:withdrawn:reinstated keys:1"
    ) { hand in
      try await hand.pay()
      try await hand.move(dispute: try await hand.dispute(), to: "won")
    },
    EventHistory(
      "a dispute that was lost", endsAs: "charged_back 1999-0 succeeded lost:lost:withdrawn keys:0"
    ) { hand in
      try await hand.pay()
      let dispute = try await hand.dispute()
      try await hand.move(dispute: dispute, to: "under_review")
      try await hand.move(dispute: dispute, to: "lost")
    },
    EventHistory(
      "a dispute that went back", endsAs: "disputed 1999-0 succeeded needs_response:open:withdrawn"
    ) { hand in
      try await hand.pay()
      let dispute = try await hand.dispute()
      try await hand.move(dispute: dispute, to: "under_review")
      try await hand.move(dispute: dispute, to: "needs_response")
    },
    EventHistory(
      "a dispute that was won, and lost after all",
      endsAs: "charged_back 1999-0 succeeded lost:lost:withdrawn:reinstated keys:0"
    ) { hand in
      try await hand.pay()
      let dispute = try await hand.dispute()
      try await hand.move(dispute: dispute, to: "won")
      try await hand.move(dispute: dispute, to: "lost")
    },
    EventHistory(
      "another amount", endsAs: "held amount_mismatch 1998-0 succeeded",
      forgery: { $0.replacing(":1999", with: ":1998") }
    ) { try await $0.pay() },
    EventHistory(
      "another currency", endsAs: "held currency_mismatch 1999-0 succeeded",
      forgery: { $0.replacing(#""currency":"eur""#, with: #""currency":"usd""#) }
    ) { try await $0.pay() },
  ]
}
