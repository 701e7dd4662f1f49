import Outbound
import Stripe
import Synchronization

/// Sends events to the endpoint as Stripe does: each attempt signed anew, again after whatever is not 2xx, in no
/// certain order, and with the faults that the knobs ask for.
final class WebhookSender: Sendable {
  struct Endpoint: Sendable {
    var url: String?
    var secret: String
  }

  /// One attempt that was made.
  struct Record: Sendable {
    var event: String
    var type: String
    var attempt: Int
    var at: Int64
    /// The endpoint's status; nil where there was none.
    var status: Int?
    var error: String?
    var took: Duration
  }

  private struct State {
    var endpoint: Endpoint
    var knobs: Knobs
    var records: [Record] = []
    var recordsHead = 0
    var acknowledged = 0
    var refused = 0
    var overflowed = 0
    var dropped = 0
    var inFlight = 0
    var latency = LatencyHistogram()
  }

  private let configuration: SimulatorConfiguration
  private let outbound: OutboundClient
  private let queue: DeliveryQueue
  private let state: Mutex<State>
  private let clock: @Sendable () -> Int64

  /// - Parameter clock: the time in Unix seconds.
  init(_ configuration: SimulatorConfiguration, over outbound: OutboundClient, clock: @escaping @Sendable () -> Int64) {
    self.configuration = configuration
    self.outbound = outbound
    self.clock = clock
    queue = DeliveryQueue(limit: configuration.limits.queuedDeliveries)
    state = Mutex(
      State(
        endpoint: Endpoint(url: configuration.webhookURL, secret: configuration.webhookSecret),
        knobs: configuration.knobs))
  }

  func set(_ endpoint: Endpoint) { state.withLock { $0.endpoint = endpoint } }
  func set(_ knobs: Knobs) { state.withLock { $0.knobs = knobs } }

  /// Queues the first attempt at each event.
  func enqueue(_ events: [SimEvent]) {
    guard !events.isEmpty else { return }
    let (knobs, endpoint) = state.withLock { ($0.knobs, $0.endpoint) }
    guard endpoint.url != nil else { return }
    for event in events {
      if Self.happens(knobs.webhookDropRate) {
        state.withLock { $0.dropped += 1 }
        continue
      }
      let copies = Self.happens(knobs.webhookDuplicateRate) ? 2 : 1
      for _ in 0..<copies { add(Delivery(event: event), after: Self.delay(knobs)) }
    }
  }

  private func add(_ delivery: Delivery, after delay: Duration) {
    if !queue.add(delivery, after: delay) { state.withLock { $0.overflowed += 1 } }
  }

  private static func happens(_ rate: Double) -> Bool {
    rate > 0 && Double.random(in: 0..<1) < rate
  }

  private static func delay(_ knobs: Knobs) -> Duration {
    var milliseconds = knobs.webhookDelayMilliseconds
    if knobs.webhookJitterMilliseconds > 0 { milliseconds += .random(in: 0...knobs.webhookJitterMilliseconds) }
    if happens(knobs.webhookReorderRate) { milliseconds += .random(in: 0...knobs.webhookReorderWindowMilliseconds) }
    return .microseconds(Int64(milliseconds * 1000))
  }

  /// Sends until cancelled.
  func run() async {
    await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.queue.run() }
        for _ in 0..<max(1, configuration.webhookConcurrency) {
          group.addTask { while let delivery = await self.queue.next() { await self.attempt(delivery) } }
        }
      }
    } onCancel: {
      queue.finish()
    }
  }

  private func attempt(_ delivery: Delivery) async {
    let (knobs, endpoint) = state.withLock { state in
      state.inFlight += 1
      return (state.knobs, state.endpoint)
    }
    defer { state.withLock { $0.inFlight -= 1 } }
    guard let url = endpoint.url else { return }
    let at = clock()
    let secret = Self.happens(knobs.webhookBadSignatureRate) ? endpoint.secret + "-wrong" : endpoint.secret
    let signature = SignatureSigner(secret: secret)
      .header(body: delivery.event.body, timestamp: at + Int64(knobs.webhookSkewSeconds))
    let request = HTTPRequest(
      method: "POST", url: url,
      headers: [
        ("Content-Type", "application/json; charset=utf-8"), ("Stripe-Signature", signature), ("Accept", "*/*"),
        ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"), ("Cache-Control", "no-cache"),
      ],
      body: delivery.event.body, timeout: configuration.webhookTimeout)
    let start = ContinuousClock.now
    var record = Record(
      event: delivery.event.id, type: delivery.event.type, attempt: delivery.attempt, at: at, took: .zero)
    do throws(OutboundError) {
      record.status = try await outbound.send(request).status
    } catch {
      if error.kind == .cancelled { return }
      record.error = error.message
    }
    record.took = ContinuousClock.now - start
    let isAcknowledged = record.status.map { (200..<300).contains($0) } ?? false
    note(record, isAcknowledged: isAcknowledged)
    if !isAcknowledged, let wait = Self.backoff(afterAttempt: delivery.attempt) {
      var next = delivery
      next.attempt += 1
      add(next, after: wait / max(configuration.timeScale, 0.001) * Double.random(in: 0.9...1.1))
    }
  }

  /// The wait before the next attempt, as documented for live mode: soon at first, then hours, for three days.
  static func backoff(afterAttempt attempt: Int) -> Duration? {
    let minutes: [Int64] = [5, 30, 2 * 60, 5 * 60, 10 * 60]
    if attempt <= minutes.count { return .seconds(60 * minutes[attempt - 1]) }
    // Then twice a day: 17.5 hours are gone by now, and 72 are allowed.
    return attempt <= minutes.count + 4 ? .seconds(12 * 3600) : nil
  }

  private func note(_ record: Record, isAcknowledged: Bool) {
    state.withLock { state in
      if isAcknowledged { state.acknowledged += 1 } else { state.refused += 1 }
      if isAcknowledged { state.latency.add(record.took) }
      if state.records.count < configuration.limits.deliveryRecords {
        state.records.append(record)
      } else if !state.records.isEmpty {
        state.records[state.recordsHead] = record
        state.recordsHead = (state.recordsHead + 1) % state.records.count
      }
    }
  }

  /// Attempts at `event`, or at all, oldest first.
  func records(of event: String?) -> [Record] {
    state.withLock { state in
      let ordered = state.records[state.recordsHead...] + state.records[..<state.recordsHead]
      return ordered.filter { event == nil || $0.event == event }
    }
  }

  /// Whether nothing is ready or on its way; retries may wait.
  var isQuiet: Bool {
    queue.readyCount == 0 && state.withLock { $0.inFlight == 0 }
  }

  var readyCount: Int { queue.readyCount }

  var totals: (acknowledged: Int, refused: Int) { state.withLock { ($0.acknowledged, $0.refused) } }

  func clear() {
    queue.clear()
    state.withLock { state in
      state = State(endpoint: state.endpoint, knobs: state.knobs, inFlight: state.inFlight)
    }
  }

  var json: JSON {
    let queued = queue.count
    return state.withLock { state in
      [
        "acknowledged": JSON(state.acknowledged), "refused": JSON(state.refused), "dropped": JSON(state.dropped),
        "overflowed": JSON(state.overflowed), "queued": JSON(queued), "in_flight": JSON(state.inFlight),
        "latency": state.latency.json,
      ]
    }
  }
}
