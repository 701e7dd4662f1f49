import Market

/// Writes the moments of one order's life.
struct DemoStory {
  let order: DemoOrder
  let now: Instant
  var random: DemoRandom
  private(set) var moments: [(at: Instant, step: DemoStep)] = []

  init(_ order: DemoOrder, now: Instant, random: DemoRandom) {
    self.order = order
    self.now = now
    self.random = random
  }

  static func tell(
    _ scenario: DemoScenario, of order: DemoOrder, now: Instant, random: DemoRandom
  ) -> [(at: Instant, step: DemoStep)] {
    var story = DemoStory(order, now: now, random: random)
    let opened = story.begin()
    switch scenario {
    case .open: break
    case .openAfterDecline: story.decline(at: opened + .seconds(40))
    case .expired, .expiredAfterDecline, .timedOut: story.expire(scenario, opened)
    case .awaitingAsync, .asyncFailed, .deliveredAsync: story.payLater(scenario, opened)
    case .paidTooLate: story.payTooLate()
    case .wrongAmount, .wrongCurrency, .paidTwice: story.payWrongly(scenario, opened)
    case .retrying, .refusedMail, .exhaustedMail, .deliveredAfterRetry, .deliveredAfterCrash, .deliveredByHand,
      .refundedUndelivered:
      story.deliverWithTrouble(scenario, story.pay(at: story.whenPaid(opened)))
    default:
      if scenario == .deliveredAfterDecline { story.decline(at: opened + .seconds(20)) }
      let paid = story.pay(at: story.whenPaid(opened + .seconds(scenario == .deliveredAfterDecline ? 30 : 0)))
      let delivered = story.deliver(from: paid)
      story.lookAtKeys(after: delivered)
      story.regret(scenario, delivered)
    }
    return story.moments
  }

  mutating func add(_ at: Instant, _ step: DemoStep) { moments.append((at, step)) }

  mutating func add(
    _ at: Instant, _ type: String, _ facts: [StripeFact], object: String? = nil, riskScore: Int32? = nil,
    id: String? = nil
  ) {
    let event = DemoEvent(
      id: id ?? newEvent(), type: type, facts: facts, object: object, riskScore: riskScore,
      tellsCustomer: type == "checkout.session.completed")
    add(at, .stripe(event))
  }

  mutating func newEvent() -> String { random.stripeID("evt_1", 23) }

  private mutating func begin() -> Instant {
    add(order.createdAt, .checkout)
    let opened = order.createdAt + random.duration(.milliseconds(90)...(.milliseconds(420)))
    add(opened, .session)
    return opened
  }

  /// Customers think for a while; those of the last minutes have not had long.
  private mutating func whenPaid(_ opened: Instant) -> Instant {
    let age = now - opened
    return opened + random.duration(.seconds(10)...max(.seconds(11), min(.minutes(6), age / 2)))
  }

  // MARK: Paying

  /// Answers when the order was paid: received, and a moment later applied.
  mutating func pay(
    at: Instant, received: Money? = nil, sessionType: String = "checkout.session.completed"
  ) -> Instant {
    let money = received ?? order.total
    let risk = Int32(random.number(2...48))
    let charged = StripeFact.charge(
      id: order.charge, succeeded: true, amount: money, paymentIntent: order.intent, riskLevel: "normal",
      cardLast4: order.customer.card.last4, cardBrand: order.customer.card.brand)
    let succeeded = StripeFact.paymentIntentSucceeded(
      id: order.intent, received: money, latestCharge: order.charge)
    let completed =
      sessionType == "checkout.session.completed"
      ? StripeFact.sessionCompleted(
        paymentStatus: "paid", total: money, paymentIntent: order.intent, customerEmail: order.customer.email)
      : StripeFact.asyncPaymentSucceeded(
        total: money, paymentIntent: order.intent, customerEmail: order.customer.email)
    if random.chance(0.3) {
      add(at, sessionType, [completed])
      add(at + .milliseconds(70), "charge.succeeded", [charged], object: order.charge, riskScore: risk)
      add(at + .milliseconds(120), "payment_intent.succeeded", [succeeded])
      return at
    }
    add(at, "charge.succeeded", [charged], object: order.charge, riskScore: risk)
    add(at + .milliseconds(60), "payment_intent.succeeded", [succeeded])
    add(at + .milliseconds(110), sessionType, [completed])
    return at + .milliseconds(60)
  }

