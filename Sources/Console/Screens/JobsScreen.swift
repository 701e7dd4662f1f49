package import Market
package import Store
import Terminal

package enum JobsScreen: ListScreen {
  package static let title = "Jobs"
  package static let emptyText = "The queue is empty."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("kind"), .init("subject", least: 12), .init("state"),
    .init("priority", .right, rank: 3), .init("attempts", .right, rank: 1), .init("run_at"),
    .init("created_at", rank: 2),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("id", "JOB", .fixed(9), .right), Column("kind", "KIND", .fixed(14)),
      Column("subject", "ABOUT", .flexible(minimum: 14, weight: 1)), Column("state", "STATE", .fixed(11)),
      Column("attempts", "TRIES", .fixed(5), .right, rank: 2), Column("run", "RUNS AT", .fixed(14), rank: 1),
      Column("created", "QUEUED", .fixed(14), rank: 3),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: JobRow.self).map { row in
      DisplayRow(
        id: row.id,
        cells: [
          DisplayCell(String(row.id), .textDim), DisplayCell(row.kind), DisplayCell(row.subject, .textDim),
          StateStyle.cell(row.state), DisplayCell(String(row.attempts), row.attempts > 1 ? .stateWarn : .text),
          DisplayCell(clock.short(row.runAt), .textDim), DisplayCell(clock.short(row.createdAt), .textDim),
        ], copyText: row.subject)
    }
  }
}

extension StateStyle {
  package static func cell(_ state: JobState) -> DisplayCell {
    switch state {
    case .due: DisplayCell("○ due", .stateWaiting)
    case .waiting: DisplayCell("◔ waiting", .stateNeutral)
    case .underWay: DisplayCell("◑ under way", .stateWaiting)
    }
  }

  package static func cell(_ state: DeadLetterState) -> DisplayCell {
    switch state {
    case .dead: DisplayCell("✗ dead", .stateFailed)
    case .redriven: DisplayCell("↻ redriven", .stateOk)
    case .discarded: DisplayCell("· discarded", .muted)
    }
  }
}
