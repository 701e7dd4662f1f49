import FoundationEssentials
import Market
import Testing

@Suite("Facts about a payment only ever grow")
struct PaymentFactsTests {
  /// Any fact, from few enough values that they collide and contradict each other.
  private static func randomFact(_ random: inout SeededGenerator) -> StripeFact {
    let intent = ["pi_1", "pi_2"].randomElement(using: &random)
    let charge = ["ch_1", "ch_2", "ch_3"].randomElement(using: &random) ?? ""
    let money = Money(.random(in: 998...1_000, using: &random), Bool.random(using: &random) ? .eur : .usd)
    let email = ["a@example.org", "b@example.org", nil].randomElement(using: &random) ?? nil
    switch Int.random(in: 0..<11, using: &random) {
    case 0:
      let status = ["paid", "unpaid", "no_payment_required"].randomElement(using: &random)
      return .sessionCompleted(paymentStatus: status, total: money, paymentIntent: intent, customerEmail: email)
    case 1: return .asyncPaymentSucceeded(total: money, paymentIntent: intent, customerEmail: email)
    case 2: return .asyncPaymentFailed(paymentIntent: intent, customerEmail: email)
    case 3: return .sessionExpired()
    case 4: return .paymentIntentSucceeded(id: intent ?? "", received: money, latestCharge: charge)
    case 5:
      return .paymentIntentFailed(
        id: intent ?? "", event: "evt_\(money.amount)", charge: Bool.random(using: &random) ? charge : nil,
        amount: money, code: email, declineCode: nil, message: email)
    case 6:
      return .charge(
        id: charge, succeeded: .random(using: &random), amount: money, paymentIntent: intent, message: email,
        cardLast4: Bool.random(using: &random) ? "4242" : nil)
    case 7:
      let status = RefundFact.Status.allCases.randomElement(using: &random)?.rawValue
      return .refund(
        id: "re_\(Int.random(in: 1...3, using: &random))", amount: money.amount, status: status, charge: charge,
        paymentIntent: Bool.random(using: &random) ? intent : nil)
    case 8:
      return .chargeRefunded(charge: charge, amountRefunded: money.amount, paymentIntent: intent)
    case 9: return randomFetch(&random)
    default: return randomDispute(&random)
    }
  }

  private static func randomDispute(_ random: inout SeededGenerator) -> StripeFact {
    let kinds = ["created", "updated", "funds_withdrawn", "funds_reinstated", "closed"]
    return .dispute(
      id: "dp_1", type: "charge.dispute.\(kinds.randomElement(using: &random) ?? "")",
      event: "evt_\(Int.random(in: 1...4, using: &random))",
      status: DisputeStatus.allCases.randomElement(using: &random)?.rawValue, amount: 1_000, charge: nil,
      paymentIntent: nil, reason: nil, dueBy: Instant(unixSeconds: .random(in: 0...2, using: &random)))
  }

  private static func randomFetch(_ random: inout SeededGenerator) -> StripeFact {
    .disputeFetched(
      id: "dp_1", at: Instant(unixSeconds: .random(in: 1...2, using: &random)),
      settles: ["evt_\(Int.random(in: 1...4, using: &random))"],
      status: DisputeStatus.allCases.randomElement(using: &random)?.rawValue, amount: 1_000, charge: nil,
      paymentIntent: nil, reason: nil, dueBy: nil)
  }

  private static func randomFacts(_ random: inout SeededGenerator) -> PaymentFacts {
    var facts = PaymentFacts()
    for _ in 0..<Int.random(in: 0...6, using: &random) { facts.merge(randomFact(&random).delta) }
    if Bool.random(using: &random) {
      facts.staffHold = StaffHold(generation: .random(in: 1...2, using: &random), isHeld: .random(using: &random))
    }
    return facts
  }

  @Test("merging is commutative, associative and idempotent", arguments: 1...20)
  func semilattice(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<100 {
      let (left, middle, right) = (
        Self.randomFacts(&random), Self.randomFacts(&random), Self.randomFacts(&random)
      )
      #expect(left.merged(with: middle) == middle.merged(with: left))
      #expect(
        left.merged(with: middle).merged(with: right) == left.merged(with: middle.merged(with: right)))
      #expect(left.merged(with: left) == left)
      #expect(left.merged(with: PaymentFacts()) == left)
    }
  }

  @Test("no facts and no counts make the reducer trap or deliver what is not paid", arguments: 1...20)
  func reducerIsTotal(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed) &+ 1_000)
    for _ in 0..<200 {
      let facts = Self.randomFacts(&random)
      let fulfilment = Fulfilment(
        reserved: .random(in: 0...3, using: &random), assigned: .random(in: 0...3, using: &random),
        confirmed: .random(in: 0...3, using: &random), cancelled: .random(in: 0...3, using: &random),
        isFrozen: .random(using: &random), isStockGone: .random(using: &random))
      let decision = OrderReducer.reduce(order: Stories.terms, facts: facts, fulfilment: fulfilment)
      let delivers = decision.actions.contains { action in
        switch action {
        case .bindKeys, .reserveAgain, .resumeDelivery: true
        default: false
        }
      }
      guard delivers else { continue }
      #expect(facts.isPaid)
      #expect(facts.disputes.values.allSatisfy { $0.standing < .lost })
      #expect(facts.payments.filter { !$0.isReturned }.map(\.received) == [[Stories.total]])
    }
  }

  @Test("facts come back from the document they are kept in, and an empty one knows nothing", arguments: 1...5)
  func document(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed) &+ 2_000)
    for _ in 0..<50 {
      let facts = Self.randomFacts(&random)
      let data = try JSONEncoder().encode(facts)
      #expect(try JSONDecoder().decode(PaymentFacts.self, from: data) == facts)
    }
    #expect(try JSONEncoder().encode(PaymentFacts()) == Data("{}".utf8))
    #expect(try JSONDecoder().decode(PaymentFacts.self, from: Data("{}".utf8)) == PaymentFacts())
  }

  @Test("words from outside become safe text")
  func safeWords() {
    let hostile = StripeFact.charge(
      id: "ch_1", succeeded: false, amount: Stories.total, paymentIntent: nil, message: "a\u{1B}[2Jb",
      cardLast4: "42\u{0}2"
    ).delta.attempts["ch_1"]
    #expect(hostile?.message == "a\u{FFFD}[2Jb")
    #expect(hostile?.cardLast4 == nil)
  }

  @Test("a success outranks a failure, whichever came last")
  func successOutranks() {
    let failed = StripeFact.charge(id: "ch_1", succeeded: false, amount: Stories.total, paymentIntent: "pi_1").delta
    #expect(failed.merged(with: Stories.chargeSucceeded.delta).attempts["ch_1"]?.outcome == .succeeded)
  }

  @Test("what is shown does not depend on order")
  func shown() {
    var facts = PaymentFacts()
    for fact in [Stories.declined, Stories.chargeFailed] { facts.merge(fact.delta) }
    #expect(facts.paymentIntent == "pi_1")
    #expect(facts.latestCharge == "ch_0")
    for fact in [Stories.chargeSucceeded, Stories.completed] { facts.merge(fact.delta) }
    #expect(facts.latestCharge == "ch_1")
    #expect(facts.attempts["ch_0"]?.declineCode == "insufficient_funds")
    #expect(facts.customerEmail == "ann@example.org")
  }
}
