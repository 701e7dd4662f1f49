package import Market
package import Store
import Terminal

package enum DisputesScreen: ListScreen {
  package static let title = "Disputes"
  package static let emptyText = "No disputes."

  package static let textColumns: [TextTable.Column] = [
    .init("dispute", least: 12), .init("order"), .init("status"), .money("amount"), .init("reason", least: 10, rank: 2),
    .init("due_by", rank: 1), .init("evidence", rank: 3), .init("created_at", rank: 4),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("order", "ORDER", .fixed(15)), Column("status", "STATUS", .fixed(18)),
      Column("amount", "AMOUNT", .fixed(14), .right, rank: 1),
      Column("reason", "REASON", .flexible(minimum: 14, weight: 2), rank: 3),
      Column("due", "DUE", .fixed(14), rank: 1), Column("evidence", "EVIDENCE", .fixed(12), rank: 2),
      Column("dispute", "DISPUTE", .flexible(minimum: 16, weight: 2), rank: 5),
      Column("created", "OPENED", .fixed(14), rank: 4),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: DisputeRow.self).map { row in
      DisplayRow(
        id: row.id,
        cells: [
          DisplayCell(row.order), StateStyle.cell(row.standing, status: row.status),
          DisplayCell(row.amount.description), DisplayCell(row.reason ?? "", .stateWarn),
          DisplayCell(row.needsResponse ? row.dueBy.map(clock.short) ?? "" : "", .stateWarn),
          DisplayCell(row.evidence?.rawValue ?? "", .textDim), DisplayCell(row.dispute, .textDim),
          DisplayCell(clock.short(row.createdAt), .textDim),
        ], target: .order(row.order), copyText: row.dispute,
        detail: .dispute(row.dispute, needsResponse: row.needsResponse, draft: row.draft))
    }
  }
}
