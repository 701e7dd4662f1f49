package import CoreMetrics

/// The names of the daemon's own metrics, and the instruments that are used on every request.
///
/// Each goes through swift-metrics to whatever backend the process has; `gkmd serve` gives it a `PrometheusRegistry`.
package struct Telemetry: Sendable {
  package static let help = [
    "gkm_intake_events_total": "Webhook requests by outcome.",
    "gkm_intake_seconds": "From the end of a signed body to its answer.",
    "gkm_intake_batch_events": "Events stored by one statement.",
    "gkm_intake_queue": "Events waiting for a lane.",
    "gkm_checkout_total": "Checkouts by outcome.",
    "gkm_checkout_seconds": "From a valid request to its answer, Stripe included.",
    "gkm_reservation_seconds": "From a valid request to its stock being held.",
    "gkm_reservation_conflicts_total": "Reservations that lost a race for the stock's version and tried again.",
    "gkm_reservations_expired_total": "Reservations released because nobody paid.",
    "gkm_reveals_total": "Requests to show a key, by outcome.",
    "gkm_http_requests_total": "HTTP requests by route and status.",
    "gkm_redis_circuit_open": "1 while Redis is left alone because it failed.",
    "gkm_database_connections": "Connections to PostgreSQL, by pool and state.",
    "gkm_database_waiters": "Callers waiting for a connection, by pool.",
    "gkm_jobs": "Jobs in the queue by kind and state.",
    "gkm_work_paused": "Whether somebody paused the kind of work.",
    "gkm_job_oldest_seconds": "How long the oldest due job has waited, by kind.",
    "gkm_paid_to_confirmed_seconds": "From paid to the mail server's acceptance.",
    "gkm_alerts_firing": "Alerts that fire, by rule.",
    "gkm_ready": "1 while the daemon takes requests.",
  ]

  /// How an event's request ended.
  package enum IntakeOutcome: String, CaseIterable, Sendable {
    case stored, seen, duplicate, quarantined, refused, tooOld = "too_old", tooNew = "too_new", tooLarge = "too_large"
    case unavailable, overloaded
  }

  package enum CheckoutOutcome: String, CaseIterable, Sendable {
    case created, invalid, soldOut = "sold_out", stockChanged = "stock_changed", stockBusy = "stock_busy"
    case unknownListing = "unknown_listing", refusedByStripe = "refused_by_stripe", unavailable, limited
    case repeated
  }

  package enum RevealOutcome: String, CaseIterable, Sendable {
    case shown, refused, unknown, limited, failed
  }

  package let factory: any MetricsFactory
  private let intake: [IntakeOutcome: Counter]
  private let checkout: [CheckoutOutcome: Counter]
  private let reveal: [RevealOutcome: Counter]
  package let intakeSeconds: CoreMetrics.Timer
  package let intakeBatch: Recorder
  package let checkoutSeconds: CoreMetrics.Timer
  package let reservationSeconds: CoreMetrics.Timer
  package let reservationConflicts: Counter
  package let reservationsExpired: Counter

  package init(factory: any MetricsFactory = MetricsSystem.factory) {
    self.factory = factory
    func counters<Outcome: RawRepresentable<String> & CaseIterable & Hashable>(_ label: String) -> [Outcome: Counter] {
      Dictionary(
        uniqueKeysWithValues: Outcome.allCases.map {
          ($0, Counter(label: label, dimensions: [("outcome", $0.rawValue)], factory: factory))
        })
    }
    intake = counters("gkm_intake_events_total")
    checkout = counters("gkm_checkout_total")
    reveal = counters("gkm_reveals_total")
    intakeSeconds = CoreMetrics.Timer(label: "gkm_intake_seconds", dimensions: [], factory: factory)
    intakeBatch = Recorder(label: "gkm_intake_batch_events", dimensions: [], aggregate: true, factory: factory)
    checkoutSeconds = CoreMetrics.Timer(label: "gkm_checkout_seconds", dimensions: [], factory: factory)
    reservationSeconds = CoreMetrics.Timer(label: "gkm_reservation_seconds", dimensions: [], factory: factory)
    reservationConflicts = Counter(label: "gkm_reservation_conflicts_total", dimensions: [], factory: factory)
    reservationsExpired = Counter(label: "gkm_reservations_expired_total", dimensions: [], factory: factory)
  }

  package func count(_ outcome: IntakeOutcome, by amount: Int = 1) { intake[outcome]?.increment(by: amount) }
  package func count(_ outcome: CheckoutOutcome) { checkout[outcome]?.increment() }
  package func count(_ outcome: RevealOutcome) { reveal[outcome]?.increment() }

  /// Sets a gauge that is read now and then.
  package func gauge(_ label: String, _ dimensions: [(String, String)] = [], _ value: Double) {
    Meter(label: label, dimensions: dimensions, factory: factory).set(value)
  }
}

extension CoreMetrics.Timer {
  /// Records the time since `start`.
  package func record(since start: ContinuousClock.Instant) {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
