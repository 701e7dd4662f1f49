package import Market
package import Store
import Terminal

package enum EventsScreen: ListScreen {
  package static let title = "Events"
  package static let emptyText = "No event stands aside."

  package static let textColumns: [TextTable.Column] = [
    .init("event", least: 16), .init("type", least: 16), .init("state"), .init("problem", least: 16, rank: 1),
    .init("order", rank: 3), .init("received_at", rank: 2),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("state", "STATE", .fixed(14)), Column("type", "TYPE", .flexible(minimum: 18, weight: 2)),
      Column("problem", "PROBLEM", .flexible(minimum: 20, weight: 4), rank: 1),
      Column("order", "ORDER", .fixed(15), rank: 3),
      Column("event", "EVENT", .flexible(minimum: 16, weight: 2), rank: 4),
      Column("received", "RECEIVED", .fixed(14), rank: 2),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: EventRow.self).map { row in
      DisplayRow(
        id: row.id,
        cells: [
          StateStyle.cell(row.state), DisplayCell(row.type), DisplayCell(row.problem ?? "", .textDim),
          DisplayCell(row.order ?? ""), DisplayCell(row.event, .textDim),
          DisplayCell(clock.short(row.receivedAt), .textDim),
        ], target: row.order.map { .order($0) }, copyText: row.event)
    }
  }
}
