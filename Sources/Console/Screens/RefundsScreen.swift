package import Market
package import Store
import Terminal

package enum RefundsScreen: ListScreen {
  package static let title = "Refunds"
  package static let emptyText = "No refunds."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("order"), .init("state"), .money("amount"), .init("scope", rank: 1),
    .init("requested_by", least: 8, rank: 2), .init("refund", least: 12, rank: 4), .init("reason", least: 12, rank: 3),
    .init("created_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("id", "REFUND", .fixed(8), .right, rank: 3), Column("order", "ORDER", .fixed(15)),
      Column("state", "STATE", .fixed(13)), Column("amount", "AMOUNT", .fixed(14), .right, rank: 1),
      Column("scope", "OF", .fixed(7), rank: 4), Column("by", "BY", .flexible(minimum: 10, weight: 1), rank: 2),
      Column("reason", "REASON", .flexible(minimum: 16, weight: 3), rank: 5),
      Column("stripe", "STRIPE", .flexible(minimum: 14, weight: 1), rank: 6), Column("at", "AT", .fixed(14), rank: 1),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: RefundRow.self).map { row in
      DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(String(row.id), .textDim), DisplayCell(row.order), StateStyle.cell(row.state),
          DisplayCell(row.amount.description), DisplayCell(row.scope ?? "", .textDim),
          DisplayCell(row.requestedBy ?? "Stripe"),
          row.problem.map { DisplayCell($0, .stateWarn) } ?? DisplayCell(row.reason ?? ""),
          DisplayCell(row.refund ?? "", .textDim), DisplayCell(clock.short(row.createdAt), .textDim),
        ], target: .order(row.order), copyText: row.refund ?? String(row.id),
        detail: .refund(row.request, row.state, order: row.order, amount: row.amount))
    }
  }
}
