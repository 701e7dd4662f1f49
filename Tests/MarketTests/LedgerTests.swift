import Market
import TestSupport
import Testing

@Suite struct LedgerTests {
  private static let ann = VendorID(1)
  private static let bob = VendorID(2)

  /// Two vendors' lines of 700 and 300, of which the market gets 84 and 36.
  private static let order = LedgerOrder(
    total: Stories.total,
    lines: [
      LedgerOrder.Line(id: OrderLineID(1), vendor: ann, amount: 700, commission: 84),
      LedgerOrder.Line(id: OrderLineID(2), vendor: bob, amount: 300, commission: 36),
    ])

  private static func facts(_ facts: [StripeFact]) -> PaymentFacts {
    facts.reduce(into: PaymentFacts()) { $0.merge($1.delta) }
  }

  private static func balances(_ facts: [StripeFact]) -> [String: Int64] {
    balances(Ledger.position(of: order, facts: self.facts(facts)))
  }

  private static func balances(_ position: LedgerPosition) -> [String: Int64] {
    position.amounts.reduce(into: [:]) { $0[$1.key.account.key, default: 0] += $1.value }.filter { $0.value != 0 }
  }

  /// Hears groups of facts one after the other and posts what each lacks.
  private static func post(_ groups: [[StripeFact]], _ order: LedgerOrder = order) -> [LedgerEntry] {
    var known = PaymentFacts()
    return groups.reduce(into: [LedgerEntry]()) { posted, group in
      for fact in group { known.merge(fact.delta) }
      posted += Ledger.missing(order, facts: known, posted: posted)
    }
  }

  @Test func aSaleOwesEachVendorItsPriceWithoutTheCommission() {
    #expect(
      Self.balances([Stories.completed])
        == ["clearing eur": 1_000, "commission eur": -120, "vendor_payable 1 eur": -616, "vendor_payable 2 eur": -264])
    let entries = Self.post([[Stories.completed], [Stories.intentSucceeded, Stories.chargeSucceeded]])
    #expect(entries.map(\.name) == ["sale"])
    #expect(entries.first?.postings.count == 5)
  }

  @Test func nothingIsPostedOfAnOrderThatIsNotPaid() {
    let unpaid = [[Stories.completedUnpaid], [Stories.declined], [Stories.refund("re_1", 100)], [.sessionExpired()]]
    #expect(Self.post(unpaid).isEmpty)
  }

  @Test func aRefundIsTakenFromVendorAndCommissionAlike() {
    let entries = Self.post([[Stories.completed], [Stories.refund("re_1", 500)]])
    #expect(entries.map(\.name) == ["sale", "refund:re_1"])
    #expect(
      Self.balances(LedgerPosition(entries))
        == ["clearing eur": 500, "commission eur": -60, "vendor_payable 1 eur": -308, "vendor_payable 2 eur": -132])
  }

  @Test func aRefundOfUnitsIsTakenFromTheirLineAlone() {
    var order = Self.order
    order.allocations = ["re_1": [OrderLineID(2): 300]]
    let entries = Self.post([[Stories.completed], [Stories.refund("re_1", 300)]], order)
    #expect(
      Self.balances(LedgerPosition(entries))
        == ["clearing eur": 700, "commission eur": -84, "vendor_payable 1 eur": -616])
  }

  @Test func whatWasNotAskedForIsSharedByAllLines() {
    var order = Self.order
    // Of another amount than the refund that was made.
    order.allocations = ["re_1": [OrderLineID(2): 200]]
    let entries = Self.post([[Stories.completed], [Stories.refund("re_1", 300)]], order)
    #expect(
      LedgerPosition(entries)
        == Ledger.position(
          of: Self.order,
          facts: Self.facts([
            Stories.completed, Stories.refund("re_1", 300),
          ])))
  }

  @Test(arguments: [[1_000], [333, 333, 334], [1, 998, 1], [999, 1]] as [[Int64]])
  func anOrderThatIsPaidBackLeavesNothing(_ parts: [Int64]) {
    let refunds = parts.enumerated().map { Stories.refund("re_\($0)", $1) }
    let entries = Self.post([[Stories.completed]] + refunds.map { [$0] })
    #expect(LedgerPosition(entries).isEmpty)
    #expect(entries.count == 1 + parts.count)
  }

  @Test func aRefundThatFailsIsPostedBackUnderItsOwnName() {
    let entries = Self.post([
      [Stories.completed], [Stories.refund("re_1", 400, "pending")], [Stories.refund("re_1", 400, "failed")],
    ])
    #expect(entries.map(\.name) == ["sale", "refund:re_1", "refund_failed:re_1"])
    #expect(LedgerPosition(entries) == Ledger.position(of: Self.order, facts: Self.facts([Stories.completed])))
    // Heard of only when it had failed, it never was.
    #expect(Self.post([[Stories.completed], [Stories.refund("re_1", 400, "failed")]]).map(\.name) == ["sale"])
  }

  @Test func aDisputesMoneyGoesAndComesBack() {
    let withdrawn = Stories.dispute("funds_withdrawn", "needs_response")
    let entries = Self.post([
      [Stories.completed], [Stories.dispute("created", "needs_response")], [withdrawn],
      [Stories.dispute("closed", "won"), Stories.dispute("funds_reinstated", "won")],
    ])
    #expect(entries.map(\.name) == ["sale", "dispute:dp_1:withdrawn", "dispute:dp_1:reinstated"])
    #expect(LedgerPosition(entries.prefix(2)).isEmpty)
    #expect(LedgerPosition(entries) == LedgerPosition(entries.prefix(1)))
  }

  @Test func moneyThatIsNotTheOrdersLiesInSuspenseUntilItGoesBack() {
    let wrong = StripeFact.paymentIntentSucceeded(id: "pi_1", received: Money(900, .usd), latestCharge: "ch_1")
    let entries = Self.post([[wrong], [Stories.refund("re_1", 900)]])
    #expect(entries.map(\.name) == ["held:pi_1", "refund:re_1"])
    #expect(Self.balances(LedgerPosition(entries.prefix(1))) == ["clearing usd": 900, "suspense usd": -900])
    #expect(LedgerPosition(entries).isEmpty)
  }

  @Test(arguments: ["1", "2"]) func ofTwoPaymentsOneIsTheSaleWhicheverGoesBack(_ which: String) {
    let second = StripeFact.paymentIntentSucceeded(id: "pi_2", received: Stories.total, latestCharge: "ch_2")
    let back = StripeFact.refund(
      id: "re_1", amount: 1_000, status: "succeeded", charge: "ch_\(which)", paymentIntent: "pi_\(which)")
    let entries = Self.post([[second], [Stories.intentSucceeded], [back]])
    #expect(
      entries.map(\.name) == ["sale", "held:pi_2", "refund:re_1"]
        || entries.map(\.name) == ["sale", "held:pi_1", "refund:re_1"])
    #expect(Self.balances(LedgerPosition(entries.prefix(2)))["suspense eur"] == -1_000)
    #expect(LedgerPosition(entries) == Ledger.position(of: Self.order, facts: Self.facts([Stories.completed])))
  }

  @Test func whatGoesBackBeyondThePriceIsTheMarketsLoss() {
    let lost = [
      Stories.refund("re_1", 600), Stories.dispute("funds_withdrawn", "needs_response"),
      Stories.dispute("closed", "lost"),
    ]
    let entries = Self.post([[Stories.completed]] + lost.map { [$0] })
    #expect(Self.balances(LedgerPosition(entries)) == ["clearing eur": -600, "dispute_loss eur": 600])
  }

  @Test(arguments: Stories.all) func everyOrderOfAPaymentsEventsEndsWithTheSameAccounts(_ story: PaymentStory) {
    let target = Ledger.position(of: Self.order, facts: Self.facts(story.facts))
    #expect(target.imbalance.isEmpty)
    forEachPermutation(of: Array(story.facts.prefix(6))) { facts in
      let entries = Self.post((facts + story.facts.dropFirst(6)).map { [$0] })
      guard LedgerPosition(entries) == target, Set(entries.map(\.name)).count == entries.count,
        entries.allSatisfy({ LedgerPosition([$0]).imbalance.isEmpty })
      else {
        Issue.record("\(facts): \(entries.map(\.name))")
        return
      }
    }
  }

  @Test func randomHistoriesAddUp() throws { try HistoryChecks.run(0..<300) }
}

