package import Market
package import Store
import Terminal

package enum DeliveriesScreen: ListScreen {
  package static let title = "Deliveries"
  package static let emptyText = "No deliveries."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("order"), .init("state"), .init("attempts", .right),
    .init("recipient", least: 12, rank: 1), .init("last_reply", least: 12, rank: 3),
    .init("next_attempt_at", rank: 2), .init("confirmed_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    let start = [
      Column("order", "ORDER", .fixed(15)), Column("state", "STATE", .fixed(11)),
      Column("attempts", "TRIES", .fixed(5), .right, rank: 2),
    ]
    let end = [
      Column("created", "QUEUED", .fixed(14), rank: 3), Column("next", "NEXT TRY", .fixed(14), rank: 2),
      Column("confirmed", "CONFIRMED", .fixed(14), rank: 1),
    ]
    guard role != .vendor else { return start + [Column("channel", "CHANNEL", .fixed(8), rank: 4)] + end }
    return start + [
      Column("recipient", "RECIPIENT", .flexible(minimum: 14, weight: 2), rank: 1),
      Column("vendor", "VENDOR", .flexible(minimum: 8, weight: 1), rank: 5),
      Column("reply", "LAST REPLY", .flexible(minimum: 14, weight: 3), rank: 4),
    ] + end
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: DeliveryRow.self).map { row in
      let start = [
        DisplayCell(row.order), StateStyle.cell(row.state), DisplayCell(String(row.attempts)),
      ]
      let middle =
        role == .vendor
        ? [DisplayCell(row.channel, .textDim)]
        : [
          DisplayCell(row.recipient ?? ""), DisplayCell(row.vendor ?? "", .textDim),
          DisplayCell(row.lastReply ?? "", row.state == .confirmed ? .textDim : .stateWarn),
        ]
      let end = [
        DisplayCell(clock.short(row.createdAt), .textDim),
        DisplayCell(row.nextAttemptAt.map(clock.short) ?? "", .stateWaiting),
        DisplayCell(row.confirmedAt.map(clock.short) ?? "", .textDim),
      ]
      return DisplayRow(
        id: row.id, version: row.version, cells: start + middle + end, target: .order(row.order),
        copyText: row.order, detail: .delivery(DeliveryID(row.id), order: row.order, state: row.state))
    }
  }
}
