package import Market
package import Store
import Terminal

package enum VendorsScreen: ListScreen {
  package static let title = "Vendors"
  package static let emptyText = "No vendors."

  package static let textColumns: [TextTable.Column] = [
    .init("handle", least: 8), .init("name", least: 10, rank: 2), .init("state"), .init("listings", .right, rank: 3),
    .init("available", .right), .init("low", .right), .init("terms", least: 8), .init("changes_at", rank: 4),
    .init("email", least: 12, rank: 5),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("handle", "VENDOR", .flexible(minimum: 12, weight: 2)),
      Column("name", "NAME", .flexible(minimum: 14, weight: 2), rank: 6), Column("state", "STATE", .fixed(11)),
      Column("listings", "LISTINGS", .fixed(8), .right, rank: 5), Column("available", "KEYS", .fixed(7), .right),
      Column("low", "LOW", .fixed(7), rank: 1), Column("terms", "TAKES", .flexible(minimum: 9, weight: 1)),
      Column("changes", "CHANGES", .fixed(14), rank: 3),
      Column("balance", "BALANCE", .flexible(minimum: 16, weight: 2), .right),
      Column("email", "CONTACT", .flexible(minimum: 20, weight: 2), rank: 4),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: VendorRow.self).map { row in
      DisplayRow(
        id: row.id, version: row.ownRule == nil ? 0 : row.ruleVersion,
        cells: [
          DisplayCell(row.handle), DisplayCell(row.name, .textDim), state(row), DisplayCell(String(row.listings)),
          DisplayCell(String(row.available)), low(row),
          DisplayCell(row.rule?.termsText ?? "nothing", row.ownRule == nil ? .textDim : .text),
          DisplayCell(row.changesAt.map(clock.short) ?? "", .stateWaiting),
          DisplayCell(balances(row), row.balances.contains { $0.amount < 0 } ? .stateFailed : .text),
          DisplayCell(row.email, .textDim),
        ], target: .vendor(row.handle), copyText: row.handle,
        detail: .vendor(row.handle, rule: row.rule))
    }
  }

  static func state(_ row: VendorRow) -> DisplayCell {
    switch row.state {
    case "active": DisplayCell("● active", .stateOk)
    case "suspended": DisplayCell("‖ suspended", .stateWarn)
    default: DisplayCell("· \(row.state)", .muted)
    }
  }

  private static func low(_ row: VendorRow) -> DisplayCell {
    row.low == 0 ? DisplayCell("● none", .stateOk) : DisplayCell("▾ \(row.low)", .stateWarn)
  }

  static func balances(_ row: VendorRow) -> String {
    row.balances.isEmpty ? "–" : row.balances.map(\.description).joined(separator: ", ")
  }
}
