package import Market
package import Store
import Terminal

package enum PeopleScreen: ListScreen {
  package static let title = "People"
  package static let emptyText = "Nobody."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("login"), .init("name", least: 10), .init("role"), .init("vendor", rank: 1),
    .init("created_at", rank: 4), .init("disabled_at"), .init("expires_at", rank: 2), .init("elevated_until", rank: 3),
    .init("last_seen_at"), .init("sessions", .right, rank: 5), .init("state", rank: 6),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("login", "LOGIN", .flexible(minimum: 14, weight: 1)),
      Column("name", "NAME", .flexible(minimum: 12, weight: 2), rank: 3),
      Column("role", "ROLE", .fixed(7)), Column("vendor", "VENDOR", .fixed(16), rank: 4),
      Column("state", "STATE", .fixed(10)), Column("until", "UNTIL", .fixed(16), rank: 1),
      Column("seen", "SEEN", .fixed(14), rank: 2), Column("created", "SINCE", .fixed(14), rank: 5),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: PersonRow.self).map { row in
      var shown = DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(row.login), DisplayCell(row.name), DisplayCell(row.role.rawValue, .textDim),
          DisplayCell(row.vendor ?? "", .textDim), StateStyle.cell(row.state), until(row, clock),
          row.sessions > 0 && row.hasAccess
            ? DisplayCell("here", .stateOk) : DisplayCell(row.lastSeenAt.map(clock.short) ?? "never", .textDim),
          DisplayCell(clock.short(row.createdAt), .textDim),
        ], copyText: row.login, detail: .person(row, until: row.expiresAt.map(clock.day) ?? ""))
      shown.facts = facts(row, clock)
      return shown
    }
  }

  /// Until when they are what they are, or when that ended.
  private static func until(_ row: PersonRow, _ clock: ClockFormat) -> DisplayCell {
    switch row.state {
    case .active: DisplayCell(row.expiresAt.map(clock.day) ?? "", .textDim)
    case .glass: DisplayCell(row.elevatedUntil.map(clock.day) ?? "", .stateWarn)
    case .expired: DisplayCell(row.expiresAt.map(clock.day) ?? "", .stateFailed)
    case .disabled: DisplayCell(row.disabledAt.map(clock.day) ?? "", .muted)
    }
  }

  /// What there is no column for.
  private static func facts(_ row: PersonRow, _ clock: ClockFormat) -> [StoryFact] {
    var facts: [StoryFact] = []
    func add(_ label: String, _ time: Instant?, _ style: StyleID = .text) {
      if let time { facts.append(StoryFact(label, "\(clock.day(time)) \(clock.zone(at: time))", style)) }
    }
    add("Access until", row.expiresAt, row.state == .expired ? .stateFailed : .text)
    add("Disabled", row.disabledAt)
    add("Admin until", row.elevatedUntil, .stateWarn)
    if let role = row.elevatedFrom { facts.append(StoryFact("Otherwise", role.rawValue)) }
    if row.hasAccess { facts.append(StoryFact("Sessions", "\(row.sessions)")) }
    return facts
  }
}

extension PersonRow {
  /// Whether they may sign in.
  var hasAccess: Bool { state == .active || state == .glass }
}

extension StateStyle {
  package static func cell(_ state: PersonState) -> DisplayCell {
    switch state {
    case .active: DisplayCell("● active", .stateOk)
    case .glass: DisplayCell("▲ glass", .stateWarn)
    case .expired: DisplayCell("✗ expired", .stateFailed)
    case .disabled: DisplayCell("· disabled", .muted)
    }
  }
}
