import Market
import Postgres

// The demo's commission rules: some of each scope, one that was changed, and one that is still to come.

extension DemoShop {
  private struct Wish {
    var vendor: Int?
    var category: String?
    /// A place in `DemoCatalogue.products`.
    var product: Int?
    let basisPoints: Int
    var amounts = "{}"
    var from: Instant
    var until: Instant?
  }

  mutating func addRules(_ session: borrowing Session) throws {
    let isNew = try session.first("SELECT 1 FROM gkm.commission_rule LIMIT 1") { _ in true } == nil
    if isNew {
      for wish in wishes { try add(session, wish) }
      try addComing(session)
    }
    rules = try CommissionList.rows(session, where: "r.withdrawn_at IS NULL", order: "r.id", limit: 10_000).map(\.rule)
  }

  private var wishes: [Wish] {
    let from = foundedAt + .days(5)
    // The last vendor's commission was lowered during the history.
    let (last, change) = (DemoCatalogue.vendors.count - 1, now - history / 2)
    var wishes = [Wish(basisPoints: DemoCatalogue.commission, from: foundedAt)]
    for (place, vendor) in DemoCatalogue.vendors.enumerated() {
      guard let points = vendor.commission else { continue }
      wishes.append(Wish(vendor: place, basisPoints: points, from: from, until: place == last ? change : nil))
      if place == last { wishes.append(Wish(vendor: place, basisPoints: points - 200, from: change)) }
    }
    return wishes + [
      Wish(
        category: "software", basisPoints: 900,
        amounts: #"{"eur": {"fixed": 20}, "usd": {"fixed": 22}, "gbp": {"fixed": 18}, "jpy": {"fixed": 30}}"#,
        from: from),
      Wish(
        vendor: 4, category: "software", basisPoints: 700, amounts: #"{"eur": {"min": 250, "max": 600}}"#, from: from),
      Wish(product: 4, basisPoints: 1_000, amounts: #"{"usd": {"max": 500}}"#, from: from),
      Wish(vendor: 0, product: 0, basisPoints: 800, amounts: #"{"eur": {"min": 100, "max": 350}}"#, from: from),
    ]
  }

  /// In two weeks a vendor's rule is followed by another.
  private mutating func addComing(_ session: borrowing Session) throws {
    let begins = now + .days(14)
    let (vendor, set) = (vendors[2], now - .days(1))
    let rule: CommissionRuleID? = try session.first(
      """
      UPDATE gkm.commission_rule SET valid = tstzrange(lower(valid), \(begins)), version = version + 1
      WHERE vendor_id = \(vendor) AND rank = 2 AND upper_inf(valid) RETURNING id
      """
    ) { try $0.id(0) }
    guard let rule else { return }
    try note(.commissionEnded, rule, vendor, at: set, details: ["until": begins.rfc3339])
    let next: CommissionRuleID? = try session.first(
      """
      INSERT INTO gkm.commission_rule (vendor_id, basis_points, valid, replaces_id, created_at)
      VALUES (\(vendor), 950, tstzrange(\(begins), NULL), \(rule), \(set)) RETURNING id
      """
    ) { try $0.id(0) }
    if let next { try note(.commissionChanged, next, vendor, at: set, details: ["basis_points": "950"]) }
  }

  private mutating func add(_ session: borrowing Session, _ wish: Wish) throws {
    let vendor = wish.vendor.map { vendors[$0] }
    let product = wish.product.flatMap { place in
      listings.first { $0.title == DemoCatalogue.products[place].title }?.product
    }
    let rule: CommissionRuleID? = try session.first(
      """
      INSERT INTO gkm.commission_rule (vendor_id, category, product_id, basis_points, amounts, valid, created_at)
      VALUES (\(vendor), \(wish.category), \(product), \(Int32(wish.basisPoints)), \(PostgresBind.json(wish.amounts)),
        tstzrange(\(wish.from), \(wish.until)), \(wish.from)) RETURNING id
      """
    ) { try $0.id(0) }
    guard let rule else { return }
    try note(
      .commissionChanged, rule, vendor, at: wish.from, details: ["basis_points": String(wish.basisPoints)])
  }

  private mutating func note(
    _ action: AuditAction, _ rule: CommissionRuleID, _ vendor: VendorID?, at: Instant, details: [String: String]
  ) throws {
    try audit.add(
      action, AuditSubject(kind: "commission_rule", id: rule.description), at: at, by: Self.admin, as: .admin,
      vendor: vendor, reason: "agreed with the vendor", details: details)
  }

  /// The rule that counts for a sale of the listing at that time, and its terms.
  func commission(of listing: DemoListing, at time: Instant) -> CommissionChoice {
    let sale = CommissionSale(vendor: listing.vendor, category: listing.category, product: listing.product)
    guard let rule = CommissionRule.deciding(rules, for: sale, at: time) else {
      return CommissionChoice(rule: nil, terms: .none)
    }
    return CommissionChoice(rule: rule.id, terms: rule.terms(in: listing.price.currency))
  }
}
