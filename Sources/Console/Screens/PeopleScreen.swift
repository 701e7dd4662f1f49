package import Market
package import Store
import Terminal

package enum PeopleScreen: ListScreen {
  package static let title = "People"
  package static let emptyText = "Nobody."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("login"), .init("name", least: 10), .init("role"), .init("vendor", rank: 1),
    .init("created_at", rank: 2), .init("disabled_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("login", "LOGIN", .flexible(minimum: 16, weight: 1)),
      Column("name", "NAME", .flexible(minimum: 14, weight: 2), rank: 2),
      Column("role", "ROLE", .fixed(8)), Column("vendor", "VENDOR", .fixed(16), rank: 4),
      Column("state", "STATE", .fixed(10)), Column("created", "SINCE", .fixed(14), rank: 3),
      Column("disabled", "DISABLED", .fixed(14), rank: 5),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: PersonRow.self).map { row in
      DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(row.login), DisplayCell(row.name), DisplayCell(row.role.rawValue, .textDim),
          DisplayCell(row.vendor ?? "", .textDim),
          row.disabledAt == nil ? DisplayCell("● active", .stateOk) : DisplayCell("· disabled", .muted),
          DisplayCell(clock.short(row.createdAt), .textDim),
          DisplayCell(row.disabledAt.map(clock.short) ?? "", .textDim),
        ], copyText: row.login, detail: .person(isDisabled: row.disabledAt != nil))
    }
  }
}
