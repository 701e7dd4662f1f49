/// Refunds: made, told how they went.
extension SimulatorState {
  private static let refundParameters: Set<String> = [
    "charge", "payment_intent", "amount", "reason", "metadata", "expand", "instructions_email", "origin",
    "refund_application_fee", "reverse_transfer", "currency",
  ]

  mutating func createRefund(_ call: APICall) throws(APIError) -> JSON {
    try call.allow(Self.refundParameters)
    let form = call.form
    var charge = try chargeToRefund(form)
    let left = charge.amount - charge.amountRefunded
    guard left > 0 else {
      throw .invalid("Charge \(charge.id) has already been refunded.", code: "charge_already_refunded")
    }
    var amount = left
    if form.has("amount") {
      amount = try Self.integer(form, "amount", as: "amount", in: 1...99_999_999)
      guard amount <= left else {
        throw .invalid(
          "Refund amount (\(amount)) is greater than unrefunded amount on charge (\(left))", param: "amount")
      }
    }
    if let reason = form.text("reason"), !["duplicate", "fraudulent", "requested_by_customer"].contains(reason) {
      throw .invalid(
        "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer", param: "reason")
    }
    var refund = SimRefund(
      id: Self.newID("re_3", length: 23), created: call.now, amount: amount, currency: charge.currency,
      charge: charge.id, paymentIntent: charge.paymentIntent,
      status: happens(knobs.refundPendingRate) ? "pending" : "succeeded", reason: form.text("reason"),
      metadata: try Self.metadata(form))
    refund.balanceTransaction =
      move("refund", -amount, currency: charge.currency, source: refund.id, now: call.now).id
    refunds[refund.id] = refund
    let before: JSON = ["amount_refunded": .int(charge.amountRefunded), "refunded": false]
    charge.refunds.append(refund.id)
    charge.amountRefunded += amount
    charges[charge.id] = charge
    count("refunds")
    emit("refund.created", refund.json, cause: call.cause, now: call.now)
    emit("charge.refunded", charge.json, previous: before, cause: call.cause, now: call.now)
    if refund.status == "succeeded" {
      emit("charge.refund.updated", refund.json, previous: [:], cause: call.cause, now: call.now)
    }
    return refund.json
  }

  private func chargeToRefund(_ form: Form) throws(APIError) -> SimCharge {
    if let id = form.text("payment_intent") {
      guard let intent = intents[id] else { throw .noSuch("payment_intent", id, param: "payment_intent") }
      guard intent.status == "succeeded", let charge = intent.latestCharge.flatMap({ charges[$0] }) else {
        throw .invalid(
          "This PaymentIntent (\(id)) does not have a successful charge to refund.", param: "payment_intent",
          code: "payment_intent_unexpected_state")
      }
      return charge
    }
    guard let id = form.text("charge") else {
      throw .invalid("One of the following params should be provided for this request: payment_intent or charge.")
    }
    guard let charge = charges[id] else { throw .noSuch("charge", id, param: "charge") }
    guard charge.status == "succeeded" else {
      throw .invalid("Charge \(id) was not successful and cannot be refunded.", param: "charge")
    }
    return charge
  }

  func refund(_ id: String) throws(APIError) -> SimRefund {
    guard let refund = refunds[id] else { throw .noSuch("refund", id) }
    return refund
  }

  mutating func updateRefund(_ id: String, _ call: APICall) throws(APIError) -> JSON {
    try call.allow(["metadata", "expand"])
    var refund = try refund(id)
    refund.metadata.merge(try Self.metadata(call.form)) { $1 }
    refunds[id] = refund
    emit("refund.updated", refund.json, previous: [:], cause: call.cause, now: call.now)
    emit("charge.refund.updated", refund.json, previous: [:], cause: call.cause, now: call.now)
    return refund.json
  }

  /// Moves a refund to `status`, as a bank would: a failed or cancelled one gives the money back to the balance.
  mutating func moveRefund(
    _ id: String, to status: String, failureReason: String?, cause: Cause, now: Int64
  ) throws(APIError) -> JSON {
    var refund = try refund(id)
    guard ["succeeded", "failed", "canceled"].contains(status), refund.counts, refund.status != status else {
      throw .invalid("A refund that is \(refund.status) cannot become \(status).", param: "status")
    }
    let before: JSON = ["status": .string(refund.status)]
    refund.status = status
    if !refund.counts {
      refund.failureReason = failureReason ?? "unknown"
      refund.failureBalanceTransaction =
        move(
          "refund_failure", refund.amount, currency: refund.currency, source: refund.id, category: "refund_failure",
          now: now
        ).id
      if var charge = charges[refund.charge] {
        charge.amountRefunded -= refund.amount
        charges[charge.id] = charge
      }
    }
    refunds[id] = refund
    emit("refund.updated", refund.json, previous: before, cause: cause, now: now)
    emit("charge.refund.updated", refund.json, previous: before, cause: cause, now: now)
    if status == "failed" { emit("refund.failed", refund.json, previous: before, cause: cause, now: now) }
    return refund.json
  }
}
