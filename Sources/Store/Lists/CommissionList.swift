import FoundationEssentials
package import Market
package import Postgres

/// One commission rule.
package struct CommissionRow: ListRow {
  package enum State: String, CaseIterable, Sendable {
    /// Has not begun.
    case coming
    case current
    case ended
    /// Taken back before it began.
    case withdrawn
  }

  package var rule: CommissionRule
  package var state: State
  package var vendor: String?
  /// The title and platform of its product.
  package var product: String?
  /// The rule that was cut short for it.
  package var replaces: Int64?
  package var version: Int64

  package var rowID: Int64 { rule.id.rawValue }

  package var fields: [ListField] {
    [
      ListField("id", .integer(rowID)), ListField("scope", .text(rule.scope.title)),
      ListField("vendor", .optional(vendor)), ListField("category", .optional(rule.scope.category)),
      ListField("product", .optional(product)), ListField("basis_points", .integer(Int64(rule.basisPoints))),
      ListField("amounts", .object(amounts)), ListField("terms", .text(rule.termsText)),
      ListField("state", .text(state.rawValue)), ListField("from", .optional(rule.from)),
      ListField("until", .optional(rule.until)), ListField("replaces", .optional(replaces)),
      ListField("version", .integer(version)),
    ]
  }

  private var amounts: [ListField] {
    rule.amounts.sorted { $0.key.code < $1.key.code }.map { currency, own in
      ListField(
        currency.code,
        .object([
          ListField("fixed", .optional(own.fixed)), ListField("min", .optional(own.min)),
          ListField("max", .optional(own.max)),
        ]))
    }
  }
}

package enum CommissionList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [CommissionRow]
  {
    var all = conditions
    if let after { all.append("r.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try rows(session, where: filter, order: "r.id DESC", limit: limit)
  }

  static let state: SQL = """
    CASE WHEN r.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN r.valid @> now() THEN 'current'
      WHEN lower(r.valid) > now() THEN 'coming' ELSE 'ended' END
    """

  static func rows(_ session: borrowing Session, where filter: SQL, order: SQL, limit: Int) throws -> [CommissionRow] {
    try session.rows(
      """
      SELECT r.id, r.vendor_id, r.category::text, r.product_id, r.basis_points, r.amounts, lower(r.valid), upper(r.valid),
        \(sql: state), v.handle, p.title || ' (' || p.platform || ')', r.replaces_id, r.version
      FROM gkm.commission_rule r
      LEFT JOIN gkm.vendor v ON v.id = r.vendor_id
      LEFT JOIN gkm.product p ON p.id = r.product_id
      WHERE \(sql: filter)
      ORDER BY \(sql: order) LIMIT \(limit)
      """
    ) { row in
      CommissionRow(
        rule: CommissionRule(
          id: try row.id(0),
          scope: CommissionScope(
            vendor: try row.idOrNil(1), category: try row.stringOrNil(2), product: try row.idOrNil(3)),
          basisPoints: try row.int(4), amounts: try amounts(try row.bytes(5)), from: try row.instantOrNil(6),
          until: try row.instantOrNil(7)),
        state: try row.word(8), vendor: try row.stringOrNil(9), product: try row.stringOrNil(10),
        replaces: try row.int64OrNil(11), version: try row.int64(12))
    }
  }

  /// Reads the document of a rule's amounts.
  static func amounts(_ json: [UInt8]) throws -> [Currency: CommissionAmounts] {
    guard let named = try? JSONDecoder().decode([String: CommissionAmounts].self, from: Data(json)) else {
      throw StoreError.badRow("commission_rule.amounts is not what this program writes there")
    }
    return try named.reduce(into: [:]) { amounts, part in
      guard let currency = Currency(part.key) else {
        throw StoreError.unknownWord(column: "amounts", word: part.key)
      }
      amounts[currency] = part.value
    }
  }
}

extension CommissionList: ListDefinition {
  package static let capability = Capability.readCommission
  package static let memberNames = [
    "id", "scope", "vendor", "category", "product", "basis_points", "amounts", "terms", "state", "from", "until",
    "replaces", "version",
  ]

  private static let states = FilterField(
    "state", .enumeration(CommissionRow.State.allCases.map(\.rawValue)), "whether it holds")

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        states, FilterField("vendor", .id, "a vendor's handle"), FilterField("category", .id, "such as game"),
        FilterField("product", .text, "a part of its title"), FilterField("bps", .integer, "basis points"),
        FilterField("from", .time, "when it begins"), FilterField("until", .time, "when it ends"),
      ], timeField: "from", mainField: "state")
  }

  package static var vendorSchema: FilterSchema { FilterSchema([states], timeField: "from", mainField: "state") }

  package static func column(_ field: String) -> String {
    switch field {
    case "vendor": "v.handle"
    case "category": "r.category"
    case "product": "p.title"
    case "bps": "r.basis_points"
    case "until": "upper(r.valid)"
    default: "lower(r.valid)"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    field == "state" ? "\(sql: state) = ANY (\(values))" : nil
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return "v.handle = \(lower) OR r.category = \(lower) OR strpos(lower(p.title), \(lower)) > 0"
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [CommissionRow] {
    try VendorList.commission(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
