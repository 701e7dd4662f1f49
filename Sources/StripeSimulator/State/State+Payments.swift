/// What a customer does on the hosted page.
struct Payment: Sendable {
  enum Outcome: Sendable, Equatable {
    case paid
    /// A code of https://docs.stripe.com/declines/codes.
    case declined(code: String)
    /// The money comes later, or not: `settles` says which way after `seconds`; nil waits to be told.
    case asynchronous(settles: Bool?, seconds: Int64)
  }

  var outcome: Outcome = .paid
  var buyer = SimSession.Buyer()
  var card = SimCharge.Card()
}

/// Payments: attempted, declined, settled.
extension SimulatorState {
  /// Plays a customer's attempt to pay the session.
  mutating func pay(_ id: String, _ payment: Payment, now: Int64) throws(APIError) -> SimSession {
    var session = try session(id)
    if session.status == "open", session.expiresAt <= now { _ = try expireSession(id, cause: .customer, now: now) }
    session = try self.session(id)
    guard session.status == "open" else {
      throw .invalid("This Checkout Session is \(session.status).", param: "session", code: "session_not_open")
    }
    session.buyer = SimSession.Buyer(
      email: payment.buyer.email ?? session.customerEmail ?? "customer@example.com",
      name: payment.buyer.name ?? "Jenny Rosen", country: payment.buyer.country ?? payment.card.country)
    makeCustomer(&session, now: now)
    if session.amountTotal == 0 {
      complete(&session, paymentStatus: "no_payment_required", now: now)
      return session
    }
    var intent = makeIntent(&session, now: now)
    switch payment.outcome {
    case .declined(let code):
      decline(&intent, session: session, payment: payment, code: code, now: now)
      sessions[id] = session
    case .paid:
      charge(&intent, session: session, card: payment.card, now: now)
      complete(&session, paymentStatus: "paid", now: now)
    case .asynchronous(let settles, let seconds):
      intent.status = "processing"
      intents[intent.id] = intent
      emit("payment_intent.processing", intent.json, cause: .customer, now: now)
      complete(&session, paymentStatus: "unpaid", now: now)
      if let settles { settlements.insert(Settlement(at: now + seconds, session: id, succeeds: settles)) }
    }
    return session
  }

  /// Ends an asynchronous payment.
  mutating func settle(_ id: String, succeeds: Bool, now: Int64) throws(APIError) -> SimSession {
    var session = try session(id)
    guard session.status == "complete", session.paymentStatus == "unpaid",
      let intentID = session.paymentIntent, var intent = intents[intentID], intent.status == "processing"
    else { throw .invalid("This Checkout Session awaits no payment.", param: "session") }
    if succeeds {
      charge(&intent, session: session, card: SimCharge.Card(), now: now)
      session.paymentStatus = "paid"
      sessions[id] = session
      emit("checkout.session.async_payment_succeeded", session.json, cause: .customer, now: now)
    } else {
      decline(&intent, session: session, payment: Payment(), code: "insufficient_funds", now: now)
      sessions[id] = session
      emit("checkout.session.async_payment_failed", session.json, cause: .customer, now: now)
    }
    return session
  }

  private mutating func makeCustomer(_ session: inout SimSession, now: Int64) {
    guard session.createsCustomer, session.customer == nil else { return }
    let customer = SimCustomer(
      id: Self.newID("cus_", length: 14), created: now, email: session.buyer?.email, name: session.buyer?.name)
    customers[customer.id] = customer
    session.customer = customer.id
    emit("customer.created", customer.json, cause: .customer, now: now)
  }

  private mutating func makeIntent(_ session: inout SimSession, now: Int64) -> SimIntent {
    if let id = session.paymentIntent, let intent = intents[id] { return intent }
    let intent = SimIntent(
      id: Self.newID("pi_3", length: 23), created: now, amount: session.amountTotal, currency: session.currency,
      customer: session.customer, metadata: session.intentMetadata, session: session.id)
    intents[intent.id] = intent
    session.paymentIntent = intent.id
    emit("payment_intent.created", intent.json, cause: .customer, now: now)
    return intent
  }

