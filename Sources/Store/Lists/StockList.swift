package import Market
package import Postgres

/// One listing's stock.
package struct StockRow: ListRow {
  package var id: Int64
  package var vendor: String
  package var title: String
  package var platform: String
  package var region: String
  package var price: Money
  package var state: String
  package var available: Int64
  package var reserved: Int64
  package var sold: Int64
  package var lowStock: Int64
  package var version: Int64

  package var rowID: Int64 { id }
  package var isLow: Bool { available <= lowStock }

  package var fields: [ListField] {
    [
      ListField("id", .integer(id)), ListField("vendor", .text(vendor)), ListField("title", .text(title)),
      ListField("platform", .text(platform)), ListField("region", .text(region)),
      ListField("price", .integer(price.amount)), ListField("currency", .text(price.currency.code)),
      ListField("state", .text(state)), ListField("available", .integer(available)),
      ListField("reserved", .integer(reserved)), ListField("sold", .integer(sold)),
      ListField("low_stock", .integer(lowStock)), ListField("version", .integer(version)),
    ]
  }
}

package enum StockList {
  package static func page(_ session: borrowing Session, where conditions: [SQL], after: Int64?, limit: Int) throws
    -> [StockRow]
  {
    var all = conditions
    if let after { all.append("l.id < \(after)") }
    let filter = all.isEmpty ? SQL("true") : SQL.joined(all, by: " AND ")
    return try session.rows(
      """
      SELECT l.id, v.handle, p.title::text, p.platform::text, p.region::text, l.price, l.currency, l.state,
        s.available, s.reserved, s.sold, l.low_stock, s.version
      FROM gkm.listing l
      JOIN gkm.vendor v ON v.id = l.vendor_id
      JOIN gkm.product p ON p.id = l.product_id
      JOIN gkm.listing_stock s ON s.listing_id = l.id
      WHERE \(sql: filter)
      ORDER BY l.id DESC LIMIT \(limit)
      """
    ) { row in
      StockRow(
        id: try row.int64(0), vendor: try row.string(1), title: try row.string(2), platform: try row.string(3),
        region: try row.string(4), price: try row.money(5, 6), state: try row.string(7), available: try row.int64(8),
        reserved: try row.int64(9), sold: try row.int64(10), lowStock: Int64(try row.int(11)),
        version: try row.int64(12))
    }
  }
}

extension StockList: ListDefinition {
  package static let capability = Capability.readStock
  package static let memberNames = [
    "id", "vendor", "title", "platform", "region", "price", "currency", "state", "available", "reserved", "sold",
    "low_stock", "version",
  ]

  package static var staffSchema: FilterSchema {
    FilterSchema(
      [
        FilterField("state", .enumeration(["active", "paused", "closed", "low", "empty"]), "the listing's state"),
        FilterField("vendor", .id, "a vendor's handle"), FilterField("title", .text, "the product"),
        FilterField("platform", .text, "where it is redeemed"), FilterField("available", .integer, "keys to sell"),
        FilterField("price", .money, "the price"),
      ], mainField: "state")
  }

  package static var vendorSchema: FilterSchema {
    FilterSchema([FilterField("state", .enumeration(["active", "paused", "closed"]))], mainField: "state")
  }

  package static let moneyAlias = "l"

  package static let keyset: ListKeyset? = ListKeyset("gkm.listing", as: "l")

  package static func column(_ field: String) -> String {
    switch field {
    case "vendor": "v.handle"
    case "title": "p.title"
    case "platform": "p.platform"
    case "available": "s.available"
    default: "l.price"
    }
  }

  package static func condition(_ field: String, oneOf values: [String]) -> SQL? {
    guard field == "state" else { return nil }
    var parts: [SQL] = ["l.state = ANY (\(values))"]
    if values.contains("low") { parts.append("s.available <= l.low_stock") }
    if values.contains("empty") { parts.append("s.available = 0") }
    return SQL.joined(parts, by: " OR ")
  }

  package static func freeText(_ text: String) -> SQL {
    let lower = text.lowercased()
    return """
      strpos(lower(p.title), \(lower)) > 0 OR strpos(lower(p.platform), \(lower)) > 0 OR v.handle = \(lower)
      """
  }

  package static func vendorPage(
    _ session: borrowing Session, viewer: Viewer, _ conditions: VendorList.Conditions, after: Int64?, limit: Int
  ) throws -> [StockRow] {
    try VendorList.stock(session, viewer: viewer, conditions, after: after, limit: limit)
  }
}
