import Market
import Testing

@Suite("What Stripe says, held against what we know") struct ReconciliationTests {
  private static let total = Money(1_999, .eur)

  private static func order(_ facts: StripeFact...) -> HeldOrder {
    var known = PaymentFacts()
    for fact in facts { known.merge(fact.delta) }
    return HeldOrder(id: OrderID(7), number: "GK-0000-0000-00", total: total, facts: known)
  }

  private static let paid = StripeFact.paymentIntentSucceeded(id: "pi_1", received: total, latestCharge: "ch_1")

  private static func intent(_ status: String = "succeeded", received: Money = total) -> StatedObject {
    let isPaid = status == "succeeded"
    return StatedObject(
      .intent, id: "pi_1", status: status, amount: received, createdAt: Instant(unixSeconds: 1),
      facts: isPaid ? [.paymentIntentSucceeded(id: "pi_1", received: received, latestCharge: "ch_1")] : [],
      isMoney: isPaid)
  }

  private static func session(_ fact: StripeFact, isPaid: Bool) -> StatedObject {
    StatedObject(
      .session, id: "cs_1", status: "complete", amount: total, createdAt: Instant(unixSeconds: 1), facts: [fact],
      isMoney: isPaid, isPart: true)
  }

  private static func refund(_ amount: Int64 = 500, _ status: String = "succeeded") -> StatedObject {
    StatedObject(
      .refund, id: "re_1", status: status, amount: Money(amount, .eur), createdAt: Instant(unixSeconds: 1),
      facts: [.refund(id: "re_1", amount: amount, status: status, charge: "ch_1", paymentIntent: "pi_1")],
      isMoney: true)
  }

  private static func dispute(_ status: String, withdrawn: Bool = true, reinstated: Bool = false) -> StatedObject {
    StatedObject(
      .dispute, id: "dp_1", status: status, amount: total, createdAt: Instant(unixSeconds: 1),
      facts: [
        .disputeMoved(
          id: "dp_1", amount: 1_999, withdrawn: withdrawn, reinstated: reinstated, charge: "ch_1",
          paymentIntent: "pi_1")
      ], isMoney: true)
  }

  private func kinds(_ object: StatedObject, _ order: HeldOrder?) -> [BreakKind] {
    Reconciliation.compare(object, with: order).map(\.kind)
  }

  @Test("A payment that both know of is no difference, whichever event told of it") func agreement() {
    #expect(kinds(Self.intent(), Self.order(Self.paid)) == [])
    let completed = StripeFact.sessionCompleted(
      paymentStatus: "paid", total: Self.total, paymentIntent: "pi_1", customerEmail: nil)
    #expect(kinds(Self.session(completed, isPaid: true), Self.order(completed, Self.paid)) == [])
    // Paid late: the session says only that it is paid.
    let late = StripeFact.asyncPaymentSucceeded(total: Self.total, paymentIntent: "pi_1", customerEmail: nil)
    #expect(kinds(Self.session(completed, isPaid: true), Self.order(late)) == [])
  }

  @Test("What Stripe has and we lack heals, and says how much it is about") func missed() throws {
    let found = Reconciliation.compare(Self.intent(), with: Self.order())
    #expect(found.map(\.kind) == [.paymentMissed])
    #expect(found.first?.heals == true && found.first?.stripes == 1_999 && found.first?.ours == nil)
    #expect(kinds(Self.refund(), Self.order(Self.paid)) == [.refundUnknown])
    #expect(kinds(Self.dispute("needs_response"), Self.order(Self.paid)) == [.disputeUnknown])
    #expect(kinds(Self.session(.sessionExpired(), isPaid: false), Self.order()) == [.sessionMissed])
  }

  @Test("Applying what heals ends every difference that heals") func healing() {
    let objects = [
      Self.intent(), Self.refund(), Self.session(.sessionExpired(), isPaid: false),
      Self.session(
        .sessionCompleted(paymentStatus: "paid", total: Self.total, paymentIntent: "pi_1", customerEmail: "a@b"),
        isPaid: true),
    ]
    for object in objects {
      let before = Reconciliation.compare(object, with: Self.order())
      #expect(!before.isEmpty && before.allSatisfy(\.heals), "\(object.kind)")
      var facts = PaymentFacts()
      for fact in object.facts { facts.merge(fact.delta) }
      let after = HeldOrder(id: OrderID(7), number: "GK-0000-0000-00", total: Self.total, facts: facts)
      #expect(Reconciliation.compare(object, with: after) == [], "\(object.kind)")
    }
  }

