package import Market
package import Store
import Terminal

package enum WorkersScreen: ListScreen {
  package static let title = "Workers"
  package static let emptyText = "No daemon ever ran."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("host", least: 8), .init("pid", .right), .init("state"), .init("parts", rank: 2),
    .init("holding", least: 12), .init("silent_seconds", .right), .init("clock_offset_ms", .right, rank: 1),
    .init("redis_down_since", rank: 3), .init("stripe_failures", .right, rank: 4),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("host", "HOST", .flexible(minimum: 10, weight: 1)), Column("pid", "PID", .fixed(8), .right),
      Column("state", "STATE", .fixed(11)), Column("seen", "SEEN", .fixed(8), .right),
      Column("holding", "HOLDS", .flexible(minimum: 14, weight: 2)),
      Column("parts", "PARTS", .flexible(minimum: 12, weight: 2), rank: 2),
      Column("remarks", "REMARKS", .flexible(minimum: 12, weight: 2), rank: 1),
      Column("started", "SINCE", .fixed(14), rank: 3),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: WorkerRow.self).map { row in
      let remarks = remarks(row)
      return DisplayRow(
        id: row.id,
        cells: [
          DisplayCell(row.host), DisplayCell(String(row.pid), .textDim), cell(row.state),
          DisplayCell(Duration.seconds(row.silentSeconds).briefly, .textDim),
          DisplayCell(row.holding.isEmpty ? "–" : row.holding), DisplayCell(row.parts, .textDim),
          DisplayCell(remarks, remarks.isEmpty ? .textDim : .stateWarn),
          DisplayCell(clock.short(row.startedAt), .textDim),
        ], copyText: "\(row.host):\(row.pid)")
    }
  }

  private static func remarks(_ row: WorkerRow) -> String {
    guard row.state == .running || row.state == .draining else { return "" }
    var words: [String] = []
    if row.redisDownSince != nil { words.append("no Redis") }
    if row.stripeFailures > 0 { words.append("Stripe failed \(row.stripeFailures)×") }
    if abs(row.clockOffset.milliseconds) >= 1_000 { words.append("clock off by \(row.clockOffset.milliseconds) ms") }
    return words.joined(separator: ", ")
  }

  private static func cell(_ state: WorkerState) -> DisplayCell {
    switch state {
    case .running: DisplayCell("● running", .stateOk)
    case .draining: DisplayCell("◔ draining", .stateWaiting)
    case .stopped: DisplayCell("· stopped", .muted)
    case .gone: DisplayCell("✗ gone", .stateFailed)
    }
  }
}
