import Market
import Testing

@Suite struct CommissionTests {
  private static let vendor = VendorID(5)
  private static let product = ProductID(7)
  private static let sale = CommissionSale(vendor: vendor, category: "game", product: product)

  /// From the least specific to the most.
  private static let scopes = [
    CommissionScope.everything, CommissionScope(category: "game"), CommissionScope(vendor: vendor),
    CommissionScope(vendor: vendor, category: "game"), CommissionScope(product: product),
    CommissionScope(vendor: vendor, product: product),
  ]

  private static func rules(_ scopes: some Sequence<CommissionScope>) -> [CommissionRule] {
    scopes.enumerated().map { CommissionRule(id: CommissionRuleID(Int64($0 + 1)), scope: $1, basisPoints: 100 * $0) }
  }

  @Test func theMostSpecificRuleCounts() {
    for count in 1...Self.scopes.count {
      let rules = Self.rules(Self.scopes.prefix(count))
      for shuffled in [rules, rules.reversed()] {
        let deciding = CommissionRule.deciding(shuffled, for: Self.sale, at: Instant(unixSeconds: 0))
        #expect(deciding?.scope == Self.scopes[count - 1])
      }
    }
    #expect(Self.scopes.map(\.rank) == Self.scopes.map(\.rank).sorted())
  }

  @Test func aRuleForSomethingElseNeverCounts() {
    let others = [
      CommissionScope(vendor: VendorID(6)), CommissionScope(category: "software"),
      CommissionScope(product: ProductID(8)),
      CommissionScope(vendor: Self.vendor, category: "software"),
      CommissionScope(vendor: VendorID(6), product: Self.product),
    ]
    #expect(CommissionRule.deciding(Self.rules(others), for: Self.sale, at: Instant(unixSeconds: 0)) == nil)
    let all = CommissionRule.deciding(
      Self.rules([.everything] + others), for: Self.sale, at: Instant(unixSeconds: 0))
    #expect(all?.scope == .everything)
  }

  @Test func aRuleHoldsFromItsFirstMomentUpToItsLast() {
    let (from, until) = (Instant(unixSeconds: 100), Instant(unixSeconds: 200))
    let rule = CommissionRule(
      id: CommissionRuleID(1), scope: .everything, basisPoints: 500, from: from, until: until)
    #expect([99, 100, 199, 200].map { rule.holds(at: Instant(unixSeconds: $0)) } == [false, true, true, false])
  }

  @Test(
    arguments: [
      // Half to even: 0.5 of a cent goes to the even one.
      (10, 1, CommissionTerms(basisPoints: 500), 0), (30, 1, CommissionTerms(basisPoints: 500), 2),
      // Rounded once for the line, not for each unit.
      (10, 3, CommissionTerms(basisPoints: 500), 2),
      (1_999, 1, CommissionTerms(basisPoints: 1_250), 250),
      (1_999, 2, CommissionTerms(basisPoints: 1_250, fixed: 30), 560),
      (1_999, 2, CommissionTerms(basisPoints: 100, minimum: 50), 100),
      (1_999, 2, CommissionTerms(basisPoints: 5_000, maximum: 500), 1_000),
      (40, 2, CommissionTerms(basisPoints: 100, fixed: 30, minimum: 50), 80),
      (0, 3, CommissionTerms(basisPoints: 100, fixed: 30), 0),
      (1_999, 1, CommissionTerms.none, 0),
    ] as [(Int64, Int, CommissionTerms, Int64)])
  func aLineIsDivided(_ price: Int64, _ quantity: Int, _ terms: CommissionTerms, _ commission: Int64) throws {
    let split = try terms.split(unitPrice: Money(price, .eur), quantity: quantity)
    #expect(split.commission == Money(commission, .eur))
    #expect(split.rest == Money(price * Int64(quantity) - commission, .eur))
  }

  @Test func whatDecidedIsTold() throws {
    func bound(_ terms: CommissionTerms) throws -> CommissionSplit.Bound? {
      try terms.split(unitPrice: Money(100, .jpy), quantity: 2).bound
    }
    #expect(try bound(CommissionTerms(basisPoints: 1_000, minimum: 5, maximum: 20)) == nil)
    #expect(try bound(CommissionTerms(basisPoints: 1_000, minimum: 15)) == .minimum)
    #expect(try bound(CommissionTerms(basisPoints: 1_000, maximum: 5)) == .maximum)
    #expect(try bound(CommissionTerms(basisPoints: 1_000, minimum: 150)) == .price)
  }

  @Test func neitherSideIsEverNegativeAndNothingIsLost() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<2_000 {
      let least: Int64? = Bool.random(using: &random) ? Int64.random(in: 0...500, using: &random) : nil
      let terms = CommissionTerms(
        basisPoints: Int.random(in: 0...10_000, using: &random), fixed: Int64.random(in: 0...100, using: &random),
        minimum: least,
        maximum: Bool.random(using: &random) ? (least ?? 0) + Int64.random(in: 0...900, using: &random) : nil)
      let price = Money(Int64.random(in: 0...20_000, using: &random), .kwd)
      let split = try terms.split(unitPrice: price, quantity: Int.random(in: 1...100, using: &random))
      #expect(split.commission.amount >= 0 && split.rest.amount >= 0)
      #expect(split.commission.amount + split.rest.amount == split.amount.amount)
    }
  }

  @Test func anAmountBeyondAllOrdersIsRefused() {
    #expect(throws: MoneyError.overflow) {
      _ = try CommissionTerms(basisPoints: 10_000).split(unitPrice: Money(.max / 100, .eur), quantity: 100)
    }
  }
}
