package import Market
package import Store
import Terminal

package enum DeadLetterScreen: ListScreen {
  package static let title = "Dead letters"
  package static let emptyText = "No job was given up."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("died_at"), .init("kind"), .init("state", rank: 2), .init("subject", least: 12),
    .init("attempts", .right, rank: 1),
    .init("problem", least: 16),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("kind", "KIND", .fixed(14)), Column("state", "STATE", .fixed(11)),
      Column("died", "GIVEN UP", .fixed(14), rank: 1),
      Column("attempts", "TRIES", .fixed(5), .right, rank: 2),
      Column("subject", "SUBJECT", .flexible(minimum: 16, weight: 2), rank: 1),
      Column("problem", "PROBLEM", .flexible(minimum: 18, weight: 4)),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: DeadLetterRow.self).map { row in
      var display = DisplayRow(
        id: row.id, version: row.version,
        cells: [
          DisplayCell(row.kind), StateStyle.cell(row.state), DisplayCell(clock.short(row.diedAt), .textDim),
          DisplayCell(String(row.attempts)),
          DisplayCell(row.subject, .textDim), DisplayCell(row.problem, row.state == .dead ? .stateFailed : .textDim),
        ], copyText: row.subject, detail: .deadLetter(row.state))
      display.facts = [StoryFact("QUEUED", clock.precise(row.createdAt), .textDim)]
      if let at = row.settledAt, let by = row.settledBy {
        display.facts.append(StoryFact("SETTLED", "\(clock.short(at)) by \(by)", .textDim))
      }
      return display
    }
  }
}
