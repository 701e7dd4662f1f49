import Market

// What happens once an order is paid.

extension DemoStory {
  private mutating func accepted() -> DemoEnding {
    .confirmed("250 2.0.0 Ok: queued as \(random.text(11, from: DemoRandom.upperHex))")
  }

  /// Answers when the last unit arrived.
  mutating func deliver(from paid: Instant) -> Instant {
    var last = paid
    for unit in order.units.indices {
      let at = paid + random.duration(.milliseconds(45)...(.milliseconds(820)))
      add(at, .settle(unit: unit, accepted()))
      last = max(last, at)
    }
    return last
  }

  mutating func lookAtKeys(after delivered: Instant) {
    guard random.chance(0.65) else { return }
    let at = delivered + random.duration(.seconds(15)...(random.chance(0.7) ? .minutes(25) : .hours(30)))
    if at < now - .seconds(2) { add(at, .reveal) }
  }

  // MARK: Trouble with the mail

  private static let deferrals = [
    "451 4.7.1 Greylisting in action, please come back later",
    "421 4.3.2 Service not available, closing transmission channel",
    "452 4.2.2 The mailbox is over quota; please try again later",
    "450 4.2.1 The user is receiving mail too quickly; please try again later",
    "421 4.7.0 Too many connections from your host, try again later",
    "no answer within 10 seconds after RCPT TO",
  ]
  private static let refusals = [
    "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table",
    "554 5.7.1 Service unavailable; client host blocked by the recipient's policy",
    "552 5.2.2 Mailbox full",
    "550 5.4.4 Domain of the recipient does not accept mail (null MX)",
  ]
  private static let reasons = [
    "customer corrected the mailbox quota and asked again", "provider confirmed the outage is over",
    "customer wrote in: nothing arrived, spam folder checked", "blocklist entry was removed this morning",
  ]
  /// Seconds after the first, second … failure.
  private static let delays: [Double] = [1, 3, 8, 20, 60, 180, 600]

  mutating func deliverWithTrouble(_ scenario: DemoScenario, _ paid: Instant) {
    for unit in order.units.indices.dropFirst() {
      add(paid + random.duration(.milliseconds(60)...(.milliseconds(700))), .settle(unit: unit, accepted()))
    }
    let first = paid + random.duration(.milliseconds(80)...(.seconds(2)))
    switch scenario {
    case .deliveredAfterRetry:
      let again = fail(from: first, attempts: random.number(1...4))
      let arrived = again + .milliseconds(310)
      add(arrived, .settle(unit: 0, accepted()))
      lookAtKeys(after: arrived)
    case .deliveredAfterCrash:
      let rescued = paid + random.duration(.seconds(12)...(.seconds(14)))
      add(
        rescued,
        .settle(
          unit: 0,
          DemoEnding(outcome: .unknown, reply: "the worker ended before it heard the answer", next: rescued)))
      add(rescued, .prepare(unit: 0))
      add(rescued + .milliseconds(180), .settle(unit: 0, accepted()))
    case .retrying: keepRetrying(from: first)
    case .exhaustedMail: giveUp(from: first)
    case .refundedUndelivered:
      add(first, .settle(unit: 0, DemoEnding(outcome: .refused, reply: random.pick(Self.refusals))))
      refund(
        at: first + random.duration(.hours(1)...(.hours(3))), amount: order.amount, reason: "requested_by_customer")
    default:
      add(first, .settle(unit: 0, DemoEnding(outcome: .refused, reply: random.pick(Self.refusals))))
      guard scenario == .deliveredByHand else { return }
      let asked = first + random.duration(.minutes(20)...(.hours(7)))
      add(asked, .retry(unit: 0, by: random.pick(["mara", "tomasz"]), reason: random.pick(Self.reasons)))
      add(asked + .milliseconds(240), .prepare(unit: 0))
      add(asked + .milliseconds(590), .settle(unit: 0, accepted()))
      lookAtKeys(after: asked + .minutes(1))
    }
  }

