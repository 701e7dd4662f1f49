package import Market
package import Store
import Terminal

package enum StockScreen: ListScreen {
  package static let title = "Stock"
  package static let emptyText = "No listings."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("vendor", least: 8, rank: 1), .init("title", least: 16),
    .init("platform", rank: 2), .money("price"), .init("state", rank: 3), .init("available", .right),
    .init("reserved", .right), .init("sold", .right),
  ]

  package static func columns(for role: Role?) -> [Column] {
    let vendor = [Column("vendor", "VENDOR", .flexible(minimum: 8, weight: 1), rank: 3)]
    return [Column("title", "PRODUCT", .flexible(minimum: 20, weight: 4))] + (role == .vendor ? [] : vendor) + [
      Column("platform", "PLATFORM", .fixed(10), rank: 4), Column("region", "REGION", .fixed(8), rank: 6),
      Column("price", "PRICE", .fixed(14), .right, rank: 2), Column("state", "STATE", .fixed(8), rank: 5),
      Column("available", "AVAIL", .fixed(7), .right), Column("reserved", "HELD", .fixed(6), .right, rank: 1),
      Column("sold", "SOLD", .fixed(7), .right, rank: 1), Column("level", "LEVEL", .fixed(7)),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: StockRow.self).map { row in
      let level =
        row.available == 0
        ? DisplayCell("✗ none", .stateFailed)
        : row.isLow ? DisplayCell("▾ low", .stateWarn) : DisplayCell("● ok", .stateOk)
      let vendor = role == .vendor ? [] : [DisplayCell(row.vendor, .textDim)]
      let rest = [
        DisplayCell(row.platform, .textDim), DisplayCell(row.region, .textDim), DisplayCell(row.price.description),
        DisplayCell(row.state, row.state == "active" ? .textDim : .stateWarn), DisplayCell(String(row.available)),
        DisplayCell(String(row.reserved), .textDim), DisplayCell(String(row.sold), .textDim), level,
      ]
      return DisplayRow(
        id: row.id, version: row.version, cells: [DisplayCell(row.title)] + vendor + rest,
        copyText: row.title)
    }
  }
}
