package import Market
package import Store
import Terminal

package enum RevealsScreen: ListScreen {
  package static let title = "Reveals"
  package static let emptyText = "Nobody asked to see a key."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("unit", .right), .init("order"), .init("vendor", least: 8, rank: 3), .init("state"),
    .init("asked_by", least: 8), .init("reason", least: 12, rank: 1), .init("decided_by", least: 8, rank: 2),
    .init("asked_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("id", "REVEAL", .fixed(7), .right, rank: 3), Column("state", "STATE", .fixed(11)),
      Column("order", "ORDER", .fixed(15)), Column("by", "BY", .flexible(minimum: 10, weight: 1)),
      Column("reason", "REASON", .flexible(minimum: 14, weight: 3), rank: 2),
      Column("unit", "KEY", .fixed(8), .right, rank: 5),
      Column("vendor", "VENDOR", .flexible(minimum: 8, weight: 1), rank: 6),
      Column("decided", "DECIDED BY", .flexible(minimum: 10, weight: 1), rank: 4),
      Column("at", "AT", .fixed(14), rank: 1),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: RevealRow.self).map { row in
      DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(String(row.id), .textDim), state(row.state), DisplayCell(row.order ?? "–"),
          DisplayCell(row.askedBy), DisplayCell(row.reason), DisplayCell(String(row.unit), .textDim),
          DisplayCell(row.vendor, .textDim), DisplayCell(row.decidedBy ?? "", .textDim),
          DisplayCell(clock.short(row.askedAt), .textDim),
        ], target: row.order.map(Route.order), copyText: String(row.id),
        detail: .reveal(row.state, order: row.order, unit: row.unit, by: row.askedBy, reason: row.reason))
    }
  }

  private static func state(_ state: RevealState) -> DisplayCell {
    switch state {
    case .waiting: DisplayCell("◔ waiting", .stateWarn)
    case .approved: DisplayCell("◑ agreed", .stateWaiting)
    case .rejected: DisplayCell("✗ refused", .stateFailed)
    case .queued, .answered: DisplayCell("◑ under way", .stateWaiting)
    case .fetched: DisplayCell("◉ shown", .stateOk)
    case .expired: DisplayCell("· expired", .muted)
    case .failed: DisplayCell("✗ failed", .stateFailed)
    }
  }
}
