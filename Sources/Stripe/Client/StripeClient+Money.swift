/// A refund to ask for.
package struct RefundRequest: Sendable {
  package var paymentIntent: String
  /// In minor units as Stripe counts them; nil for all that is left.
  package var amount: Int64?
  /// `duplicate`, `fraudulent` or `requested_by_customer`.
  package var reason: String?
  /// Must name our refund request, so that a lost answer can be looked up.
  package var metadata: [String: String]

  package init(paymentIntent: String, amount: Int64?, reason: String? = nil, metadata: [String: String]) {
    self.paymentIntent = paymentIntent
    self.amount = amount
    self.reason = reason
    self.metadata = metadata
  }
}

/// What to tell Stripe of a dispute.
package struct DisputeUpdate: Sendable {
  /// Field names as in https://docs.stripe.com/api/disputes/evidence_object.
  package var evidence: [String: String]
  package var metadata: [String: String]
  /// Whether to send the evidence to the bank now, which can be done once; otherwise it is only staged.
  package var submit: Bool

  package init(evidence: [String: String], metadata: [String: String] = [:], submit: Bool) {
    self.evidence = evidence
    self.metadata = metadata
    self.submit = submit
  }
}

extension StripeClient {
  /// Gives money back. Commit the request and its key before calling: the key is what keeps this to one refund.
  package func createRefund(
    _ request: RefundRequest, idempotencyKey: String
  ) async throws(StripeError) -> Refund {
    var form = FormParameters()
    form.add("payment_intent", request.paymentIntent)
    form.add("amount", request.amount)
    form.add("reason", request.reason)
    form.add("metadata", request.metadata)
    return try await perform(.post("/refunds", form, idempotencyKey: idempotencyKey))
  }

  package func refund(_ id: String) async throws(StripeError) -> Refund {
    try await perform(.get("/refunds/\(FormParameters.escape(id))"))
  }

  /// Refunds, newest first.
  package func refunds(
    paymentIntent: String? = nil, charge: String? = nil, created: StripeTimeRange = .always
  ) -> StripeList<Refund> {
    var form = FormParameters()
    form.add("payment_intent", paymentIntent)
    form.add("charge", charge)
    created.add(to: &form)
    return list("/refunds", form) { $0.id }
  }

  package func dispute(_ id: String) async throws(StripeError) -> Dispute {
    try await perform(.get("/disputes/\(FormParameters.escape(id))"))
  }

  package func updateDispute(
    _ id: String, _ update: DisputeUpdate, idempotencyKey: String? = nil
  ) async throws(StripeError) -> Dispute {
    var form = FormParameters()
    form.add("evidence", update.evidence)
    form.add("metadata", update.metadata)
    form.add("submit", update.submit)
    return try await perform(.post("/disputes/\(FormParameters.escape(id))", form, idempotencyKey: idempotencyKey))
  }

  /// Disputes, newest first.
  package func disputes(
    paymentIntent: String? = nil, charge: String? = nil, created: StripeTimeRange = .always
  ) -> StripeList<Dispute> {
    var form = FormParameters()
    form.add("payment_intent", paymentIntent)
    form.add("charge", charge)
    created.add(to: &form)
    return list("/disputes", form) { $0.id }
  }

  package func charge(_ id: String) async throws(StripeError) -> Charge {
    try await perform(.get("/charges/\(FormParameters.escape(id))"))
  }

  /// Charges, newest first.
  package func charges(paymentIntent: String? = nil, created: StripeTimeRange = .always) -> StripeList<Charge> {
    var form = FormParameters()
    form.add("payment_intent", paymentIntent)
    created.add(to: &form)
    return list("/charges", form) { $0.id }
  }

  /// Payment intents, newest first.
  package func paymentIntents(created: StripeTimeRange = .always) -> StripeList<PaymentIntent> {
    var form = FormParameters()
    created.add(to: &form)
    return list("/payment_intents", form) { $0.id }
  }

  /// Movements on the balance, newest first.
  package func balanceTransactions(
    type: String? = nil, source: String? = nil, created: StripeTimeRange = .always
  ) -> StripeList<BalanceTransaction> {
    var form = FormParameters()
    form.add("type", type)
    form.add("source", source)
    created.add(to: &form)
    return list("/balance_transactions", form) { $0.id }
  }
}
