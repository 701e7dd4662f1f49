package import Market
package import Postgres

/// What a sale would pay, and which sales a rule is for. For staff.
package enum CommissionPreview {
  /// A listing, and every rule that holds for it at a time, the deciding one first.
  package struct Sale: Sendable {
    package let listing: ListingID
    package let title: String
    package let platform: String
    package let vendor: String
    package let category: String
    package let price: Money
    package let rules: [CommissionRow]
    /// As checkout would choose.
    package let choice: CommissionChoice
  }

  /// `nil` where there is no such listing. `time` `nil`: now.
  package static func sale(
    _ session: borrowing Session, _ listing: ListingID, at time: Instant?
  ) throws -> Sale? {
    let moment: SQL = "coalesce(\(time), now())"
    let found = try session.first(
      """
      SELECT p.title::text, p.platform::text, v.handle, p.category::text, l.price, l.currency, l.vendor_id, l.product_id,
        \(sql: CommissionChoice.columns)
      FROM gkm.listing l JOIN gkm.product p ON p.id = l.product_id JOIN gkm.vendor v ON v.id = l.vendor_id
      \(sql: CommissionChoice.lateral(at: moment))
      WHERE l.id = \(listing)
      """
    ) { row in
      (
        title: try row.string(0), platform: try row.string(1), vendor: try row.string(2), category: try row.string(3),
        price: try row.money(4, 5), vendorID: VendorID(try row.int64(6)), product: ProductID(try row.int64(7)),
        choice: try CommissionChoice(row, from: 8)
      )
    }
    guard let found else { return nil }
    let rules = try CommissionList.rows(
      session,
      where: """
        (r.vendor_id IS NULL OR r.vendor_id = \(found.vendorID)) AND (r.product_id IS NULL OR r.product_id = \(found.product))
          AND (r.category IS NULL OR r.category = \(found.category)) AND r.withdrawn_at IS NULL AND r.valid @> \(sql: moment)
        """, order: "r.rank DESC", limit: 10)
    return Sale(
      listing: listing, title: found.title, platform: found.platform, vendor: found.vendor, category: found.category,
      price: found.price, rules: rules, choice: found.choice)
  }

  /// Which sales a rule of a scope is for.
  package struct Reach: Sendable {
    /// Listings on sale for which it decides.
    package let listings: Int64
    /// Listings of its scope that a more specific rule decides for.
    package let overruled: Int64
    /// Orders that are open, or paid and not delivered, with lines of its scope: they keep the terms they were sold
    /// with.
    package let openOrders: Int64
  }

  /// What a rule of `scope` that holds from `time` on (`nil`: now) reaches.
  package static func reach(
    _ session: borrowing Session, _ scope: CommissionScope, at time: Instant?
  ) throws -> Reach {
    let within = within(scope)
    let found = try session.first(
      """
      WITH reached AS (
        SELECT l.id, EXISTS (
          SELECT FROM gkm.commission_rule r
          WHERE r.withdrawn_at IS NULL AND r.valid @> coalesce(\(time), now()) AND r.rank > \(scope.rank)
            AND (r.vendor_id IS NULL OR r.vendor_id = l.vendor_id) AND (r.category IS NULL OR r.category = p.category)
            AND (r.product_id IS NULL OR r.product_id = l.product_id)) AS is_overruled
        FROM gkm.listing l JOIN gkm.product p ON p.id = l.product_id
        WHERE l.state = 'active' AND \(sql: within)
      )
      SELECT (SELECT count(*) FROM reached WHERE NOT is_overruled), (SELECT count(*) FROM reached WHERE is_overruled), (
        SELECT count(DISTINCT o.id) FROM gkm.orders o
        JOIN gkm.order_line x ON x.order_id = o.id
        JOIN gkm.listing l ON l.id = x.listing_id
        JOIN gkm.product p ON p.id = l.product_id
        WHERE o.state IN ('open', 'awaiting_async', 'paid', 'held', 'paid_unfulfillable') AND \(sql: within))
      """
    ) { Reach(listings: try $0.int64(0), overruled: try $0.int64(1), openOrders: try $0.int64(2)) }
    guard let found else { throw StoreError.badRow("no reach") }
    return found
  }

  /// What of a scope is sold most: the sale that a change is shown by. `nil` where nothing of it is on sale.
  package static func example(_ session: borrowing Session, _ scope: CommissionScope) throws -> ListingID? {
    try session.first(
      """
      SELECT l.id FROM gkm.listing l
      JOIN gkm.product p ON p.id = l.product_id
      JOIN gkm.listing_stock s ON s.listing_id = l.id
      WHERE l.state = 'active' AND \(sql: within(scope))
      ORDER BY s.sold DESC, l.id LIMIT 1
      """
    ) { try $0.id(0) }
  }

  /// The numbers of orders that keep the terms they were sold with, the newest first.
  package static func openOrders(
    _ session: borrowing Session, _ scope: CommissionScope, limit: Int
  ) throws -> [String] {
    try session.rows(
      """
      SELECT o.number FROM gkm.orders o
      WHERE o.state IN ('open', 'awaiting_async', 'paid', 'held', 'paid_unfulfillable') AND EXISTS (
        SELECT FROM gkm.order_line x
        JOIN gkm.listing l ON l.id = x.listing_id
        JOIN gkm.product p ON p.id = l.product_id
        WHERE x.order_id = o.id AND \(sql: within(scope)))
      ORDER BY o.id DESC LIMIT \(limit)
      """
    ) { try $0.string(0) }
  }

  /// That listing `l` of product `p` is in a scope.
  private static func within(_ scope: CommissionScope) -> SQL {
    """
    (\(scope.vendor)::bigint IS NULL OR l.vendor_id = \(scope.vendor))
      AND (\(scope.product)::bigint IS NULL OR l.product_id = \(scope.product))
      AND (\(scope.category)::text IS NULL OR p.category = \(scope.category))
    """
  }

  /// The scope that people name: a vendor by its handle, a product by its id or its title.
  package static func scope(
    _ session: borrowing Session, vendor: String?, category: String?, product: String?
  ) throws -> CommissionScope {
    var scope = CommissionScope(category: category)
    if let vendor {
      scope.vendor = try session.first("SELECT id FROM gkm.vendor WHERE handle = \(vendor.lowercased())") {
        try $0.id(0)
      }
      guard scope.vendor != nil else { throw ActionRefused(.notFound, "there is no vendor “\(vendor)”") }
    }
    if let product {
      let found: [ProductID] = try session.rows(
        "SELECT id FROM gkm.product WHERE id = \(Int64(product)) OR lower(title) = \(product.lowercased()) LIMIT 2"
      ) { try $0.id(0) }
      guard let first = found.first else { throw ActionRefused(.notFound, "there is no product “\(product)”") }
      guard found.count == 1 else {
        throw ActionRefused(.badRequest, "there are several products called “\(product)”: name one by its id")
      }
      scope.product = first
    }
    return scope
  }
}
