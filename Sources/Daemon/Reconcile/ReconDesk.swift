package import CoreMetrics
package import Logging
package import Market
package import Postgres
package import Store
package import Stripe

/// What reconciliation works with.
package struct ReconDesk: Sendable {
  package var pool: PostgresPool
  package var stripe: StripeClient
  package var settings: ReconcileSettings
  package var telemetry: ReconTelemetry
  package var logger: Logger
  /// Wakes the workers of a kind, in this process and elsewhere.
  package var wake: @Sendable (JobKind) -> Void
  /// Our clock.
  package var now: @Sendable () -> Instant
  /// Told whatever a run finds: for a person who asked for it.
  package var tell: @Sendable (ReconNote) -> Void

  package init(
    pool: PostgresPool, stripe: StripeClient, settings: ReconcileSettings, telemetry: ReconTelemetry, logger: Logger,
    wake: @escaping @Sendable (JobKind) -> Void, now: @escaping @Sendable () -> Instant,
    tell: @escaping @Sendable (ReconNote) -> Void = { _ in }
  ) {
    self.pool = pool
    self.stripe = stripe
    self.settings = settings
    self.telemetry = telemetry
    self.logger = logger
    self.wake = wake
    self.now = now
    self.tell = tell
  }

  /// How long a run is its process': longer than one page can take.
  var lease: Lease { Lease(for: stripe.configuration.deadline + .seconds(15)) }
}

/// One thing that a run found.
package enum ReconNote: Sendable, CustomStringConvertible {
  /// An event that never came.
  case event(id: String, type: String, created: Instant?)
  case difference(Difference)
  /// An object that has to be asked for by itself.
  case recheck(String)

  package var description: String {
    switch self {
    case .event(let id, let type, let created):
      "missed event  \(id)  \(type)" + (created.map { "  of \($0)" } ?? "")
    case .difference(let found):
      "\(found.heals ? "difference " : "break      ")  \(found.kind.rawValue)  \(found.subject)  \(found.detail)"
        + (found.heals ? "; to be healed" : "")
    case .recheck(let id): "to be asked for  \(id)"
    }
  }
}

/// What reconciliation counts.
package struct ReconTelemetry: Sendable {
  package static let help = [
    "gkm_reconcile_runs_total": "Runs of reconciliation, by kind and outcome.",
    "gkm_reconcile_looked_total": "Events, objects and balance lines held against ours, by kind.",
    "gkm_reconcile_missed_events_total": "Events that never came and were fetched.",
    "gkm_reconcile_differences_total": "Differences between Stripe and us, by kind of break.",
    "gkm_reconcile_healed_total": "Breaks whose difference is gone.",
    "gkm_reconcile_last_good_seconds": "Since the last good run, by kind; absent before the first.",
    "gkm_reconcile_failures": "Failures of the present run since it last came forward, by kind.",
    "gkm_breaks_open": "Breaks that somebody has to see to.",
    "gkm_break_oldest_seconds": "How long the oldest open break is open.",
  ]

  private let factory: any MetricsFactory
  let missedEvents: Counter
  let healed: Counter

  package init(factory: any MetricsFactory = MetricsSystem.factory) {
    self.factory = factory
    missedEvents = Counter(label: "gkm_reconcile_missed_events_total", dimensions: [], factory: factory)
    healed = Counter(label: "gkm_reconcile_healed_total", dimensions: [], factory: factory)
  }

  func ended(_ kind: ReconKind, _ outcome: String) {
    Counter(
      label: "gkm_reconcile_runs_total", dimensions: [("kind", kind.rawValue), ("outcome", outcome)], factory: factory
    ).increment()
  }

  func looked(_ kind: ReconKind, at count: Int) {
    Counter(label: "gkm_reconcile_looked_total", dimensions: [("kind", kind.rawValue)], factory: factory)
      .increment(by: count)
  }

  func found(_ differences: [Difference]) {
    for (kind, list) in Dictionary(grouping: differences, by: \.kind) {
      Counter(label: "gkm_reconcile_differences_total", dimensions: [("kind", kind.rawValue)], factory: factory)
        .increment(by: list.count)
    }
  }

  func show(_ health: ReconHealth) {
    func gauge(_ label: String, _ dimensions: [(String, String)], _ value: Double) {
      Meter(label: label, dimensions: dimensions, factory: factory).set(value)
    }
    for kind in health.kinds {
      let name = [("kind", kind.kind.rawValue)]
      if let since = kind.sinceLastGood { gauge("gkm_reconcile_last_good_seconds", name, since.inSeconds) }
      gauge("gkm_reconcile_failures", name, Double(kind.failures))
    }
    gauge("gkm_breaks_open", [], Double(health.openBreaks))
    gauge("gkm_break_oldest_seconds", [], health.oldestBreak?.inSeconds ?? 0)
  }
}

extension Duration {
  var inSeconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}
