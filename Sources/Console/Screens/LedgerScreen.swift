package import Market
package import Store
import Terminal

package enum LedgerScreen: ListScreen {
  package static let title = "Ledger"
  package static let emptyText = "Nothing was posted."

  package static let textColumns: [TextTable.Column] = [
    .init("at"), .init("order"), .init("line", .right, rank: 3), .init("entry", least: 12), .init("account"),
    .init("vendor", least: 8, rank: 2), .init("title", least: 10, rank: 4), .money("amount"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    let order = [
      Column("at", "AT", .fixed(14), rank: 2), Column("order", "ORDER", .fixed(15)),
      Column("entry", "ENTRY", .flexible(minimum: 14, weight: 2)),
    ]
    let account = [
      Column("account", "ACCOUNT", .fixed(16)), Column("vendor", "VENDOR", .flexible(minimum: 8, weight: 1), rank: 3),
    ]
    return order + (role == .vendor ? [] : account) + [
      Column("title", "PRODUCT", .flexible(minimum: 12, weight: 3), rank: 4),
      Column("amount", "AMOUNT", .fixed(16), .right),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: LedgerPostingRow.self).map { row in
      let order = [
        DisplayCell(clock.short(row.at), .textDim), DisplayCell(row.order ?? ""), DisplayCell(row.entry),
      ]
      let account = [DisplayCell(row.account.title), DisplayCell(row.vendor ?? "", .textDim)]
      let rest = [
        DisplayCell(row.title ?? "", .textDim),
        DisplayCell(row.amount.description, row.amount.amount < 0 ? .stateWarn : .text),
      ]
      return DisplayRow(
        id: row.id, cells: order + (role == .vendor ? [] : account) + rest, target: row.order.map(Route.order),
        copyText: row.order ?? row.entry)
    }
  }
}

package enum BalancesScreen: ListScreen {
  package static let title = "Balances"
  package static let emptyText = "Nothing was earned yet."

  package static let textColumns: [TextTable.Column] = [
    .init("vendor", least: 8), .money("balance"), .money("on_hold"), .money("available"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("vendor", "VENDOR", .flexible(minimum: 10, weight: 1)), Column("balance", "BALANCE", .fixed(18), .right),
      Column("hold", "ON HOLD", .fixed(18), .right, rank: 1), Column("available", "AVAILABLE", .fixed(18), .right),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: BalanceRow.self).map { row in
      let currency = row.balance.currency
      return DisplayRow(
        id: row.id,
        cells: [
          DisplayCell(row.vendor), DisplayCell(row.balance.description),
          DisplayCell(Money(row.onHold, currency).description, row.onHold == 0 ? .textDim : .stateWarn),
          DisplayCell(Money(row.available, currency).description, row.available < 0 ? .stateFailed : .stateOk),
        ], copyText: row.vendor)
    }
  }
}