  private static let declines: [(code: String, decline: String, message: String)] = [
    ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ("card_declined", "generic_decline", "Your card was declined."),
    ("card_declined", "do_not_honor", "Your card was declined."),
    ("expired_card", "expired_card", "Your card has expired."),
    ("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    (
      "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."
    ),
    ("card_declined", "lost_card", "Your card was declined."),
  ]

  mutating func decline(at: Instant, card: Bool = true) {
    let why =
      card ? random.pick(Self.declines) : ("payment_method_provider_decline", "generic_decline", "The bank refused.")
    let charge = random.stripeID(card ? "ch_3" : "py_3", 23)
    add(
      at, "charge.failed",
      [
        .charge(
          id: charge, succeeded: false, amount: order.total, paymentIntent: order.intent, code: why.0,
          declineCode: why.1, message: why.2, riskLevel: card ? "elevated" : nil,
          cardLast4: card ? String(padded(Int64(random.number(0...9_999)), 4)) : nil,
          cardBrand: card ? order.customer.card.brand : nil)
      ], object: charge, riskScore: card ? Int32(random.number(52...79)) : nil)
    add(
      at + .milliseconds(80), "payment_intent.payment_failed",
      [
        .paymentIntentFailed(
          id: order.intent, event: "", charge: charge, amount: order.total, code: why.0, declineCode: why.1,
          message: why.2)
      ], object: charge)
  }

  private mutating func expire(_ scenario: DemoScenario, _ opened: Instant) {
    if scenario == .expiredAfterDecline { decline(at: opened + .seconds(50)) }
    var end = order.createdAt + .minutes(31)
    if scenario == .timedOut {
      add(end, .timeout)
      end = end + .seconds(1)
    }
    add(end, "checkout.session.expired", [.sessionExpired()])
  }

  private mutating func payLater(_ scenario: DemoScenario, _ opened: Instant) {
    let completed = whenPaid(opened)
    let fact = StripeFact.sessionCompleted(
      paymentStatus: "unpaid", total: order.total, paymentIntent: order.intent, customerEmail: order.customer.email)
    add(completed, "checkout.session.completed", [fact])
    let settled = completed + random.duration(.hours(9)...(.hours(50)))
    switch scenario {
    case .deliveredAsync:
      let paid = pay(at: settled, sessionType: "checkout.session.async_payment_succeeded")
      lookAtKeys(after: deliver(from: paid))
    case .asyncFailed:
      decline(at: settled, card: false)
      add(
        settled + .milliseconds(150), "checkout.session.async_payment_failed",
        [.asyncPaymentFailed(paymentIntent: order.intent, customerEmail: order.customer.email)])
    default: break
    }
  }

  private mutating func payTooLate() {
    let end = order.createdAt + .minutes(31)
    add(end, .timeout)
    _ = pay(at: end + .minutes(6))
  }

  private mutating func payWrongly(_ scenario: DemoScenario, _ opened: Instant) {
    switch scenario {
    case .wrongAmount:
      _ = pay(at: whenPaid(opened), received: Money(order.amount - order.amount / 10, order.currency))
    case .wrongCurrency:
      _ = pay(at: whenPaid(opened), received: Money(order.amount, order.currency == .usd ? .eur : .usd))
    default:
      let delivered = deliver(from: pay(at: whenPaid(opened)))
      let second = random.stripeID("pi_3", 23)
      let charge = random.stripeID("ch_3", 23)
      let at = delivered + .minutes(4)
      add(
        at, "charge.succeeded",
        [.charge(id: charge, succeeded: true, amount: order.total, paymentIntent: second, riskLevel: "normal")],
        object: charge, riskScore: 11)
      add(
        at + .milliseconds(60), "payment_intent.succeeded",
        [.paymentIntentSucceeded(id: second, received: order.total, latestCharge: charge)])
    }
  }
}
