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
