import CoreMetrics
import Logging
import Market
import Outbound
import Postgres
import Store
import Synchronization

/// Sends prepared deliveries: opens the key, writes the mail, hands it to the mail server and the outcome to the
/// settler. There are never more prepared deliveries than `capacity`.
final class DeliverySender: Sendable {
  private let pool: PostgresPool
  private let keys: DataKeyCache
  private let mail: KeyMail
  private let outbound: OutboundClient
  private let server: SMTPConfiguration
  private let keeper: LeaseKeeper
  private let settler: DeliverySettler
  private let slots: Slots
  private let gate: MailGate
  private let attemptLimit: Int
  private let telemetry: WorkTelemetry
  private let logger: Logger
  private let now: @Sendable () -> Instant
  private let queue: AsyncStream<PreparedDelivery>
  private let feed: AsyncStream<PreparedDelivery>.Continuation

  init(
    pool: PostgresPool, keys: DataKeyCache, mail: KeyMail, outbound: OutboundClient, server: SMTPConfiguration,
    keeper: LeaseKeeper, settler: DeliverySettler, slots: Slots, gate: MailGate, attemptLimit: Int,
    telemetry: WorkTelemetry, logger: Logger, now: @escaping @Sendable () -> Instant
  ) {
    self.pool = pool
    self.keys = keys
    self.mail = mail
    self.outbound = outbound
    self.server = server
    self.keeper = keeper
    self.settler = settler
    self.slots = slots
    self.gate = gate
    self.attemptLimit = attemptLimit
    self.telemetry = telemetry
    self.logger = logger
    self.now = now
    // Bounded by the slots: nothing is submitted without one.
    (queue, feed) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
  }

  /// Takes deliveries whose slots were taken before they were prepared.
  func submit(_ deliveries: [PreparedDelivery]) {
    for delivery in deliveries {
      keeper.hold(delivery.job, delivery.lease)
      feed.yield(delivery)
    }
    telemetry.waiting.set(slots.taken)
  }

  /// No more will come: `run` returns when what there is was sent.
  func finish() { feed.finish() }

  /// Sends until finished, each delivery as a task of its own; the mail server's configuration bounds connections.
  func run() async {
    await withDiscardingTaskGroup { group in
      for await delivery in queue {
        group.addTask { await self.send(delivery) }
      }
    }
  }

  private func send(_ delivery: PreparedDelivery) async {
    settler.settle(await attempt(delivery))
  }

  private func attempt(_ delivery: PreparedDelivery) async -> DeliveryOutcome {
    let key: [UInt8]
    do {
      key = try await open(delivery)
    } catch {
      logger.error(
        "a key could not be opened",
        metadata: ["order": "\(delivery.orderNumber)", "unit": "\(delivery.place.unit)", "error": "\(error)"])
      return outcome(delivery, .deferred, "the key could not be opened: \(error)")
    }
    let envelope: MailEnvelope
    do {
      envelope = try mail.compose(delivery, key: key, at: now())
    } catch {
      logger.error(
        "a mail could not be written", metadata: ["order": "\(delivery.orderNumber)", "error": "\(error)"])
      return outcome(delivery, .deferred, "the mail could not be written: \(error)")
    }
    let start = ContinuousClock.now
    FaultPoint.sending.reached()
    do throws(OutboundError) {
      let reply = try await outbound.mail(envelope, through: server)
      gate.answered()
      FaultPoint.sent.reached()
      telemetry.sendSeconds.record(ContinuousClock.now - start)
      if let paidAt = delivery.paidAt { telemetry.paidToConfirmed.record(now() - paidAt) }
      return outcome(delivery, .confirmed, "\(reply)")
    } catch {
      telemetry.sendSeconds.record(ContinuousClock.now - start)
      gate.failed(error)
      return outcome(delivery, Self.ending(error), "\(error)", isServerAway: MailGate.isAway(error.kind))
    }
  }

  /// What an error says about whether the mail may have arrived.
  static func ending(_ error: OutboundError) -> DeliveryOutcome.Ending {
    switch error.kind {
    case .ambiguous: .unknown
    case .refused, .invalid, .tooLarge: .refused
    default: .deferred
    }
  }

  /// - Parameter isServerAway: nothing was asked of the server: that is no attempt of the delivery's own.
  private func outcome(
    _ delivery: PreparedDelivery, _ ending: DeliveryOutcome.Ending, _ reply: String, isServerAway: Bool = false
  ) -> DeliveryOutcome {
    let retries = isServerAway || delivery.attemptInRound < attemptLimit
    return DeliveryOutcome(
      delivery, ending, reply: reply,
      retryAfter: retries ? RetrySchedule.delay(afterAttempt: isServerAway ? 1 : delivery.attemptInRound) : nil,
      isCounted: !isServerAway, template: mail.template(delivery))
  }

  private func open(_ delivery: PreparedDelivery) async throws -> [UInt8] {
    if let key = try keys.open(delivery.sealed, at: delivery.place, under: delivery.dataKey) { return key }
    let (keys, id) = (keys, delivery.dataKey)
    try await pool.read { try keys.load($0, [id]) }
    guard let key = try keys.open(delivery.sealed, at: delivery.place, under: delivery.dataKey) else {
      throw VaultError.notAuthentic
    }
    return key
  }
}

/// How many more deliveries may be prepared: taken before a delivery is, given back when it is settled.
final class Slots: Sendable {
  private struct State {
    var free: Int
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  let capacity: Int
  private let state: Mutex<State>

  init(_ capacity: Int) {
    self.capacity = capacity
    state = Mutex(State(free: capacity))
  }

  var taken: Int { capacity - state.withLock { $0.free } }

  /// Takes as many as there are, up to `wanted`.
  func take(upTo wanted: Int) -> Int {
    state.withLock { state in
      let taken = max(0, min(state.free, wanted))
      state.free -= taken
      return taken
    }
  }

  func giveBack(_ count: Int) {
    guard count > 0 else { return }
    let waiters = state.withLock { state in
      state.free += count
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns when at least one is free, or the task is cancelled.
  func waitForOne() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mayGoOn = state.withLock { state in
          let mayGoOn = state.free > 0 || Task.isCancelled
          if !mayGoOn { state.waiters.append(continuation) }
          return mayGoOn
        }
        if mayGoOn { continuation.resume() }
      }
    } onCancel: {
      // Whoever else waits looks again.
      wakeAll()
    }
  }

  private func wakeAll() {
    let waiters = state.withLock { state in
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
