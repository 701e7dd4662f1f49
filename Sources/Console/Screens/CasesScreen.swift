package import Market
package import Store
import Terminal

package enum CasesScreen: ListScreen {
  package static let title = "Cases"
  package static let emptyText = "No cases."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("queue", rank: 2), .init("kind", least: 10), .init("order"), .init("state"),
    .init("priority", rank: 1), .init("assignee", least: 8, rank: 3), .init("vendor", least: 8, rank: 4),
    .init("due_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    let own = [
      Column("id", "CASE", .fixed(8), .right), Column("kind", "KIND", .flexible(minimum: 14, weight: 2)),
      Column("order", "ORDER", .fixed(15), rank: 1), Column("state", "STATE", .fixed(10)),
    ]
    guard role != .vendor else { return own + [Column("created", "OPENED", .fixed(14), rank: 2)] }
    return own + [
      Column("priority", "PRIORITY", .fixed(8), rank: 2), Column("queue", "QUEUE", .fixed(8), rank: 4),
      Column("assignee", "ASSIGNEE", .flexible(minimum: 10, weight: 1), rank: 3),
      Column("vendor", "VENDOR", .flexible(minimum: 10, weight: 1), rank: 5),
      Column("due", "DUE", .fixed(14), rank: 1),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: CaseRow.self).map { row in
      let own = [
        DisplayCell(String(row.id)), DisplayCell(row.kind), DisplayCell(row.order ?? ""), StateStyle.cell(row.state),
      ]
      let rest =
        role == .vendor
        ? [DisplayCell(clock.short(row.createdAt), .textDim)]
        : [
          StateStyle.cell(row.priority), DisplayCell(row.queue?.rawValue ?? "", .textDim),
          DisplayCell(row.assignee ?? ""), DisplayCell(row.vendor ?? "", .textDim),
          DisplayCell(row.dueAt.map(clock.short) ?? "", .textDim),
        ]
      return DisplayRow(
        id: row.id, version: row.version, cells: own + rest, target: .supportCase(row.id), copyText: "case \(row.id)",
        detail: .supportCase(row.state, order: row.order))
    }
  }
}
