package import Market
package import Store
import Terminal

package enum AlertsScreen: ListScreen {
  package static let title = "Alerts"
  package static let emptyText = "Nothing was ever amiss."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("rule"), .init("subject", least: 8), .init("state"), .init("fired_at"),
    .init("detail", least: 20), .init("acked_by", rank: 1), .init("silenced_until", rank: 2),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("id", "ALERT", .fixed(7), .right), Column("state", "STATE", .fixed(11)),
      Column("rule", "RULE", .fixed(14)), Column("subject", "ABOUT", .flexible(minimum: 10, weight: 1), rank: 1),
      Column("detail", "DETAIL", .flexible(minimum: 20, weight: 4)), Column("since", "SINCE", .fixed(14), rank: 2),
      Column("who", "WHO", .fixed(12), rank: 3),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: AlertRow.self).map { row in
      let isQuiet = row.ackedBy != nil || row.silencedUntil != nil
      var display = DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(String(row.id), .textDim), cell(row.state, isQuiet: isQuiet), DisplayCell(row.rule),
          DisplayCell(row.subject), DisplayCell(row.detail, .textDim),
          DisplayCell(clock.short(row.firedAt ?? row.since), .textDim),
          DisplayCell(row.silencedUntil == nil ? row.ackedBy ?? "" : "silenced", .textDim),
        ], copyText: "\(row.rule) \(row.subject)", detail: .alert(rule: row.rule, subject: row.subject, row.state))
      display.facts = [StoryFact("FIRST SEEN", clock.precise(row.since), .textDim)]
      if let at = row.resolvedAt { display.facts.append(StoryFact("OVER", clock.precise(at), .textDim)) }
      if let at = row.silencedUntil {
        display.facts.append(StoryFact("SILENCED", "until \(clock.short(at))", .textDim))
      }
      return display
    }
  }

  private static func cell(_ state: AlertState, isQuiet: Bool) -> DisplayCell {
    switch state {
    case .pending: DisplayCell("◔ pending", .stateWaiting)
    case .firing: DisplayCell("! firing", isQuiet ? .stateWarn : .stateFailed)
    case .resolved: DisplayCell("· resolved", .muted)
    }
  }
}
