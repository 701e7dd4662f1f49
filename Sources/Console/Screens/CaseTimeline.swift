package import Market
package import Store
import Terminal

/// A support case as a story: what was said, to whom and by whom.
package enum CaseTimeline {
  package static func reading(_ story: CaseStory, _ role: Role, clock: ClockFormat) -> StoryReading {
    StoryReading(
      header: header(story.row, clock), lines: lines(story, clock),
      row: CasesScreen.display(ListPage(.cases, [story.row]), role: role, clock: clock).first)
  }

  private static func header(_ row: CaseRow, _ clock: ClockFormat) -> [StoryFact] {
    let state = StateStyle.cell(row.state)
    var facts = [
      StoryFact("State", state.text, state.style), StoryFact("Kind", row.kind),
      StoryFact("Order", row.order ?? "–"), StoryFact("Vendor", row.vendor ?? "–"),
    ]
    if let priority = row.priority.map(StateStyle.cell) {
      facts.append(StoryFact("Priority", priority.text, priority.style))
      facts.append(StoryFact("Assignee", row.assignee ?? "nobody yet", row.assignee == nil ? .stateWarn : .text))
    }
    if let due = row.dueAt { facts.append(StoryFact("Due", clock.short(due))) }
    facts.append(
      StoryFact("Opened", clock.short(row.createdAt) + (row.openedBy.map { " by \($0)" } ?? ""), .textDim))
    return facts
  }

  private static func lines(_ story: CaseStory, _ clock: ClockFormat) -> [StoryLine] {
    story.messages.map { message in
      let author = message.author ?? message.authorRole
      let (symbol, style): (String, StyleID) =
        switch message.audience {
        case .internal: ("·", .text)
        case .customer: ("→", .key)
        case .vendor: ("→", .stateWaiting)
        }
      let audience = message.audience == .internal ? "among staff" : "with the \(message.audience.rawValue)"
      return StoryLine(
        key: "m\(message.id)", time: String(clock.short(message.at).prefix(11)), symbol: symbol, style: style,
        title: author, detail: message.body,
        full: ["\(clock.precise(message.at)), \(author) (\(message.authorRole)), \(audience)", "", message.body],
        copyText: message.body)
    }
  }
}
