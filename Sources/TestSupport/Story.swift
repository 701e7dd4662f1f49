import Market
package import Store

/// What Stripe's events say of one order.
package struct Story: Sendable {
  package let order: OpenedOrder

  package init(order: OpenedOrder) { self.order = order }

  package var suffix: String { order.id.description }
  package var intent: String { "pi_\(suffix)" }
  package var charge: String { "ch_\(suffix)" }

  private func event(_ name: String, _ fact: StripeFact, _ records: [PaymentRecord] = []) -> (String, EventContent) {
    ("evt_\(name)_\(suffix)", .order(order.id, facts: [fact], records: records))
  }

  package func completed(amount: Int64? = nil) -> (id: String, content: EventContent) {
    event(
      "completed",
      .sessionCompleted(
        paymentStatus: "paid", total: amount.map { Money($0, .eur) } ?? order.amount, paymentIntent: intent,
        customerEmail: "buyer@example.com"))
  }

  package func succeeded() -> (id: String, content: EventContent) {
    event("intent", .paymentIntentSucceeded(id: intent, received: order.amount, latestCharge: charge))
  }

  package func charged() -> (id: String, content: EventContent) {
    event(
      "charge",
      .charge(id: charge, succeeded: true, amount: order.amount, paymentIntent: intent, cardLast4: "4242"),
      [.attempt(key: charge, riskScore: 12, at: Instant(unixSeconds: 1_767_225_600))])
  }

  package func expired() -> (id: String, content: EventContent) { event("expired", .sessionExpired()) }

  /// Names no order: found by its payment intent alone.
  package func refunded(_ amount: Int64? = nil, status: String = "succeeded", name: String = "refund")
    -> (id: String, content: EventContent)
  {
    let fact = StripeFact.refund(
      id: "re_\(suffix)", amount: amount ?? order.amount.amount, status: status, charge: charge, paymentIntent: intent)
    return (
      "evt_\(name)_\(suffix)",
      EventContent(
        references: EventReferences(intent: intent, charge: charge), facts: [fact],
        records: [
          .refund(id: "re_\(suffix)", currency: .eur, createdAt: Instant(unixSeconds: 1_767_225_700))
        ])
    )
  }

  package func disputed(_ type: String, _ status: String) -> (id: String, content: EventContent) {
    event(
      "dispute_\(status)",
      .dispute(
        id: "dp_\(suffix)", type: "charge.dispute.\(type)", event: "evt_dispute_\(status)_\(suffix)", status: status,
        amount: order.amount.amount, charge: charge, paymentIntent: intent, reason: "fraudulent", dueBy: nil),
      [.dispute(id: "dp_\(suffix)", currency: .eur, createdAt: Instant(unixSeconds: 1_767_225_800))])
  }
}
