import Market
import Testing

@Suite("An order's state follows from what is known of its payment")
struct OrderReducerTests {
  private static func facts(_ facts: [StripeFact]) -> PaymentFacts {
    facts.reduce(into: PaymentFacts()) { $0.merge($1.delta) }
  }

  private static func reduce(_ stripe: [StripeFact], _ fulfilment: Fulfilment = Fulfilment(reserved: 2))
    -> OrderDecision
  {
    OrderReducer.reduce(order: Stories.terms, facts: facts(stripe), fulfilment: fulfilment)
  }

  @Test("every order of a payment's events ends the same, with the work done between any two", arguments: Stories.all)
  func permutations(story: PaymentStory) {
    let expected = Self.facts(story.facts)
    var checked = 0
    forEachPermutation(of: story.facts) { events in
      var facts = PaymentFacts()
      var shop = SimulatedShop(terms: Stories.terms)
      var decision: OrderDecision?
      // Each event comes twice: at its place, and once more behind the one that follows it.
      for (index, event) in events.enumerated() {
        facts.merge(event.delta)
        decision = shop.settle(Stories.terms, facts)
        if index > 0 { facts.merge(events[index - 1].delta) }
      }
      decision = shop.settle(Stories.terms, facts)
      checked += 1
      if facts != expected || decision?.state != story.state {
        Issue.record("\(decision?.state.rawValue ?? "none") after \(events)")
      }
    }
    #expect(checked == (1...story.facts.count).reduce(1, *))
  }

  @Test("a paid order binds what it reserved, once")
  func binds() {
    let paid = Self.reduce([Stories.completed])
    #expect(paid == OrderDecision(state: .paid, actions: [.bindKeys(count: 2)]))
    let bound = Self.reduce([Stories.completed], Fulfilment(assigned: 2))
    #expect(bound == OrderDecision(state: .paid, actions: []))
    let done = Self.reduce([Stories.completed], Fulfilment(assigned: 2, confirmed: 2))
    #expect(done == OrderDecision(state: .delivered, actions: []))
  }

  @Test("a payment after expiry reserves again, and without stock waits as unfulfillable")
  func lateAndEmpty() {
    let late: [StripeFact] = [.sessionExpired(), Stories.intentSucceeded]
    #expect(Self.reduce(late, Fulfilment()).actions == [.reserveAgain(count: 2)])
    let gone = Self.reduce(late, Fulfilment(isStockGone: true))
    #expect(gone.state == .unfulfillable)
    #expect(gone.actions == [.reserveAgain(count: 2), .alert(.stockGone)])
  }

  @Test("an unpaid order that is over gives its stock back, and one that is awaited does not")
  func releases() {
    #expect(Self.reduce([.sessionExpired()]).actions == [.releaseReservation])
    #expect(Self.reduce([.sessionExpired()], Fulfilment()).actions == [])
    #expect(Self.reduce([Stories.completedUnpaid]) == OrderDecision(state: .awaitingAsync, actions: []))
    #expect(Self.reduce([Stories.declined]) == OrderDecision(state: .open, actions: []))
  }

  @Test("a wrong amount or currency is held and told, never delivered")
  func mismatch() {
    let less = Self.reduce([.paymentIntentSucceeded(id: "pi_1", received: Money(999, .eur), latestCharge: nil)])
    #expect(less.state == .held && less.holdReason == .amountMismatch)
    #expect(less.actions == [.freezeDelivery, .alert(.amountMismatch)])
    let other = Self.reduce([.paymentIntentSucceeded(id: "pi_1", received: Money(1_000, .usd), latestCharge: nil)])
    #expect(other.holdReason == .currencyMismatch)
    let free = Self.reduce([
      .sessionCompleted(
        paymentStatus: "no_payment_required", total: .zero(.eur), paymentIntent: nil, customerEmail: nil)
    ])
    #expect(free.holdReason == .amountMismatch)
  }

  @Test("nothing to pay is paid where the order's total is zero")
  func freeOrder() {
    let facts = Self.facts([
      .sessionCompleted(
        paymentStatus: "no_payment_required", total: .zero(.eur), paymentIntent: nil, customerEmail: nil)
    ])
    let terms = OrderTerms(total: .zero(.eur), unitCount: 1)
    let decision = OrderReducer.reduce(order: terms, facts: facts, fulfilment: Fulfilment(reserved: 1))
    #expect(decision == OrderDecision(state: .paid, actions: [.bindKeys(count: 1)]))
  }

