package import Market
package import Store
import Terminal

package enum BreaksScreen: ListScreen {
  package static let title = "Breaks"
  package static let emptyText = "Stripe and we agree."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("kind", least: 12), .init("state"), .init("order"), .money("ours"), .money("stripes"),
    .init("object", least: 12, rank: 2), .init("detail", least: 16, rank: 3), .init("assignee", least: 8, rank: 1),
    .init("opened_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("id", "ID", .fixed(7), .right), Column("state", "STATE", .fixed(11)),
      Column("kind", "KIND", .flexible(minimum: 16, weight: 2)), Column("order", "ORDER", .fixed(15), rank: 1),
      Column("ours", "OURS", .fixed(14), .right, rank: 2), Column("stripes", "STRIPE'S", .fixed(14), .right, rank: 2),
      Column("detail", "DETAIL", .flexible(minimum: 20, weight: 4), rank: 4),
      Column("assignee", "WHO", .fixed(12), rank: 3),
      Column("object", "OBJECT", .flexible(minimum: 16, weight: 2), rank: 5),
      Column("at", "SINCE", .fixed(14), rank: 1),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: BreakRow.self).map { row in
      let currency = row.currency.flatMap { Currency($0) }
      func amount(_ amount: Int64?) -> String {
        guard let amount else { return "–" }
        return currency.map { Money(amount, $0).description } ?? String(amount)
      }
      return DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(String(row.id), .textDim), StateStyle.cell(row.state), DisplayCell(row.kind),
          DisplayCell(row.order ?? "–"), DisplayCell(amount(row.ours)), DisplayCell(amount(row.stripes)),
          DisplayCell(row.detail, .textDim), DisplayCell(row.assignee ?? row.owner, .textDim),
          DisplayCell(row.object, .textDim), DisplayCell(clock.short(row.openedAt), .textDim),
        ], target: row.order.map { .order($0) }, copyText: row.object,
        detail: .reconBreak(row.state))
    }
  }
}
