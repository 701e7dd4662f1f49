import Market
package import Store
import Terminal

/// The pulse as a board: each figure leads to the list that it counts.
package enum PulseBoard {
  package static func lines(_ pulse: Pulse, alerts: [FiringAlert] = []) -> [BoardLine] {
    let reach = pulse.isSampleFull ? ", as far as the newest orders reach" : ""
    return AlertLines.lines(alerts) + [.heading("Last hour\(reach)")] + flow(pulse)
      + [.heading("To look after")] + care(pulse)
      + [.heading("Stock")] + stock(pulse)
  }

  private static func flow(_ pulse: Pulse) -> [BoardLine] {
    func rate(_ key: String, _ label: String, _ series: [Int], filter: String) -> BoardLine {
      let total = series.reduce(0, +)
      return BoardLine(
        key, label, "\(total)", note: "\(series.last ?? 0) this minute", series: series,
        target: .place(.list(.orders), filter: filter))
    }
    return [
      rate("placed", "Orders placed", pulse.placed, filter: "since:1h"),
      rate("paid", "Paid", pulse.paid, filter: "since:1h"),
      rate("delivered", "Delivered", pulse.delivered, filter: "since:1h state:delivered"),
      BoardLine(
        "median", "Payment to key, median", pulse.deliveryMedian?.briefly ?? "–",
        speedStyle(pulse.deliveryMedian, limit: .seconds(5)), target: .place(.list(.deliveries), filter: "since:1h")),
      BoardLine(
        "slow", "Payment to key, p99", pulse.deliverySlow?.briefly ?? "–",
        speedStyle(pulse.deliverySlow, limit: .seconds(30)), note: "promised: under 30 s",
        target: .place(.list(.deliveries), filter: "since:1h")),
    ]
  }

  private static func care(_ pulse: Pulse) -> [BoardLine] {
    func order(_ state: OrderState, _ label: String) -> BoardLine {
      count(
        "order \(state.rawValue)", label, pulse.orders[state.rawValue] ?? 0,
        target: .place(.list(.orders), filter: "state:\(state.rawValue)"))
    }
    let waiting = ["pending", "sending"].reduce(0) { $0 + (pulse.deliveries[$1] ?? 0) }
    return [
      order(.held, "Orders held"), order(.unfulfillable, "Paid, without stock"), order(.disputed, "Disputed"),
      count(
        "retrying", "Deliveries retrying", pulse.deliveries["retrying"] ?? 0,
        target: .place(.list(.deliveries), filter: "state:retrying")),
      count(
        "failed", "Deliveries failed", pulse.deliveries["failed"] ?? 0, style: .stateFailed,
        target: .place(.list(.deliveries), filter: "state:failed")),
      BoardLine(
        "sending", "Deliveries on their way", counted(waiting),
        target: .place(.list(.deliveries), filter: "state:pending,sending")),
      BoardLine(
        "due", "Jobs due", counted(pulse.jobsDue), pulse.oldestDue ?? .zero > .seconds(30) ? .stateWarn : .text,
        note: pulse.oldestDue.map { "the oldest for \($0.briefly)" } ?? "", target: .place(.board(.work), filter: "")),
      count(
        "dead", "Jobs given up", pulse.deadJobs, style: .stateFailed, target: .place(.board(.work), filter: "")),
      count(
        "quarantined", "Stripe events quarantined", pulse.quarantinedEvents, style: .stateFailed,
        target: .place(.list(.audit), filter: "action:stripe.event.quarantined")),
      BoardLine("parked", "Stripe events waiting for their order", counted(pulse.parkedEvents)),
    ] + (pulse.sealing.map { [sealing($0)] } ?? [])
  }

  private static func sealing(_ lag: SealLag) -> BoardLine {
    BoardLine(
      "sealing", "Oldest audit event not sealed", lag.waiting == .zero ? "–" : lag.waiting.briefly,
      lag.waiting > .seconds(60) ? .stateFailed : .stateOk, note: "\(lag.treeSize) under the newest head",
      target: .place(.list(.audit), filter: ""))
  }

  private static func stock(_ pulse: Pulse) -> [BoardLine] {
    [
      count(
        "empty", "Active listings sold out", pulse.emptyListings, style: .stateFailed,
        target: .place(.list(.stock), filter: "state:empty")),
      count(
        "low", "Active listings running low", max(0, pulse.lowListings - pulse.emptyListings),
        target: .place(.list(.stock), filter: "state:low")),
    ]
  }

  /// A number that should be nought: with a sign where it is not.
  private static func count(
    _ key: String, _ label: String, _ value: Int, style: StyleID = .stateWarn, target: Route?
  ) -> BoardLine {
    BoardLine(
      key, label, value == 0 ? "0" : "\(style == .stateFailed ? "✗" : "!") \(counted(value))",
      value == 0 ? .stateOk : style, target: target)
  }

  static func counted(_ value: Int) -> String { value >= Pulse.countLimit ? "\(value)+" : String(value) }

  private static func speedStyle(_ speed: Duration?, limit: Duration) -> StyleID {
    guard let speed else { return .muted }
    return speed > limit ? .stateFailed : .stateOk
  }
}

extension Duration {
  /// `840 ms`, `2.4 s`, `3 min`, `5 h`, `4 days`.
  var briefly: String {
    let milliseconds = self.milliseconds
    switch milliseconds {
    case ..<1_000: return "\(milliseconds) ms"
    case ..<60_000: return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    default: return roughly
    }
  }

  /// `54 s`, `3 min`, `5 h`, `4 days`: as one says for how long something goes on.
  var roughly: String {
    let seconds = milliseconds / 1_000
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<7_200: return "\(seconds / 60) min"
    case ..<172_800: return "\(seconds / 3_600) h"
    default: return "\(seconds / 86_400) days"
    }
  }
}