  @Test("Money that belongs to no order is told once, by its payment, and heals by itself never") func noOrder() {
    let found = Reconciliation.compare(Self.intent(), with: nil)
    #expect(found.map(\.kind) == [.paymentWithoutOrder] && found.first?.heals == false)
    #expect(kinds(Self.intent("requires_payment_method"), nil) == [])
    let part = StatedObject(
      .charge, id: "ch_1", status: "succeeded", amount: Self.total, createdAt: Instant(unixSeconds: 1), facts: [],
      isMoney: true, isPart: true)
    #expect(kinds(part, nil) == [])
    #expect(kinds(Self.refund(), nil) == [.refundUnknown])
  }

  @Test("Another amount or currency is for people, until all of it went back") func amounts() {
    for received in [Money(1_000, .eur), Money(1_999, .usd)] {
      let fact = StripeFact.paymentIntentSucceeded(id: "pi_1", received: received, latestCharge: "ch_1")
      let found = Reconciliation.compare(Self.intent(received: received), with: Self.order(fact))
      #expect(found.map(\.kind) == [.amountDiffers] && found.first?.heals == false)
      let returned = StripeFact.refund(
        id: "re_1", amount: received.amount, status: "succeeded", charge: "ch_1", paymentIntent: "pi_1")
      #expect(kinds(Self.intent(received: received), Self.order(fact, returned)) == [])
    }
  }

  @Test("An order paid by what Stripe does not know, or does not call paid, is a break") func notAtStripe() {
    #expect(kinds(Self.intent("requires_payment_method"), Self.order(Self.paid)) == [.paymentNotAtStripe])
    let missing = Reconciliation.missing(.intent, id: "pi_1", of: Self.order(Self.paid))
    #expect(missing.map(\.kind) == [.paymentNotAtStripe] && missing.first?.ours == 1_999)
    #expect(Reconciliation.missing(.intent, id: "pi_2", of: Self.order(Self.paid)) == [])
    let failed = StripeFact.refund(id: "re_1", amount: 5, status: "failed", charge: nil, paymentIntent: "pi_1")
    #expect(Reconciliation.missing(.refund, id: "re_1", of: Self.order(Self.paid, failed)) == [])
  }

  @Test("A refund's status heals forward and is a break backward") func refunds() {
    func known(_ status: String) -> StripeFact {
      .refund(id: "re_1", amount: 500, status: status, charge: "ch_1", paymentIntent: "pi_1")
    }
    #expect(kinds(Self.refund(), Self.order(Self.paid, known("succeeded"))) == [])
    let forward = Reconciliation.compare(Self.refund(500, "failed"), with: Self.order(Self.paid, known("succeeded")))
    #expect(forward.map(\.kind) == [.refundDiffers] && forward.first?.heals == true)
    let backward = Reconciliation.compare(Self.refund(), with: Self.order(Self.paid, known("failed")))
    #expect(backward.map(\.kind) == [.refundDiffers] && backward.first?.heals == false)
    #expect(kinds(Self.refund(400), Self.order(Self.paid, known("succeeded"))) == [.refundDiffers])
  }