@Suite struct LedgerLongTests {
  @Test func tenThousandRandomHistoriesAddUp() throws { try HistoryChecks.run(0..<10_000) }
}

/// Random orders with refunds and disputes in euros, dollars, yen and dinars, heard in any order and grouping, with
/// events told twice: every entry sums to zero, and the accounts are those of books kept otherwise.
enum HistoryChecks {
  static func run(_ seeds: Range<UInt64>) throws {
    var owed: [String: Int64] = [:]
    var expected: [String: Int64] = [:]
    for seed in seeds {
      let history = try MoneyHistory(seed: seed, vendors: [VendorID(1), VendorID(2), VendorID(3)])
      let entries = post(history)
      #expect(Set(entries.map(\.name)).count == entries.count, "seed \(seed)")
      for entry in entries {
        #expect(LedgerPosition([entry]).imbalance.isEmpty, "seed \(seed): \(entry.name)")
        #expect(entry.postings.count >= 2 && entry.postings.allSatisfy { $0.amount != 0 }, "seed \(seed)")
      }
      let position = LedgerPosition(entries)
      let books = PlainBooks(history)
      let code = history.currency.code
      for vendor in Set(history.lines.map(\.vendor)) {
        let account = LedgerAccount(.vendorPayable, vendor: vendor, history.currency)
        let own = books.owed[vendor] ?? 0
        #expect(-position.balance(of: account) == own, "seed \(seed), vendor \(vendor)")
        owed["\(vendor) \(code)", default: 0] -= position.balance(of: account)
        expected["\(vendor) \(code)", default: 0] += own
      }
      #expect(
        -position.balance(of: LedgerAccount(.commission, history.currency)) == books.commission, "seed \(seed)")
      let held = Set(position.amounts.keys.map(\.account)).filter { $0.kind == .suspense }
      #expect(-held.reduce(Int64(0)) { $0 + position.balance(of: $1) } == books.suspense, "seed \(seed)")
    }
    #expect(owed == expected)
    #expect(Set(owed.keys.map { $0.suffix(3) }) == ["eur", "usd", "jpy", "kwd"])
  }

  /// What was posted when its events came in some order, some of them together and some of them twice.
  private static func post(_ history: MoneyHistory) -> [LedgerEntry] {
    var random = SeededGenerator(seed: history.seed)
    var facts = history.facts.shuffled(using: &random)
    if let again = facts.randomElement(using: &random) { facts.append(again) }
    var known = PaymentFacts()
    var posted: [LedgerEntry] = []
    for fact in facts {
      known.merge(fact.delta)
      if Bool.random(using: &random) { posted += Ledger.missing(history.order, facts: known, posted: posted) }
    }
    return posted + Ledger.missing(history.order, facts: known, posted: posted)
  }
}
