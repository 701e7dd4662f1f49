package import Market
package import Store
import Terminal

package enum NoticesScreen: ListScreen {
  package static let title = "Notices"
  package static let emptyText = "Nobody was told anything."

  package static let textColumns: [TextTable.Column] = [
    .init("id", .right), .init("audience"), .init("channel"), .init("template", least: 10), .init("order", rank: 1),
    .init("vendor", rank: 2), .init("state"), .init("attempts", .right, rank: 2),
    .init("last_reply", least: 14, rank: 1), .init("created_at", rank: 3),
  ]

  package static func columns(for role: Role?) -> [Column] {
    [
      Column("state", "STATE", .fixed(11)), Column("audience", "FOR", .fixed(8)),
      Column("channel", "BY", .fixed(8)), Column("template", "NOTICE", .flexible(minimum: 14, weight: 2)),
      Column("about", "ABOUT", .flexible(minimum: 16, weight: 2)),
      Column("attempts", "TRIES", .fixed(5), .right, rank: 2), Column("created", "ASKED", .fixed(14), rank: 1),
      Column("reply", "REPLY", .flexible(minimum: 14, weight: 3), rank: 3),
    ]
  }

  package static func display(_ page: ListPage, role: Role, clock: ClockFormat) -> [DisplayRow] {
    page.rows(as: NoticeRow.self).map { row in
      var display = DisplayRow(
        id: row.id, version: row.version,
        cells: [
          StateStyle.cell(row.state), DisplayCell(row.audience.rawValue), DisplayCell(row.channel.rawValue),
          DisplayCell(row.template), DisplayCell(row.order ?? row.vendor ?? "", .textDim),
          DisplayCell(String(row.attempts), row.attempts > 1 ? .stateWarn : .text),
          DisplayCell(clock.short(row.createdAt), .textDim), DisplayCell(row.lastReply ?? "", .textDim),
        ], target: row.order.map { .order($0) }, copyText: row.messageID ?? row.order ?? "")
      if let id = row.messageID { display.facts.append(StoryFact("MESSAGE", id, .textDim)) }
      if let version = row.templateVersion { display.facts.append(StoryFact("TEMPLATE", version, .textDim)) }
      if let at = row.nextAttemptAt { display.facts.append(StoryFact("NEXT TRY", clock.precise(at), .textDim)) }
      if let at = row.sentAt { display.facts.append(StoryFact("SENT", clock.precise(at), .textDim)) }
      if let endpoint = row.endpoint { display.facts.append(StoryFact("ENDPOINT", String(endpoint), .textDim)) }
      return display
    }
  }
}

extension StateStyle {
  package static func cell(_ state: NoticeState) -> DisplayCell {
    switch state {
    case .pending: DisplayCell("○ pending", .stateWaiting)
    case .sending: DisplayCell("◑ sending", .stateWaiting)
    case .sent: DisplayCell("● sent", .stateOk)
    case .retrying: DisplayCell("↻ retrying", .stateWarn)
    case .failed: DisplayCell("✗ failed", .stateFailed)
    case .cancelled: DisplayCell("· cancelled", .muted)
    case .bounced: DisplayCell("✗ bounced", .stateFailed)
    }
  }
}
