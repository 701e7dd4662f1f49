import CoreMetrics
import Market
import Store

/// What the sealer counts.
struct SealTelemetry: Sendable {
  static let help = [
    "gkm_seal_events_total": "Audit events sealed.",
    "gkm_seal_heads_total": "Heads signed.",
    "gkm_seal_step_seconds": "One step: from looking for events to the commit of their head.",
    "gkm_seal_tree_size": "Events under the newest head.",
    "gkm_seal_waiting_seconds": "How long the oldest unsealed event has waited.",
    "gkm_seal_working": "1 while this process seals; 0 while it waits for another one, or for the database.",
    "gkm_seal_published_total": "Heads sent away, by where to and outcome.",
    "gkm_seal_published_size": "Events under the newest head that was sent away, by where to.",
  ]

  private let factory: any MetricsFactory
  private let events: Counter
  private let heads: Counter
  private let stepSeconds: CoreMetrics.Timer

  init(factory: any MetricsFactory = MetricsSystem.factory) {
    self.factory = factory
    events = Counter(label: "gkm_seal_events_total", dimensions: [], factory: factory)
    heads = Counter(label: "gkm_seal_heads_total", dimensions: [], factory: factory)
    stepSeconds = CoreMetrics.Timer(label: "gkm_seal_step_seconds", dimensions: [], factory: factory)
  }

  /// A head over so many more events was signed.
  func sealed(_ count: Int, since start: ContinuousClock.Instant) {
    events.increment(by: count)
    heads.increment()
    stepSeconds.record(since: start)
  }

  func isWorking(_ isWorking: Bool) { gauge("gkm_seal_working", [], isWorking ? 1 : 0) }

  func stands(_ lag: SealLag) {
    gauge("gkm_seal_tree_size", [], Double(lag.treeSize))
    gauge("gkm_seal_waiting_seconds", [], Double(lag.waiting.wholeMicroseconds) / 1_000_000)
  }

  func published(to name: String, size: Int?) {
    let outcome = size == nil ? "failed" : "sent"
    Counter(label: "gkm_seal_published_total", dimensions: [("to", name), ("outcome", outcome)], factory: factory)
      .increment()
    if let size { gauge("gkm_seal_published_size", [("to", name)], Double(size)) }
  }

  private func gauge(_ label: String, _ dimensions: [(String, String)], _ value: Double) {
    Meter(label: label, dimensions: dimensions, factory: factory).set(value)
  }
}