  @Test("A dispute differs by its status both ways, and by money that moved") func disputes() {
    func opened(_ status: String) -> StripeFact {
      .dispute(
        id: "dp_1", type: "charge.dispute.funds_withdrawn", event: "evt_1", status: status, amount: 1_999,
        charge: "ch_1", paymentIntent: "pi_1", reason: nil, dueBy: nil)
    }
    #expect(kinds(Self.dispute("needs_response"), Self.order(Self.paid, opened("needs_response"))) == [])
    #expect(kinds(Self.dispute("won"), Self.order(Self.paid, opened("needs_response"))) == [.disputeDiffers])
    #expect(kinds(Self.dispute("needs_response"), Self.order(Self.paid, opened("under_review"))) == [.disputeDiffers])
    #expect(
      kinds(
        Self.dispute("needs_response", reinstated: true), Self.order(Self.paid, opened("needs_response")))
        == [.disputeDiffers])
  }

  @Test("That a late payment failed is read from its intent, and a declined card is none") func lateFailure() {
    let waiting = StripeFact.sessionCompleted(
      paymentStatus: "unpaid", total: Self.total, paymentIntent: "pi_1", customerEmail: nil)
    let refused = Self.intent("requires_payment_method")
    #expect(kinds(refused, Self.order(waiting)) == [.sessionMissed])
    #expect(kinds(refused, Self.order()) == [])
    #expect(Reconciliation.lateFailure(refused, Self.order(waiting)).count == 1)
    #expect(Reconciliation.lateFailure(refused, Self.order(waiting, Self.paid)) == [])
  }

  private static func line(
    _ category: String, _ amount: Int64, of source: String, _ currency: Currency = .eur
  ) -> BalanceLine {
    BalanceLine(
      id: "txn_1", type: category, category: category, source: source, amount: amount, fee: 30, net: amount &- 30,
      currency: currency, createdAt: Instant(unixSeconds: 1))
  }

  private func balance(_ line: BalanceLine, _ order: HeldOrder?) -> [BreakKind] {
    Reconciliation.compare(line, with: order.flatMap { HeldSource(line, of: $0) }).map(\.kind)
  }

  @Test("A balance line is what its charge, refund or dispute moved, and nothing else") func lines() {
    let charge = StripeFact.charge(id: "ch_1", succeeded: true, amount: Self.total, paymentIntent: "pi_1")
    let refund = StripeFact.refund(
      id: "re_1", amount: 500, status: "succeeded", charge: "ch_1", paymentIntent: "pi_1")
    let moved = StripeFact.disputeMoved(
      id: "dp_1", amount: 1_999, withdrawn: true, reinstated: false, charge: "ch_1", paymentIntent: "pi_1")
    let order = Self.order(charge, refund, moved)
    #expect(balance(Self.line("charge", 1_999, of: "ch_1"), order) == [])
    #expect(balance(Self.line("charge", 1_998, of: "ch_1"), order) == [.balanceDiffers])
    #expect(balance(Self.line("charge", 2_222, of: "ch_1", .usd), order) == [])
    #expect(balance(Self.line("charge", 1_999, of: "ch_2"), order) == [.balanceUnknown])
    #expect(balance(Self.line("refund", -500, of: "re_1"), order) == [])
    #expect(balance(Self.line("refund", 500, of: "re_1"), order) == [.balanceDiffers])
    #expect(balance(Self.line("refund_failure", 500, of: "re_1"), order) == [.balanceDiffers])
    #expect(balance(Self.line("dispute", -1_999, of: "dp_1"), order) == [])
    #expect(balance(Self.line("dispute_reversal", 1_999, of: "dp_1"), order) == [.balanceDiffers])
    #expect(balance(Self.line("payout", -90_000, of: "po_1"), nil) == [])
  }

  @Test("A break found again is the same one; closed, only something new opens it") func again() {
    #expect(BreakRule.foundAgain(.open, isSame: true) == .known)
    #expect(BreakRule.foundAgain(.assigned, isSame: false) == .changed)
    #expect(BreakRule.foundAgain(.explained, isSame: true) == .known)
    #expect(BreakRule.foundAgain(.explained, isSame: false) == .reopened)
    #expect(BreakRule.foundAgain(.closed, isSame: true) == .known)
    #expect(BreakRule.foundAgain(.closed, isSame: false) == .reopened)
    #expect(BreakRule.foundAgain(.healed, isSame: true) == .reopened)
  }

  @Test("Amounts at the ends of the range never trap") func ends() {
    let refund = StripeFact.refund(
      id: "re_1", amount: .min, status: "succeeded", charge: "ch_1", paymentIntent: "pi_1")
    #expect(balance(Self.line("refund", .min, of: "re_1"), Self.order(refund)) == [])
  }
}
