package import Market
package import Store
import Terminal

package enum CommissionScreen: ListScreen {
  package static let title = "Commission"
  package static let emptyText = "No rules."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("state"), .init("scope"), .init("vendor", least: 8),
    .init("category", least: 6, rank: 2),
    .init("product", least: 10, rank: 1), .init("terms", least: 10), .init("from", rank: 3), .init("until", rank: 4),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("id", "RULE", .fixed(7), .right), Column("state", "STATE", .fixed(11)),
      Column("scope", "FOR", .flexible(minimum: 16, weight: 3)),
      Column("terms", "TERMS", .flexible(minimum: 10, weight: 3)),
      Column("from", "FROM", .fixed(14), rank: 1), Column("until", "UNTIL", .fixed(14), rank: 2),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: CommissionRow.self).map { row in
      DisplayRow(
        id: row.rowID, version: row.version,
        cells: [
          DisplayCell(String(row.rowID)), StateStyle.cell(row.state), DisplayCell(row.scopeText),
          DisplayCell(row.rule.termsText), DisplayCell(row.rule.from.map(clock.short) ?? "", .textDim),
          DisplayCell(row.rule.until.map(clock.short) ?? "", .textDim),
        ], target: role == .vendor ? nil : row.vendor.map(Route.vendor), copyText: String(row.rowID),
        detail: .commissionRule(row))
    }
  }
}

extension CommissionRow {
  /// Whom and what it is for: `pixelforge, game`.
  package var scopeText: String {
    let parts = [vendor, rule.scope.category, product].compactMap(\.self)
    return parts.isEmpty ? "everything" : parts.joined(separator: ", ")
  }
}
