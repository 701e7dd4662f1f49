import Market
import Testing

/// A payment whose refunds are of single units, as Stripe might tell of it in any order.
struct RefundStory: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let facts: [StripeFact]
  let state: OrderState
  /// What each unit ends as, and whether it has a key.
  let units: [(OrderUnitState, hasKey: Bool)]

  /// The request `7` pays the first of two units back, the request `8` the second.
  static let requests = [
    RefundRequestRecord(id: RefundRequestID(7), state: .sending, units: [OrderUnitID(1)]),
    RefundRequestRecord(id: RefundRequestID(8), state: .awaitingApproval, units: [OrderUnitID(2)]),
  ]

  private static func refund(_ id: String, _ request: String?, _ status: String) -> StripeFact {
    .refund(id: id, amount: 500, status: status, charge: "ch_1", paymentIntent: "pi_1", request: request)
  }

  static let all = [
    RefundStory(
      testDescription: "one unit is paid back",
      facts: [
        Stories.completed, Stories.intentSucceeded, Stories.chargeSucceeded, refund("re_1", "7", "pending"),
        refund("re_1", "7", "succeeded"), Stories.chargeRefunded(500),
      ], state: .partiallyRefunded, units: [(.refunded, false), (.sold, true)]),
    RefundStory(
      testDescription: "one unit's refund fails in the end",
      facts: [
        Stories.completed, Stories.intentSucceeded, refund("re_1", "7", "pending"), refund("re_1", "7", "succeeded"),
        refund("re_1", "7", "failed"),
      ], state: .delivered, units: [(.sold, true), (.sold, true)]),
    RefundStory(
      testDescription: "both units are paid back, one after the other",
      facts: [
        Stories.completed, Stories.chargeSucceeded, refund("re_1", "7", "succeeded"), Stories.chargeRefunded(500),
        refund("re_2", "8", "succeeded"), Stories.chargeRefunded(1_000),
      ], state: .refunded, units: [(.refunded, false), (.refunded, false)]),
    RefundStory(
      testDescription: "one unit by request, the rest in Stripe's dashboard, which fails",
      facts: [
        Stories.completed, refund("re_1", "7", "succeeded"), refund("re_2", nil, "pending"),
        refund("re_2", nil, "failed"), Stories.chargeSucceeded,
      ], state: .partiallyRefunded, units: [(.refunded, false), (.sold, true)]),
    RefundStory(
      testDescription: "one unit is paid back, and a dispute about the rest is won",
      facts: [
        Stories.completed, Stories.intentSucceeded, refund("re_1", "7", "succeeded"),
        Stories.dispute("created", "needs_response"), Stories.dispute("closed", "won"),
      ], state: .partiallyRefunded, units: [(.refunded, false), (.sold, true)]),
    RefundStory(
      testDescription: "a request that two refunds claim, of which one failed",
      facts: [
        Stories.completed, refund("re_1", "7", "failed"), refund("re_2", "7", "succeeded"), Stories.chargeSucceeded,
      ], state: .partiallyRefunded, units: [(.refunded, false), (.sold, true)]),
  ]
}

/// Two units that the reducer's decisions are carried out on, one by one.
struct UnitShop {
  struct Unit {
    let id: OrderUnitID
    var holdsStock = true
    var hasKey = false
    var state = OrderUnitState.sold
  }

  var units = [Unit(id: OrderUnitID(1)), Unit(id: OrderUnitID(2))]
  var isFrozen = false
  /// Free stock: what is given back goes here.
  var stock = 10
  var revoked = 0

  mutating func settle(_ facts: PaymentFacts) -> OrderDecision {
    let requests = RefundStory.requests.map { $0.settled(by: facts) }
    for place in units.indices { units[place].state = RefundRequestRecord.state(of: units[place].id, requests) }
    for _ in 0..<10 {
      let decision = OrderReducer.reduce(order: Stories.terms, facts: facts, fulfilment: fulfilment)
      let before = (fulfilment, stock)
      for action in decision.actions { carryOut(action) }
      if before == (fulfilment, stock) { return decision }
    }
    Issue.record("the reducer never comes to rest")
    return OrderReducer.reduce(order: Stories.terms, facts: facts, fulfilment: fulfilment)
  }

  /// Whatever has a key is sent at once.
  private var fulfilment: Fulfilment {
    let assigned = units.count { $0.hasKey && $0.state != .refunded }
    return Fulfilment(
      reserved: units.count { $0.holdsStock && $0.state == .sold }, assigned: assigned, confirmed: assigned,
      cancelled: units.count { $0.state == .refunded }, revocable: units.count { $0.hasKey && $0.state == .refunded },
      spare: units.count { $0.holdsStock && $0.state != .sold },
      heldBack: units.count { $0.state == .refunding && !$0.hasKey }, isFrozen: isFrozen)
  }

