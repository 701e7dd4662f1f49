package import Market
package import Postgres

/// Which listings are looked for; what is `nil` does not matter.
package struct CatalogueFilter: Hashable, Sendable {
  /// By its handle.
  package var vendor: String?
  package var category: String?
  package var platform: String?
  package var currency: Currency?
  /// Each of these words must stand in the title, in any case.
  package var words: [String] = []

  package init() {}
}

/// What can be bought.
package enum Catalogue {
  /// Listings for sale after `after`, by id.
  package static func page(
    _ session: borrowing Session, _ filter: CatalogueFilter, after: ListingID?, limit: Int
  ) throws -> [ListingOffer] {
    try session.rows(
      """
      SELECT \(sql: ListingOffer.columns) FROM \(sql: ListingOffer.tables)
      WHERE l.state = 'active' AND v.state = 'active' AND l.id > \(after ?? ListingID(0))
      \(sql: condition(filter)) ORDER BY l.id LIMIT \(limit)
      """
    ) { try ListingOffer($0) }
  }

  private static func condition(_ filter: CatalogueFilter) -> SQL {
    var condition: SQL = ""
    if let vendor = filter.vendor {
      condition.append(" AND l.vendor_id = (SELECT id FROM gkm.vendor WHERE handle = \(vendor))")
    }
    if let category = filter.category { condition.append(" AND lower(p.category) = lower(\(category))") }
    if let platform = filter.platform { condition.append(" AND lower(p.platform) = lower(\(platform))") }
    if let currency = filter.currency { condition.append(" AND l.currency = \(currency)") }
    for word in filter.words { condition.append(" AND position(lower(\(word)) IN lower(p.title)) > 0") }
    return condition
  }

  /// One listing, for sale or not.
  package static func listing(_ session: borrowing Session, _ id: ListingID) throws -> ListingOffer? {
    try session.first(
      "SELECT \(sql: ListingOffer.columns) FROM \(sql: ListingOffer.tables) WHERE l.id = \(id)"
    ) { try ListingOffer($0) }
  }
}
