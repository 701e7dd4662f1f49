package import Market
package import Store
import Terminal

package enum DeadLetterScreen: ListScreen {
  package static let title = "Dead letters"
  package static let emptyText = "No job was given up."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("died_at"), .init("kind"), .init("subject", least: 12),
    .init("attempts", .right, rank: 1),
    .init("problem", least: 16),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("kind", "KIND", .fixed(14)), Column("died", "GIVEN UP", .fixed(14), rank: 1),
      Column("attempts", "TRIES", .fixed(5), .right, rank: 2),
      Column("state", "STATE", .fixed(12), rank: 1),
      Column("subject", "SUBJECT", .flexible(minimum: 16, weight: 2), rank: 1),
      Column("problem", "PROBLEM", .flexible(minimum: 18, weight: 4)),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: DeadLetterRow.self).map { row in
      var display = DisplayRow(
        id: row.id,
        cells: [
          DisplayCell(row.kind), DisplayCell(clock.short(row.diedAt), .textDim), DisplayCell(String(row.attempts)),
          row.redrivenAt == nil ? DisplayCell("✗ waiting", .stateFailed) : DisplayCell("↻ redriven", .stateNeutral),
          DisplayCell(row.subject, .textDim),
          DisplayCell(row.problem, row.redrivenAt == nil ? .stateWarn : .textDim),
        ], copyText: row.subject, detail: .deadLetter(isRedriven: row.redrivenAt != nil))
      display.facts = [StoryFact("QUEUED", clock.precise(row.createdAt), .textDim)]
      if let at = row.redrivenAt, let by = row.redrivenBy {
        display.facts.append(StoryFact("REDRIVEN", "\(clock.short(at)) by \(by)", .textDim))
      }
      return display
    }
  }
}
