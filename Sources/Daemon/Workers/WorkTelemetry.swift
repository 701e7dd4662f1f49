package import CoreMetrics
import Market
import Store

/// What the workers count.
package struct WorkTelemetry: Sendable {
  /// What each metric says, for the endpoint that shows them.
  package static let help = [
    "gkm_events_applied_total": "Stripe events taken from the queue, by what became of them.",
    "gkm_apply_seconds": "One batch of events, from claim to commit.",
    "gkm_apply_batch_events": "Events in one batch.",
    "gkm_deliveries_total": "Attempts to deliver, by how they ended.",
    "gkm_deliveries_waiting": "Deliveries prepared and not settled.",
    "gkm_send_seconds": "One mail, from its turn to the server's reply.",
    "gkm_paid_to_confirmed_seconds": "From paid to the mail server's acceptance.",
    "gkm_orders_delivered_total": "Orders of which every unit arrived.",
    "gkm_refunds_total": "Refund requests taken to Stripe, by what became of the try.",
    "gkm_notices_total": "Attempts to send a notice, by channel and how they ended.",
    "gkm_jobs_buried_total": "Jobs given up.",
    "gkm_leases_lost_total": "Results dropped because another worker had the job.",
    "gkm_alerts_total": "What somebody should look at, by reason.",
  ]

  package enum Applied: String, CaseIterable, Sendable {
    case applied, ignored, parked, quarantined
  }

  /// How one try to have Stripe give money back ended.
  package enum RefundTry: String, CaseIterable, Sendable {
    case accepted, refused, deferred
  }

  let factory: any MetricsFactory
  private let applied: [Applied: Counter]
  private let deliveries: [AttemptOutcome: Counter]
  private let refunds: [RefundTry: Counter]
  let applySeconds: CoreMetrics.Timer
  let applyBatch: Recorder
  let sendSeconds: CoreMetrics.Timer
  let paidToConfirmed: CoreMetrics.Timer
  let ordersDelivered: Counter
  let buried: Counter
  let leasesLost: Counter
  let waiting: Meter

  package init(factory: any MetricsFactory = MetricsSystem.factory) {
    self.factory = factory
    applied = Dictionary(
      uniqueKeysWithValues: Applied.allCases.map {
        ($0, Counter(label: "gkm_events_applied_total", dimensions: [("outcome", $0.rawValue)], factory: factory))
      })
    deliveries = Dictionary(
      uniqueKeysWithValues: AttemptOutcome.allCases.map {
        ($0, Counter(label: "gkm_deliveries_total", dimensions: [("outcome", $0.rawValue)], factory: factory))
      })
    refunds = Dictionary(
      uniqueKeysWithValues: RefundTry.allCases.map {
        ($0, Counter(label: "gkm_refunds_total", dimensions: [("outcome", $0.rawValue)], factory: factory))
      })
    applySeconds = CoreMetrics.Timer(label: "gkm_apply_seconds", dimensions: [], factory: factory)
    applyBatch = Recorder(label: "gkm_apply_batch_events", dimensions: [], aggregate: true, factory: factory)
    sendSeconds = CoreMetrics.Timer(label: "gkm_send_seconds", dimensions: [], factory: factory)
    paidToConfirmed = CoreMetrics.Timer(label: "gkm_paid_to_confirmed_seconds", dimensions: [], factory: factory)
    ordersDelivered = Counter(label: "gkm_orders_delivered_total", dimensions: [], factory: factory)
    buried = Counter(label: "gkm_jobs_buried_total", dimensions: [], factory: factory)
    leasesLost = Counter(label: "gkm_leases_lost_total", dimensions: [], factory: factory)
    waiting = Meter(label: "gkm_deliveries_waiting", dimensions: [], factory: factory)
  }

  func count(_ result: ApplyResult) {
    applied[.applied]?.increment(by: result.applied)
    applied[.ignored]?.increment(by: result.ignored)
    applied[.parked]?.increment(by: result.parked)
    applied[.quarantined]?.increment(by: result.quarantined)
    for alert in result.alerts {
      Counter(label: "gkm_alerts_total", dimensions: [("reason", alert.reason.rawValue)], factory: factory).increment()
    }
  }

  func count(notice outcome: AttemptOutcome, on channel: NoticeChannel) {
    let dimensions = [("channel", channel.rawValue), ("outcome", outcome.rawValue)]
    Counter(label: "gkm_notices_total", dimensions: dimensions, factory: factory).increment()
  }

  func count(refund outcome: RefundTry) { refunds[outcome]?.increment() }

  func count(_ ending: DeliveryOutcome.Ending) {
    let outcome: AttemptOutcome =
      switch ending {
      case .confirmed: .confirmed
      case .deferred: .deferred
      case .refused: .refused
      case .unknown: .unknown
      }
    deliveries[outcome]?.increment()
  }
}

extension CoreMetrics.Timer {
  /// Records a time that was measured elsewhere.
  func record(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    recordNanoseconds(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
  }
}
