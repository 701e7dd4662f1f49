import Market
import Postgres

/// Puts the demo's vendors, products, listings, rules and keys into the database. What is there already stays.
struct DemoShop {
  struct Rule {
    let id: Int64
    /// `nil`: the market's own.
    let vendor: VendorID?
    let basisPoints: Int
    let from: Instant
    let until: Instant?
  }

  private(set) var listings: [DemoListing] = []
  private(set) var rules: [Rule] = []
  private(set) var vendors: [VendorID] = []
  private let now: Instant
  private let history: Duration
  private var audit = DemoAudit()

  /// Who set the shop up, in the audit log.
  private static let admin = "henrike"

  init(now: Instant, history: Duration) {
    self.now = now
    self.history = history
  }

  mutating func open(_ session: borrowing Session) throws {
    try addVendors(session)
    try addRules(session)
    try addListings(session)
    try audit.write(session)
  }

  private var foundedAt: Instant { now - history - .days(60) }

  private mutating func addVendors(_ session: borrowing Session) throws {
    for (place, vendor) in DemoCatalogue.vendors.enumerated() {
      let at = foundedAt + .hours(7 * place)
      let added: VendorID? = try session.first(
        """
        INSERT INTO gkm.vendor (handle, name, contact_email, created_at)
        VALUES (\(vendor.handle), \(vendor.name), \(vendor.contact), \(at))
        ON CONFLICT (handle) DO NOTHING RETURNING id
        """
      ) { try $0.id(0) }
      if let added {
        vendors.append(added)
        try audit.add(
          .vendorAdded, .vendor(added), at: at, by: Self.admin, as: .admin, vendor: added,
          details: ["handle": vendor.handle])
        continue
      }
      let known: VendorID? = try session.first("SELECT id FROM gkm.vendor WHERE handle = \(vendor.handle)") {
        try $0.id(0)
      }
      guard let known else { throw NotFound("the vendor \(vendor.handle) is not there") }
      vendors.append(known)
    }
  }

  private mutating func addRules(_ session: borrowing Session) throws {
    let isNew = try session.first("SELECT 1 FROM gkm.commission_rule LIMIT 1") { _ in true } == nil
    if isNew {
      try addRule(session, nil, DemoCatalogue.commission, foundedAt, nil)
      for (place, vendor) in DemoCatalogue.vendors.enumerated() {
        guard let points = vendor.commission else { continue }
        let from = foundedAt + .days(5)
        // The last vendor's commission was lowered during the history.
        let isChanged = place == DemoCatalogue.vendors.count - 1
        let change = now - history / 2
        try addRule(session, vendors[place], points, from, isChanged ? change : nil)
        if isChanged { try addRule(session, vendors[place], points - 200, change, nil) }
      }
    }
    rules = try session.rows(
      """
      SELECT id, vendor_id, basis_points, coalesce(lower(valid), '1970-01-01'), upper(valid) FROM gkm.commission_rule
      """
    ) {
      Rule(
        id: try $0.int64(0), vendor: try $0.idOrNil(1), basisPoints: try $0.int(2), from: try $0.instant(3),
        until: try $0.instantOrNil(4))
    }
  }

  private mutating func addRule(
    _ session: borrowing Session, _ vendor: VendorID?, _ points: Int, _ from: Instant, _ until: Instant?
  ) throws {
    let rule: Int64? = try session.first(
      """
      INSERT INTO gkm.commission_rule (vendor_id, basis_points, valid, created_at)
      VALUES (\(vendor), \(Int32(points)), tstzrange(\(from), \(until)), \(from)) RETURNING id
      """
    ) { try $0.int64(0) }
    guard let rule else { return }
    try audit.add(
      .commissionChanged, AuditSubject(kind: "commission_rule", id: String(rule)), at: from, by: Self.admin,
      as: .admin, vendor: vendor, reason: "agreed with the vendor", details: ["basis_points": String(points)])
  }

  /// The market's own rule, unless the vendor has one that holds at that time.
  func rule(for vendor: VendorID, at: Instant) -> Rule? {
    let valid = rules.filter { $0.from <= at && $0.until.map { at < $0 } ?? true }
    return valid.first { $0.vendor == vendor } ?? valid.first { $0.vendor == nil }
  }

  private mutating func addListings(_ session: borrowing Session) throws {
    for (place, product) in DemoCatalogue.products.enumerated() {
      let at = foundedAt + .days(10) + .hours(5 * place)
      let id = try productID(session, product, at)
      for seller in product.sellers {
        let currency = DemoCatalogue.vendors[seller].currency
        let price = DemoCatalogue.price(product.price, in: currency)
        let listing = try listingID(session, id, vendors[seller], Money(price, currency), at)
        listings.append(
          DemoListing(
            id: listing, vendor: vendors[seller], seller: seller, product: id, title: product.title,
            price: Money(price, currency)))
      }
    }
  }

  private func productID(
    _ session: borrowing Session, _ product: DemoCatalogue.Product, _ at: Instant
  ) throws -> ProductID {
    let known: ProductID? = try session.first(
      "SELECT id FROM gkm.product WHERE title = \(product.title) AND platform = \(product.platform)"
    ) { try $0.id(0) }
    if let known { return known }
    let added: ProductID? = try session.first(
      """
      INSERT INTO gkm.product (title, platform, region, category, created_at)
      VALUES (\(product.title), \(product.platform), \(product.region), \(product.category), \(at)) RETURNING id
      """
    ) { try $0.id(0) }
    guard let added else { throw NotFound("the product was not added") }
    return added
  }

  private mutating func listingID(
    _ session: borrowing Session, _ product: ProductID, _ vendor: VendorID, _ price: Money, _ at: Instant
  ) throws -> ListingID {
    let added: ListingID? = try session.first(
      """
      INSERT INTO gkm.listing (vendor_id, product_id, price, currency, created_at)
      VALUES (\(vendor), \(product), \(price.amount), \(price.currency), \(at))
      ON CONFLICT (vendor_id, product_id, currency) DO NOTHING RETURNING id
      """
    ) { try $0.id(0) }
    if let added {
      try audit.add(
        .listingAdded, .listing(added), at: at, by: Self.admin, as: .admin, vendor: vendor,
        details: ["price": String(price.amount), "currency": price.currency.code])
      return added
    }
    let known: ListingID? = try session.first(
      """
      SELECT id FROM gkm.listing
      WHERE vendor_id = \(vendor) AND product_id = \(product) AND currency = \(price.currency)
      """
    ) { try $0.id(0) }
    guard let known else { throw NotFound("the listing was not added") }
    return known
  }
}
