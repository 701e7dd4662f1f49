package import Market
package import Store
import Terminal

package enum PeopleScreen: ListScreen {
  package static let title = "People"
  package static let emptyText = "Nobody."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("login"), .init("name", least: 10), .init("role"), .init("vendor", rank: 1),
    .init("created_at", rank: 4), .init("disabled_at"), .init("expires_at", rank: 2), .init("elevated_until", rank: 3),
    .init("last_seen_at"), .init("sessions", .right, rank: 5),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("login", "LOGIN", .flexible(minimum: 16, weight: 1)),
      Column("name", "NAME", .flexible(minimum: 14, weight: 2), rank: 2),
      Column("role", "ROLE", .fixed(8)), Column("vendor", "VENDOR", .fixed(16), rank: 4),
      Column("state", "STATE", .fixed(10)), Column("created", "SINCE", .fixed(14), rank: 3),
      Column("seen", "SEEN", .fixed(14), rank: 1), Column("until", "UNTIL", .fixed(14), rank: 5),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: PersonRow.self).map { row in
      DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(row.login), DisplayCell(row.name), DisplayCell(row.role.rawValue, .textDim),
          DisplayCell(row.vendor ?? "", .textDim),
          state(row),
          DisplayCell(clock.short(row.createdAt), .textDim),
          row.sessions > 0 && row.disabledAt == nil
            ? DisplayCell("here", .stateOk) : DisplayCell(row.lastSeenAt.map(clock.short) ?? "never", .textDim),
          DisplayCell((row.disabledAt ?? row.elevatedUntil ?? row.expiresAt).map(clock.short) ?? "", .textDim),
        ], copyText: row.login, detail: .person(isDisabled: row.disabledAt != nil, role: row.role))
    }
  }

  private static func state(_ row: PersonRow) -> DisplayCell {
    if row.disabledAt != nil { return DisplayCell("· disabled", .muted) }
    return row.elevatedUntil == nil ? DisplayCell("● active", .stateOk) : DisplayCell("▲ glass", .stateWarn)
  }
}
