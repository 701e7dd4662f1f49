import Market
import Store
import Terminal

/// What fires, at the head of the pulse: what concerns everything first, and listings that run low in one line.
enum AlertLines {
  /// Whatever stops all orders comes before what slows some, and that before what concerns one listing.
  private static let order: [AlertRule] = [
    .smtp, .slo, .stripe, .webhooks, .daemons, .sealer, .backlog, .redis, .deadLetters, .quarantined, .reconciliation,
    .breaks, .bounces, .parked, .signatures, .clock, .lowStock,
  ]

  static func lines(_ alerts: [FiringAlert]) -> [BoardLine] {
    guard !alerts.isEmpty else { return [] }
    let low = alerts.filter { $0.rule == AlertRule.lowStock.rawValue }
    let folded = low.count > 1 ? alerts.filter { $0.rule != AlertRule.lowStock.rawValue } : alerts
    let sorted = folded.enumerated().sorted { one, other in
      (one.element.isAcknowledged ? 1 : 0, rank(one.element), one.offset)
        < (other.element.isAcknowledged ? 1 : 0, rank(other.element), other.offset)
    }
    return [.heading("Alerts")] + sorted.map { line($0.element) } + (low.count > 1 ? [line(of: low)] : [])
  }

  private static func rank(_ alert: FiringAlert) -> Int {
    order.firstIndex { $0.rawValue == alert.rule } ?? order.count
  }

  private static func line(_ alert: FiringAlert) -> BoardLine {
    let about = alert.subject.isEmpty ? alert.rule : "\(alert.rule) \(alert.subject)"
    return line(about, alert.age, isKnown: alert.isAcknowledged, alert.detail, filter: "state:firing")
  }

  private static func line(of low: [FiringAlert]) -> BoardLine {
    line(
      "\(AlertRule.lowStock.rawValue), \(low.count) listings", low.reduce(.zero) { max($0, $1.age) },
      isKnown: low.allSatisfy(\.isAcknowledged), low.map(\.detail).joined(separator: "; "),
      filter: "state:firing rule:\(AlertRule.lowStock.rawValue)")
  }

  private static func line(
    _ about: String, _ age: Duration, isKnown: Bool, _ detail: String, filter: String
  ) -> BoardLine {
    var line = BoardLine(
      "alert \(about)", about, "! for \(age.roughly)", isKnown ? .stateWarn : .stateFailed, note: detail,
      target: .place(.list(.alerts), filter: filter))
    line.isProse = true
    return line
  }
}
