/// `/_sim`: what customers and banks do.
extension Simulator {
  /// Pays a session as its customer: `outcome` is `paid` (the default), `declined` with a `decline_code`, or `async`,
  /// which `settles` as `succeeded` or `failed` after `settle_after` seconds, or waits for `/settle`.
  func pay(_ id: String, _ form: Form) throws(APIError) -> JSON {
    let payment = try Self.payment(form)
    return try transact { (state) throws(APIError) in try state.pay(id, payment, now: Self.now()).json }
  }

  static func payment(_ form: Form) throws(APIError) -> Payment {
    var payment = Payment()
    switch form.text("outcome") ?? "paid" {
    case "paid": payment.outcome = .paid
    case "declined": payment.outcome = .declined(code: form.text("decline_code") ?? "generic_decline")
    case "async":
      let settles = form.text("settles").map { $0 == "succeeded" }
      payment.outcome = .asynchronous(
        settles: settles, seconds: max(0, form.text("settle_after").flatMap { Int64($0) } ?? 0))
    default: throw .invalid("outcome must be paid, declined or async", param: "outcome")
    }
    payment.buyer = SimSession.Buyer(
      email: form.text("email"), name: form.text("name"), country: form.text("country"))
    if let brand = form.text("card_brand") { payment.card.brand = brand }
    if let last4 = form.text("last4") { payment.card.last4 = last4 }
    if let country = form.text("country") { payment.card.country = country }
    if let level = form.text("risk_level") { payment.card.riskLevel = level }
    if let score = form.text("risk_score").flatMap({ Int64($0) }) { payment.card.riskScore = score }
    return payment
  }

  /// Ends an asynchronous payment: `outcome` is `succeeded` or `failed`.
  func settle(_ id: String, _ form: Form) throws(APIError) -> JSON {
    let succeeds = form.text("outcome") != "failed"
    return try transact { (state) throws(APIError) in try state.settle(id, succeeds: succeeds, now: Self.now()).json }
  }

  /// Opens a dispute of `charge`, `payment_intent` or `session`: `reason`, `amount`, and `status` as
  /// `needs_response` (the default) or `warning_needs_response`.
  func dispute(_ form: Form) throws(APIError) -> JSON {
    try transact { (state) throws(APIError) in
      try state.openDispute(
        charge: try state.charge(of: form), reason: form.text("reason") ?? "fraudulent",
        amount: form.text("amount").flatMap { Int64($0) },
        inquiry: form.text("status")?.hasPrefix("warning_") == true, now: Self.now())
    }
  }

  /// Moves a dispute to `status`.
  func moveDispute(_ id: String, _ form: Form) throws(APIError) -> JSON {
    guard let status = form.text("status") else { throw .missing("status") }
    return try transact { (state) throws(APIError) in
      try state.moveDispute(id, to: status, cause: .customer, now: Self.now())
    }
  }

  /// Moves a refund to `status`, with a `failure_reason`.
  func moveRefund(_ id: String, _ form: Form) throws(APIError) -> JSON {
    guard let status = form.text("status") else { throw .missing("status") }
    return try transact { (state) throws(APIError) in
      try state.moveRefund(
        id, to: status, failureReason: form.text("failure_reason"), cause: .customer, now: Self.now())
    }
  }

  /// Books a line on the balance that nothing else made: a payout, a fee, or one that should not be there. `type`,
  /// `category` (by default the type), `amount`, `fee`, `currency` and `source`.
  func book(_ form: Form) throws(APIError) -> JSON {
    guard let type = form.text("type") else { throw .missing("type") }
    guard let amount = form.text("amount").flatMap({ Int64($0) }) else { throw .missing("amount") }
    return try transact { (state) throws(APIError) in
      state.move(
        type, amount, fee: form.text("fee").flatMap { Int64($0) } ?? 0, currency: form.text("currency") ?? "eur",
        source: form.text("source") ?? SimulatorState.newID("po_1"), category: form.text("category"), now: Self.now()
      ).json
    }
  }

  /// Emits an event of any `type`, about an object of the given `id` and `object`, to see what the market makes of it.
  func emit(_ form: Form) throws(APIError) -> JSON {
    guard let type = form.text("type") else { throw .missing("type") }
    let object: JSON = [
      "id": JSON(form.text("id") ?? "obj_simulated"), "object": JSON(form.text("object") ?? "simulated"),
      "metadata": JSON(form.map("metadata")),
    ]
    return try transact { (state) throws(APIError) in
      state.emit(type, object, cause: .customer, now: Self.now())
      return ["ok": true]
    }
  }

  /// Sends an event again, as the dashboard's button does.
  func resend(_ id: String) throws(APIError) -> JSON {
    let event = try transact { (state) throws(APIError) in
      guard let event = state.events[id] else { throw .noSuch("event", id) }
      return event
    }
    sender.enqueue([event])
    return ["ok": true]
  }
}

extension SimulatorState {
  /// The charge that a form names by `charge`, `payment_intent` or `session`.
  func charge(of form: Form) throws(APIError) -> String {
    if let charge = form.text("charge") { return charge }
    var intent = form.text("payment_intent")
    if let session = form.text("session") { intent = try self.session(session).paymentIntent }
    guard let charge = intent.flatMap({ intents[$0]?.latestCharge }) else {
      throw .invalid("One of charge, payment_intent or session must name a payment.")
    }
    return charge
  }
}
