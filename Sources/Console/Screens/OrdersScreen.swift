package import Market
package import Store
import Terminal

package enum OrdersScreen: ListScreen {
  package static let title = "Orders"
  package static let emptyText = "No orders."

  package static let textColumns: [TextTable.Column] = [
    .init("number"), .init("state"), .init("customer_email", least: 12), .init("vendors", least: 8, rank: 2),
    .init("title", least: 12, rank: 1), .money("amount"), .init("created_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    let customer = Column("customer", "CUSTOMER", .flexible(minimum: 14, weight: 3), rank: 1)
    let vendor = Column("vendor", "VENDOR", .flexible(minimum: 8, weight: 1), rank: 4)
    return [
      Column("number", "ORDER", .fixed(15)), Column("state", "STATE", .fixed(13)), customer,
    ] + (role == .vendor ? [] : [vendor]) + [
      Column("title", "ITEMS", .flexible(minimum: 12, weight: 4), rank: 3),
      Column("amount", "AMOUNT", .fixed(14), .right, rank: 2),
      Column("created", "CREATED", .fixed(14), rank: 2),
      Column("delivered", "DELIVERED", .fixed(14), rank: 5),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: OrderRow.self).map { row in
      let start = [DisplayCell(row.number), state(row), DisplayCell(row.customer)]
      let vendor = role == .vendor ? [] : [DisplayCell(row.vendors.joined(separator: ", "), .textDim)]
      let end = [
        DisplayCell(row.title, .textDim), DisplayCell(row.total.description),
        DisplayCell(clock.short(row.createdAt), .textDim),
        DisplayCell(row.deliveredAt.map(clock.short) ?? "", .textDim),
      ]
      return DisplayRow(
        id: row.id, version: row.version, cells: start + vendor + end, target: .order(row.number),
        copyText: row.number,
        detail: .order(
          row.state, total: row.total, units: Int(row.unitsTotal ?? 0), isHeld: row.heldBy != nil))
    }
  }

  /// An order that staff holds says so whatever else it is.
  static func state(_ row: OrderRow) -> DisplayCell {
    let cell = StateStyle.cell(row.state)
    guard row.heldBy != nil, row.state != .held else { return cell }
    return DisplayCell(cell.text + " ‖", .stateWarn)
  }
}
