import Market
package import Store
import Terminal

/// Workers' queues and dead letters as a board.
package enum WorkBoard {
  package static func lines(
    _ work: [WorkOverview], dead: [DeadLetterSummary], clock: ClockFormat
  ) -> [BoardLine] {
    let letters =
      dead.isEmpty
      ? [BoardLine("none dead", "None", "", .stateOk)]
      : dead.map { letters in
        BoardLine(
          "dead \(letters.kind) \(letters.problem)", letters.kind, "✗ \(PulseBoard.counted(letters.count))",
          .stateFailed,
          note: "\(clock.short(letters.lastAt))  \(letters.problem) (last: \(letters.lastSubject))",
          target: .place(.list(.dead), filter: "state:dead kind:\(letters.kind)"))
      }
    let queues = work.sorted { $0.kind < $1.kind }.map(line)
    return [.heading("Queues: due")] + queues + [.heading("Given up")] + letters
  }

  private static func line(_ queue: WorkOverview) -> BoardLine {
    let isLate = queue.oldestDue > .seconds(30)
    var notes: [String] = []
    if let by = queue.pausedBy { notes.append("paused by \(by): \(queue.pauseReason ?? "")") }
    if queue.due > 0 { notes.append("oldest due for \(queue.oldestDue.briefly)") }
    if queue.underWay > 0 { notes.append("\(queue.underWay) in hand") }
    if queue.later > 0 { notes.append("\(queue.later) for later") }
    if queue.mostAttempts > 3 { notes.append("up to \(queue.mostAttempts) tries") }
    return BoardLine(
      "queue \(queue.kind)", queue.kind, isLate ? "! \(queue.due)" : String(queue.due),
      isLate || queue.pausedAt != nil ? .stateWarn : queue.due == 0 ? .stateOk : .text,
      note: notes.isEmpty ? "nothing to do" : notes.joined(separator: ", "),
      target: .place(.list(.jobs), filter: "kind:\(queue.kind)"))
  }
}