  @Test("an open dispute freezes, an inquiry does not, a lost one takes the keys back")
  func disputes() {
    let sent = Fulfilment(assigned: 2, confirmed: 1)
    let open = Self.reduce([Stories.completed, Stories.dispute("created", "needs_response")], sent)
    #expect(open == OrderDecision(state: .disputed, actions: [.freezeDelivery, .alert(.disputeOpen)]))
    let inquiry = Self.reduce([Stories.completed, Stories.dispute("created", "warning_needs_response")])
    #expect(inquiry == OrderDecision(state: .paid, actions: [.bindKeys(count: 2), .alert(.inquiryOpen)]))
    let lost = Self.reduce([Stories.completed, Stories.dispute("closed", "lost")], sent)
    #expect(lost.state == .chargedBack)
    #expect(lost.actions == [.cancelDeliveries, .revokeKeys, .alert(.disputeLost)])
    let strange = Self.reduce([Stories.completed, Stories.dispute("created", "a_word_of_tomorrow")])
    #expect(strange.state == .disputed)
  }

  @Test("a dispute that is won resumes what was frozen")
  func resumes() {
    let facts = [
      Stories.completed, Stories.dispute("created", "needs_response"), Stories.dispute("closed", "won"),
    ]
    #expect(
      Self.reduce(facts, Fulfilment(reserved: 2, isFrozen: true))
        == OrderDecision(state: .paid, actions: [.resumeDelivery, .bindKeys(count: 2)]))
  }

  @Test("reports of a dispute that contradict each other are settled by asking, and a later report asks again")
  func asks() {
    var events = [
      Stories.completed, Stories.dispute("created", "needs_response"), Stories.dispute("updated", "under_review"),
      Stories.dispute("closed", "won"),
    ]
    #expect(Self.reduce(events).actions.contains(.fetchDispute("dp_1")))
    events.append(Stories.settled("won", ["evt_updated_under_review", "evt_closed_won"]))
    #expect(Self.reduce(events).state == .paid)
    #expect(!Self.reduce(events).actions.contains(.fetchDispute("dp_1")))
    events.append(Stories.dispute("updated", "needs_response"))
    #expect(Self.reduce(events).state == .disputed)
    #expect(Self.reduce(events).actions.contains(.fetchDispute("dp_1")))
  }

  @Test("a charge's own total counts only while its refunds are unknown, and asks for them")
  func reportedRefunds() {
    let unknown = Self.reduce([Stories.completed, Stories.chargeRefunded(1_000)])
    #expect(unknown == OrderDecision(state: .refunded, actions: [.releaseReservation, .listRefunds(charge: "ch_1")]))
    let known = Self.reduce([Stories.completed, Stories.chargeRefunded(400), Stories.refund("re_1", 400)])
    #expect(known == OrderDecision(state: .partiallyRefunded, actions: [.bindKeys(count: 2)]))
    let failed = Self.reduce([Stories.completed, Stories.chargeRefunded(400), Stories.refund("re_1", 400, "failed")])
    #expect(failed.state == .paid)
  }

  @Test("staff can hold an order and let it go")
  func staff() {
    var facts = Self.facts([Stories.completed])
    facts.staffHold = StaffHold(generation: 1, isHeld: true)
    let held = OrderReducer.reduce(order: Stories.terms, facts: facts, fulfilment: Fulfilment(reserved: 2))
    #expect(held == OrderDecision(state: .held, holdReason: .staff, actions: [.freezeDelivery]))
    var release = PaymentFacts()
    release.staffHold = StaffHold(generation: 2, isHeld: false)
    facts.merge(release)
    let free = OrderReducer.reduce(
      order: Stories.terms, facts: facts, fulfilment: Fulfilment(reserved: 2, isFrozen: true))
    #expect(free == OrderDecision(state: .paid, actions: [.resumeDelivery, .bindKeys(count: 2)]))
  }

  @Test("absurd amounts from outside do not trap")
  func absurd() {
    let decision = Self.reduce([
      Stories.completed, Stories.refund("re_1", .max), Stories.refund("re_2", .max), Stories.refund("re_3", .min),
      Stories.chargeRefunded(.max), .chargeRefunded(charge: "ch_9", amountRefunded: .min, paymentIntent: nil),
    ])
    #expect(decision.state == .refunded)
  }
}
