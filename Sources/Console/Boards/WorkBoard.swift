import Market
package import Store
import Terminal

/// Workers' queues and dead letters as a board.
package enum WorkBoard {
  package static func lines(_ work: WorkReading, clock: ClockFormat) -> [BoardLine] {
    let dead =
      work.dead.isEmpty
      ? [BoardLine("none dead", "None", "", .stateOk)]
      : work.dead.map { letters in
        BoardLine(
          "dead \(letters.kind) \(letters.problem)", letters.kind, "✗ \(PulseBoard.counted(letters.count))",
          .stateFailed,
          note: "\(clock.short(letters.lastAt))  \(letters.problem) (last: \(letters.lastSubject))",
          target: .place(.list(.dead), filter: "state:dead kind:\(letters.kind)"))
      }
    return [.heading("Queues: due")] + work.queues.map(line) + [.heading("Given up")] + dead
  }

  private static func line(_ queue: WorkReading.Queue) -> BoardLine {
    let isLate = queue.oldestDue ?? .zero > .seconds(30)
    var notes: [String] = []
    if let oldest = queue.oldestDue { notes.append("oldest due for \(oldest.briefly)") }
    if queue.leased > 0 { notes.append("\(queue.leased) in hand") }
    if queue.later > 0 { notes.append("\(queue.later) for later") }
    if queue.mostAttempts > 3 { notes.append("up to \(queue.mostAttempts) tries") }
    return BoardLine(
      "queue \(queue.kind)", queue.kind, isLate ? "! \(queue.due)" : String(queue.due),
      isLate ? .stateWarn : queue.due == 0 ? .stateOk : .text,
      note: notes.isEmpty ? "nothing to do" : notes.joined(separator: ", "))
  }
}
