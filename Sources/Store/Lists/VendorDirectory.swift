package import Market
package import Postgres

/// A vendor as those see it who run the market. What vendors themselves read is `VendorList`.
package struct VendorRow: ListRow {
  package var id: Int64
  package var handle: String
  package var name: String
  package var state: String
  /// Listings on sale, the keys that they have to sell, and how many of them are at or below their mark.
  package var listings: Int64
  package var available: Int64
  package var low: Int64
  /// The rule that counts for what it sells where none is for a category or a product; `nil`: nothing is taken.
  package var rule: CommissionRule?
  package var ruleVersion: Int64
  /// When the next rule for this vendor alone begins.
  package var changesAt: Instant?
  /// What it is owed, one to a currency.
  package var balances: [Money]
  package var email: String
  package var locale: String
  package var createdAt: Instant

  package var rowID: Int64 { id }

  /// The vendor's own rule; `nil` where the market's own counts.
  package var ownRule: CommissionRule? { rule?.scope.vendor == nil ? nil : rule }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("handle", .text(handle)), ListField("name", .text(name)),
      ListField("state", .text(state)), ListField("listings", .integer(listings)),
      ListField("available", .integer(available)), ListField("low", .integer(low)),
      ListField("rule", .optional(rule?.id.rawValue)), ListField("terms", .optional(rule?.termsText)),
      ListField("changes_at", .optional(changesAt)), ListField("balances", .texts(balances.map(\.description))),
      ListField("email", .text(email)), ListField("locale", .text(locale)), ListField("created_at", .time(createdAt)),
    ]
  }
}

/// The vendors of the market: a list that is short by its nature.
package enum VendorDirectory: ListDefinition {
  package static let capability = Capability.readLedger
  package static let isForVendors = false
  package static let memberNames = [
    "id", "handle", "name", "state", "listings", "available", "low", "rule", "terms", "changes_at", "balances", "email",
    "locale", "created_at",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(["active", "suspended", "closed", "low"]), "whether it may sell"),
        FilterField("vendor", .id, "its handle"), FilterField("name", .text, "its name"),
        FilterField("email", .text, "where it is mailed"), FilterField("created", .time, "since when"),
      ], timeField: "created", mainField: "state")
  }

  package static func column(_ field: String) -> String {
    switch field {
    case "vendor": "v.handle"
    case "name": "v.name"
    case "email": "v.contact_email"
    default: "v.created_at"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "state" else { return nil }
    let isLow: SQL = values.contains("low") ? " OR coalesce(s.low, 0) > 0" : ""
    return "v.state = ANY (\(values))\(sql: isLow)"
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(v.handle, \(lower)) > 0 OR strpos(lower(v.name), \(lower)) > 0 OR strpos(lower(v.contact_email), \(lower)) > 0
      """
  }

  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [VendorRow]
  {
    var all = conditions
    if let after { all.append("v.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT v.id, v.handle, v.name::text, v.state, coalesce(s.listings, 0), coalesce(s.available, 0),
        coalesce(s.low, 0), c.id, c.vendor_id, coalesce(c.basis_points, 0), coalesce(c.amounts, '{}'), lower(c.valid),
        upper(c.valid), coalesce(c.version, 0), (
          SELECT min(lower(r.valid)) FROM gkm.commission_rule r
          WHERE r.vendor_id = v.id AND r.category IS NULL AND r.product_id IS NULL AND r.withdrawn_at IS NULL
            AND lower(r.valid) > now()),
        -- As in the list of balances: a checkpoint, and what was posted since.
        ARRAY(
          SELECT a.currency || ' ' || (-(coalesce(k.amount, 0) + coalesce((
            SELECT sum(p.amount) FROM gkm.ledger_posting p
            WHERE p.vendor_id = a.vendor_id AND p.currency = a.currency AND p.tx_id > coalesce(k.through_tx, 0)), 0)))::text
          FROM gkm.ledger_account a LEFT JOIN gkm.ledger_checkpoint k ON k.account_id = a.id
          WHERE a.vendor_id = v.id ORDER BY a.currency),
        v.contact_email::text, v.locale, v.created_at
      FROM gkm.vendor v
      LEFT JOIN LATERAL (
        SELECT count(*) AS listings, sum(t.available)::bigint AS available,
          count(*) FILTER (WHERE t.available <= l.low_stock) AS low
        FROM gkm.listing l JOIN gkm.listing_stock t ON t.listing_id = l.id
        WHERE l.vendor_id = v.id AND l.state = 'active'
      ) s ON true
      LEFT JOIN LATERAL (
        SELECT r.* FROM gkm.commission_rule r
        WHERE r.scope IN ('', 'vendor ' || v.id) AND r.withdrawn_at IS NULL AND r.valid @> now()
        ORDER BY r.rank DESC LIMIT 1
      ) c ON true
      WHERE \(sql: filter)
      ORDER BY v.id DESC LIMIT \(limit)
      """
    ) { row in
      let rule = try row.int64OrNil(7).map { id in
        CommissionRule(
          id: CommissionRuleID(id), scope: CommissionScope(vendor: try row.idOrNil(8)), basisPoints: try row.int(9),
          amounts: try CommissionList.amounts(try row.bytes(10)), from: try row.instantOrNil(11),
          until: try row.instantOrNil(12))
      }
      return VendorRow(
        id: try row.int64(0), handle: try row.string(1), name: try row.string(2), state: try row.string(3),
        listings: try row.int64(4), available: try row.int64(5), low: try row.int64(6), rule: rule,
        ruleVersion: try row.int64(13), changesAt: try row.instantOrNil(14),
        balances: try row.stringArray(15).map(money), email: try row.string(16), locale: try row.string(17),
        createdAt: try row.instant(18))
    }
  }

  /// One vendor, by its handle.
  package static func vendor(_ session: borrowing Session, _ handle: String) throws -> VendorRow? {
    try page(session, where: ["v.handle = \(handle)"], after: nil, limit: 1).first
  }

  /// The rules for this vendor that hold or will, the newest first.
  package static func rules(_ session: borrowing Session, of vendor: VendorID, limit: Int) throws -> [CommissionRow] {
    try CommissionList.page(
      session,
      where: ["r.vendor_id = \(vendor)", "r.withdrawn_at IS NULL", "coalesce(upper(r.valid) > now(), true)"],
      after: nil, limit: limit)
  }

  /// Reads `eur 1999`.
  private static func money(_ text: String) throws -> Money {
    let words = text.split(separator: " ")
    guard words.count == 2, let currency = Currency(String(words[0])), let amount = Int64(words[1]) else {
      throw StoreError.badRow("“\(text)” is no balance")
    }
    return Money(amount, currency)
  }
}