  /// So many deferred attempts, the first of which ends at `at`; answers when the next was prepared.
  private mutating func fail(from at: Instant, attempts: Int) -> Instant {
    let reply = random.pick(Self.deferrals)
    var at = at
    for attempt in 0..<attempts {
      let next = at + delay(attempt)
      add(at, .settle(unit: 0, DemoEnding(outcome: .deferred, reply: reply, next: next)))
      add(next, .prepare(unit: 0))
      at = next + random.duration(.milliseconds(120)...(.milliseconds(900)))
      if attempt == attempts - 1 { return next }
    }
    return at
  }

  private mutating func delay(_ attempt: Int) -> Duration {
    .milliseconds(Int64(Self.delays[min(attempt, Self.delays.count - 1)] * (850 + 300 * random.fraction())))
  }

  /// Deferred until now; the next attempt lies ahead.
  private mutating func keepRetrying(from first: Instant) {
    let reply = random.pick(Self.deferrals)
    var at = first
    for attempt in 0..<Self.delays.count {
      var next = at + delay(attempt)
      let isLast = next > now - .seconds(2)
      // Due soon, but not before somebody has looked at it.
      if isLast { next = max(next, now + random.duration(.minutes(1)...(.minutes(9)))) }
      add(at, .settle(unit: 0, DemoEnding(outcome: .deferred, reply: reply, next: next)))
      if isLast { return }
      add(next, .prepare(unit: 0))
      at = next + .milliseconds(400)
    }
  }

  private mutating func giveUp(from first: Instant) {
    let last = fail(from: first, attempts: Self.delays.count) + .seconds(1)
    add(last, .settle(unit: 0, DemoEnding(outcome: .deferred, reply: random.pick(Self.deferrals))))
  }

  // MARK: Money back

  mutating func regret(_ scenario: DemoScenario, _ delivered: Instant) {
    let later = delivered + random.duration(.hours(2)...(.hours(26)))
    switch scenario {
    case .refunded:
      refund(at: later, amount: order.amount, reason: random.pick(["requested_by_customer", "duplicate"]))
    case .partiallyRefunded:
      let part = order.units.count > 1 ? order.lines[0].unitPrice : order.amount / 4
      refund(at: later, amount: part, reason: "requested_by_customer")
    case .refundPending:
      let part = order.amount / 2
      refund(at: later, amount: part, reason: "requested_by_customer", status: "pending")
    case .inquiry: dispute(from: later, ["warning_needs_response"])
    case .disputed: dispute(from: later, random.chance(0.4) ? ["needs_response", "under_review"] : ["needs_response"])
    case .disputeWon: dispute(from: later, ["needs_response", "won"])
    case .chargedBack: dispute(from: later, ["needs_response", "lost"])
    default: break
    }
  }

  private mutating func refund(at: Instant, amount: Int64, reason: String, status: String = "succeeded") {
    let id = random.stripeID("re_3", 23)
    add(
      at, "refund.created",
      [
        .refund(
          id: id, amount: amount, status: status, charge: order.charge, paymentIntent: order.intent, reason: reason)
      ], object: id)
    add(
      at + .milliseconds(90), "charge.refunded",
      [.chargeRefunded(charge: order.charge, amountRefunded: amount, paymentIntent: order.intent)])
  }

  private static let grounds = ["fraudulent", "product_not_received", "credit_not_processed", "unrecognized"]

  private mutating func dispute(from at: Instant, _ statuses: [String]) {
    let id = random.stripeID("dp_1", 23)
    let reason = random.pick(Self.grounds)
    let dueBy = Instant(unixSeconds: (at + .days(9)).unixSeconds)
    var at = at
    func tell(_ type: String, _ status: String) {
      let event = newEvent()
      let fact = StripeFact.dispute(
        id: id, type: type, event: event, status: status, amount: order.amount, charge: order.charge,
        paymentIntent: order.intent, reason: reason, dueBy: dueBy)
      add(at, type, [fact], object: id, id: event)
      at = at + .milliseconds(140)
    }
    tell("charge.dispute.created", statuses[0])
    if statuses[0] == "needs_response" { tell("charge.dispute.funds_withdrawn", statuses[0]) }
    at = at + random.duration(.hours(5)...(.hours(20)))
    for status in statuses.dropFirst() {
      tell(status == "under_review" ? "charge.dispute.updated" : "charge.dispute.closed", status)
      if status == "won" { tell("charge.dispute.funds_reinstated", status) }
    }
  }
}