  private mutating func carryOut(_ action: OrderAction) {
    for place in units.indices {
      switch action {
      case .bindKeys where units[place].holdsStock && units[place].state == .sold:
        units[place].holdsStock = false
        units[place].hasKey = true
      case .reserveAgain where !units[place].hasKey && !units[place].holdsStock && units[place].state == .sold:
        units[place].holdsStock = true
        stock -= 1
      case .releaseReservation where units[place].holdsStock,
        .releaseSpare where units[place].holdsStock && units[place].state != .sold:
        units[place].holdsStock = false
        stock += 1
      case .revokeKeys where units[place].hasKey,
        .revokeRefunded where units[place].hasKey && units[place].state == .refunded:
        units[place].hasKey = false
        revoked += 1
      default: break
      }
    }
    if action == .freezeDelivery { isFrozen = true }
    if action == .resumeDelivery { isFrozen = false }
  }
}

@Suite("An order whose units are paid back one by one")
struct RefundedUnitsTests {
  @Test("every order of the events ends the same, with the work done between any two", arguments: RefundStory.all)
  func permutations(story: RefundStory) {
    var checked = 0
    forEachPermutation(of: story.facts) { events in
      var facts = PaymentFacts()
      var shop = UnitShop()
      var decision: OrderDecision?
      for (index, event) in events.enumerated() {
        facts.merge(event.delta)
        decision = shop.settle(facts)
        if index > 0 { facts.merge(events[index - 1].delta) }
      }
      decision = shop.settle(facts)
      checked += 1
      let ends = zip(shop.units, story.units).allSatisfy { unit, wanted in
        unit.hasKey == wanted.hasKey && !unit.holdsStock
          && (decision?.state == .refunded ? .refunded : unit.state) == wanted.0
      }
      // Every unit of stock is free, with a unit of the order, or revoked.
      let isConserved = shop.stock + shop.units.count { $0.hasKey } + shop.revoked == 12
      if decision?.state != story.state || !ends || !isConserved {
        Issue.record("\(decision?.state.rawValue ?? "none"), \(shop) after \(events)")
      }
    }
    #expect(checked == (1...story.facts.count).reduce(1, *))
  }

  @Test("a unit that is about to be paid back gets no key, and the order does not count as delivered")
  func heldBack() {
    let facts = [Stories.completed].reduce(into: PaymentFacts()) { $0.merge($1.delta) }
    let decision = OrderReducer.reduce(
      order: Stories.terms, facts: facts, fulfilment: Fulfilment(reserved: 1, spare: 1, heldBack: 1))
    #expect(decision == OrderDecision(state: .paid, actions: [.releaseSpare, .bindKeys(count: 1)]))
    let sent = OrderReducer.reduce(
      order: Stories.terms, facts: facts, fulfilment: Fulfilment(assigned: 1, confirmed: 1, heldBack: 1))
    #expect(sent == OrderDecision(state: .paid))
  }

  @Test("a key of a unit that was paid back is taken even while the order is held or disputed")
  func revokesWhileFrozen() {
    let facts = [Stories.completed, Stories.refund("re_1", 500), Stories.dispute("created", "needs_response")]
      .reduce(into: PaymentFacts()) { $0.merge($1.delta) }
    let decision = OrderReducer.reduce(
      order: Stories.terms, facts: facts,
      fulfilment: Fulfilment(assigned: 1, cancelled: 1, revocable: 1, isFrozen: true))
    #expect(decision == OrderDecision(state: .disputed, actions: [.revokeRefunded, .alert(.disputeOpen)]))
  }

  @Test("a request follows Stripe's word, whatever it was before", arguments: RefundRequestState.allCases)
  func follows(before: RefundRequestState) {
    let request = RefundRequestRecord(id: RefundRequestID(7), state: before, units: [OrderUnitID(1)])
    let words: [(String, RefundRequestState)] = [
      ("pending", .sent), ("requires_action", .sent), ("succeeded", .succeeded), ("failed", .failed),
      ("canceled", .failed),
    ]
    for (word, after) in words {
      let fact = StripeFact.refund(
        id: "re_1", amount: 500, status: word, charge: "ch_1", paymentIntent: "pi_1", request: "7")
      let settled = request.settled(by: fact.delta)
      #expect(settled.state == after && settled.stripeRefund == "re_1")
    }
    #expect(request.settled(by: PaymentFacts()) == request)
  }
}