  private mutating func complete(_ session: inout SimSession, paymentStatus: String, now: Int64) {
    session.status = "complete"
    session.paymentStatus = paymentStatus
    sessions[session.id] = session
    count("sessions_completed")
    emit("checkout.session.completed", session.json, cause: .customer, now: now)
  }

  private mutating func charge(
    _ intent: inout SimIntent, session: SimSession, card: SimCharge.Card, now: Int64
  ) {
    var charge = makeCharge(intent, session: session, card: card, status: "succeeded", failure: nil, now: now)
    let fee = intent.amount * 29 / 1000 + 30
    charge.balanceTransaction =
      move(
        "charge", intent.amount, fee: fee, currency: intent.currency, source: charge.id, now: now
      ).id
    charges[charge.id] = charge
    intent.charges.append(charge.id)
    intent.latestCharge = charge.id
    intent.paymentMethod = charge.paymentMethod
    intent.status = "succeeded"
    intent.amountReceived = intent.amount
    intent.lastError = nil
    intents[intent.id] = intent
    count("charges_succeeded")
    emit("charge.succeeded", charge.json, cause: .customer, now: now)
    emit("payment_intent.succeeded", intent.json, cause: .customer, now: now)
  }

  private mutating func decline(
    _ intent: inout SimIntent, session: SimSession, payment: Payment, code: String, now: Int64
  ) {
    // Some declines have an error code of their own (https://docs.stripe.com/declines/codes).
    let ownCodes = ["expired_card", "incorrect_cvc", "processing_error", "incorrect_number"]
    let failure = SimCharge.Failure(
      code: ownCodes.contains(code) ? code : "card_declined", declineCode: code, message: Self.declineMessage(code))
    var card = payment.card
    if card.last4 == "4242" { card.last4 = "0002" }
    let charge = makeCharge(intent, session: session, card: card, status: "failed", failure: failure, now: now)
    charges[charge.id] = charge
    intent.charges.append(charge.id)
    intent.latestCharge = charge.id
    intent.status = "requires_payment_method"
    intent.lastError = [
      "charge": .string(charge.id), "code": .string(failure.code), "decline_code": .string(code),
      "doc_url": .string("https://stripe.com/docs/error-codes/\(failure.code.replacing("_", with: "-"))"),
      "message": .string(failure.message),
      "payment_method": ["id": .string(charge.paymentMethod), "object": "payment_method", "type": "card"],
      "type": "card_error",
    ]
    intents[intent.id] = intent
    count("charges_failed")
    emit("charge.failed", charge.json, cause: .customer, now: now)
    emit("payment_intent.payment_failed", intent.json, cause: .customer, now: now)
  }

  private static func declineMessage(_ code: String) -> String {
    switch code {
    case "insufficient_funds": "Your card has insufficient funds."
    case "expired_card": "Your card has expired."
    case "incorrect_cvc": "Your card's security code is incorrect."
    case "processing_error": "An error occurred while processing your card. Try again in a little bit."
    default: "Your card was declined."
    }
  }

  private func makeCharge(
    _ intent: SimIntent, session: SimSession, card: SimCharge.Card, status: String, failure: SimCharge.Failure?,
    now: Int64
  ) -> SimCharge {
    SimCharge(
      id: Self.newID("ch_3", length: 23), created: now, amount: intent.amount, currency: intent.currency,
      status: status, failure: failure, paymentIntent: intent.id, paymentMethod: Self.newID("pm_1", length: 23),
      card: card, customer: session.customer, buyer: session.buyer ?? SimSession.Buyer(), metadata: intent.metadata)
  }

  /// Books a movement on the balance.
  @discardableResult
  mutating func move(
    _ type: String, _ amount: Int64, fee: Int64 = 0, currency: String, source: String, category: String? = nil,
    now: Int64
  ) -> SimBalanceTransaction {
    let movement = SimBalanceTransaction(
      id: Self.newID("txn_3", length: 23), created: now, type: type, category: category ?? type, amount: amount,
      fee: fee, currency: currency, source: source)
    balance[movement.id] = movement
    return movement
  }
}
