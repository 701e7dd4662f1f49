package import Market
package import Store
import Terminal

package enum PaymentsScreen: ListScreen {
  package static let title = "Payments"
  package static let emptyText = "No payment attempts."

  package static let textColumns: [TextTable.Column] = [
    .init("order"), .init("outcome"), .money("amount"), .init("decline_code", least: 10),
    .init("card_brand", rank: 2), .init("card_last4", rank: 1), .init("charge", least: 12, rank: 3),
    .init("attempted_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("order", "ORDER", .fixed(15)), Column("outcome", "OUTCOME", .fixed(12)),
      Column("amount", "AMOUNT", .fixed(14), .right, rank: 1),
      Column("reason", "REASON", .flexible(minimum: 16, weight: 3), rank: 2),
      Column("card", "CARD", .fixed(16), rank: 3), Column("risk", "RISK", .fixed(8), rank: 6),
      Column("charge", "CHARGE", .flexible(minimum: 16, weight: 2), rank: 5),
      Column("at", "AT", .fixed(14), rank: 1),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: PaymentRow.self).map { row in
      let reason = row.declineCode ?? row.code
      let card = [row.cardBrand, row.cardLast4.map { "•••• \($0)" }].compactMap(\.self).joined(separator: " ")
      return DisplayRow(
        id: row.id,
        cells: [
          DisplayCell(row.order), StateStyle.cell(attempt: row.outcome),
          DisplayCell(row.amount?.description ?? ""), DisplayCell(reason ?? "", .stateWarn),
          DisplayCell(card, .textDim), DisplayCell(row.riskLevel ?? "", .textDim), DisplayCell(row.charge, .textDim),
          DisplayCell(clock.short(row.attemptedAt), .textDim),
        ], target: .order(row.order), copyText: row.charge)
    }
  }
}
