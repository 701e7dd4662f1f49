package import Market
package import Store
import Terminal

package enum ImportsScreen: ListScreen {
  package static let title = "Imports"
  package static let emptyText = "No imports."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("vendor", least: 8, rank: 1), .init("listing", .right, rank: 4),
    .init("title", least: 12, rank: 2), .init("source", least: 10, rank: 3), .init("state"), .init("rows", .right),
    .init("done", .right, rank: 5), .init("accepted", .right), .init("refused", .right), .init("created_at"),
  ]

  package static func columns(for role: Role?) -> [Column] {
    let vendor = [Column("vendor", "VENDOR", .flexible(minimum: 8, weight: 1), rank: 3)]
    return [Column("id", "IMPORT", .fixed(7), .right, rank: 2)] + (role == .vendor ? [] : vendor) + [
      Column("title", "PRODUCT", .flexible(minimum: 14, weight: 3)),
      Column("source", "FILE", .flexible(minimum: 10, weight: 2), rank: 4), Column("state", "STATE", .fixed(11)),
      Column("rows", "ROWS", .fixed(8), .right), Column("accepted", "TAKEN", .fixed(8), .right),
      Column("refused", "REFUSED", .fixed(8), .right, rank: 1), Column("at", "AT", .fixed(14), rank: 2),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: ImportRow.self).map { row in
      let vendor = role == .vendor ? [] : [DisplayCell(row.vendor, .textDim)]
      let cells = [DisplayCell(String(row.id), .textDim)] + vendor
      let rest = [
        DisplayCell(row.title), DisplayCell(row.source, .textDim), state(row), DisplayCell(String(row.rows)),
        DisplayCell(row.state == .queued ? "\(percent(row)) %" : String(row.accepted)),
        DisplayCell(row.refused == 0 ? "" : String(row.refused), row.refused == 0 ? .textDim : .stateWarn),
        DisplayCell(clock.short(row.createdAt), .textDim),
      ]
      var display = DisplayRow(
        id: row.id, version: row.version, cells: cells + rest, target: .stockImport(row.id), copyText: String(row.id),
        detail: .stockImport(row.state))
      display.facts = facts(row)
      return display
    }
  }

  private static func percent(_ row: ImportRow) -> Int64 { row.rows == 0 ? 0 : row.done * 100 / row.rows }

  static func state(_ row: ImportRow) -> DisplayCell {
    switch row.state {
    case .uploading: DisplayCell("↑ uploading", .stateWaiting)
    case .queued: DisplayCell("… working", .stateWaiting)
    case .imported: row.accepted > 0 ? DisplayCell("● imported", .stateOk) : DisplayCell("▾ none", .stateWarn)
    case .checked: DisplayCell("◌ checked", .textDim)
    case .failed: DisplayCell("✗ failed", .stateFailed)
    case .cancelled: DisplayCell("– cancelled", .textDim)
    }
  }

  static func facts(_ row: ImportRow) -> [StoryFact] {
    var facts = [
      StoryFact("Listing", "\(row.listing) \(row.title)"), StoryFact("File", row.source),
      StoryFact("Lines", String(row.rows)),
      StoryFact(row.isDryRun ? "Would take" : "Taken", String(row.accepted), row.accepted > 0 ? .stateOk : .stateWarn),
    ]
    let refused: [(StockVerdict, Int64)] = [
      (.repeated, row.repeated), (.yours, row.yours), (.review, row.review), (.malformed, row.malformed),
      (.tooLong, row.tooLong),
    ]
    let words = refused.filter { $0.1 > 0 }.map { "\($0.1) \($0.0.title)" }
    if !words.isEmpty { facts.append(StoryFact("Not taken", words.joined(separator: ", "), .stateWarn)) }
    if let problem = row.problem { facts.append(StoryFact("Problem", problem, .stateFailed)) }
    if let by = row.importedBy { facts.append(StoryFact("By", by)) }
    return facts
  }
}

/// An import as a story: what became of the lines that were not taken.
package enum ImportTimeline {
  /// Ranges that are shown; the others are in `gkm stock verdicts`.
  static let limit = 500

  package static func reading(
    _ row: ImportRow, _ verdicts: [VerdictRange], role: Role, clock: ClockFormat
  ) -> StoryReading {
    let state = ImportsScreen.state(row)
    let lines = verdicts.filter { !$0.verdict.isTaken }.map { range in
      let place = range.first == range.last ? "line \(range.first)" : "lines \(range.first) to \(range.last)"
      return StoryLine(
        key: "v\(range.first)", time: "", symbol: "✗", style: .stateWarn, title: place, detail: range.verdict.title,
        copyText: "\(place): \(range.verdict.title)")
    }
    let isOver = row.state == .imported || row.state == .checked
    let all = StoryLine(
      key: "all", time: "", symbol: "●", style: .stateOk, title: "every line was taken", detail: "",
      copyText: String(row.id))
    return StoryReading(
      header: [StoryFact("State", state.text, state.style)] + ImportsScreen.facts(row),
      lines: lines.isEmpty && isOver && row.accepted > 0 ? [all] : lines,
      row: ImportsScreen.display(ListPage(.imports, [row]), role: role, clock: clock).first)
  }
}
