package import Market
package import Store
import Terminal

package enum AsksScreen: ListScreen {
  package static let title = "Asks"
  package static let emptyText = "Nobody asks for anything."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("kind"), .init("order"), .init("unit", .right, rank: 3), .init("state"),
    .init("asked_by", least: 8, rank: 1), .init("reason", least: 12, rank: 2), .init("decided_by", least: 8, rank: 4),
    .init("asked_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("id", "ASK", .fixed(6), .right, rank: 3), Column("state", "STATE", .fixed(11)),
      Column("kind", "WHAT", .flexible(minimum: 18, weight: 2)), Column("order", "ORDER", .fixed(15)),
      Column("by", "BY", .flexible(minimum: 10, weight: 1), rank: 2),
      Column("reason", "REASON", .flexible(minimum: 16, weight: 3), rank: 4),
      Column("decided", "DECIDED BY", .flexible(minimum: 10, weight: 1), rank: 5),
      Column("at", "AT", .fixed(14), rank: 1),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: AskRow.self).map { row in
      DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(String(row.id), .textDim), StateStyle.cell(row.state), DisplayCell(wish(row)),
          DisplayCell(row.order), DisplayCell(row.askedBy), DisplayCell(row.reason),
          DisplayCell(row.decidedBy ?? "", .textDim), DisplayCell(clock.short(row.askedAt), .textDim),
        ], target: .order(row.order), copyText: String(row.id),
        detail: .ask(row.state, wish: wish(row), order: row.order, by: row.askedBy))
    }
  }

  /// What is asked for, in a few words.
  private static func wish(_ row: AskRow) -> String {
    switch row.kind {
    case .replaceKey: "replace key of unit \(row.unit ?? 0)"
    case .resendElsewhere: row.address.map { "resend to \($0)" } ?? "resend elsewhere"
    }
  }
}
