import Market
import Postgres

/// Puts the demo's vendors, products, listings, rules and keys into the database. What is there already stays.
struct DemoShop {
  private(set) var listings: [DemoListing] = []
  var rules: [CommissionRule] = []
  private(set) var vendors: [VendorID] = []
  let now: Instant
  let history: Duration
  var audit = DemoAudit()

  /// Who set the shop up, in the audit log.
  static let admin = "henrike"

  init(now: Instant, history: Duration) {
    self.now = now
    self.history = history
  }

  mutating func open(_ session: borrowing Session) throws {
    try addVendors(session)
    try addListings(session)
    try addRules(session)
    try audit.write(session)
  }

  var foundedAt: Instant { now - history - .days(60) }

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
            id: listing, vendor: vendors[seller], seller: seller, product: id, category: product.category,
            title: product.title, price: Money(price, currency)))
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
