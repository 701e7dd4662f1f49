import CoreMetrics
import Logging
import Market
import Postgres
import Store
import Synchronization

/// Writes how attempts ended. Outcomes that come while a transaction is under way share the next one.
final class DeliverySettler: Sendable {
  private struct State {
    var outcomes: [DeliveryOutcome] = []
    var isFinished = false
    /// Versions of templates that a committed transaction of ours has entered into the register.
    var registered: Set<String> = []
  }

  private static let batchLimit = 128
  /// After this many failures an outcome is let go of: its attempt stays `prepared`, and becomes `unknown` when its
  /// job is due again.
  private static let attemptLimit = 8

  private let pool: PostgresPool
  private let telemetry: WorkTelemetry
  private let ticks: LiveTicks
  private let logger: Logger
  /// Called once for each outcome that was settled or let go of.
  private let onSettled: @Sendable (DeliveryOutcome) -> Void
  private let state = Mutex(State())
  private let bell: AsyncStream<Void>
  private let ringer: AsyncStream<Void>.Continuation

  init(
    pool: PostgresPool, telemetry: WorkTelemetry, ticks: LiveTicks, logger: Logger,
    onSettled: @escaping @Sendable (DeliveryOutcome) -> Void
  ) {
    self.pool = pool
    self.telemetry = telemetry
    self.ticks = ticks
    self.logger = logger
    self.onSettled = onSettled
    (bell, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func settle(_ outcome: DeliveryOutcome) {
    state.withLock { $0.outcomes.append(outcome) }
    ringer.yield()
  }

  /// No more will come: `run` returns when what there is is written.
  func finish() {
    state.withLock { $0.isFinished = true }
    ringer.yield()
    ringer.finish()
  }

  /// Writes until finished.
  func run() async {
    for await _ in bell {
      while true {
        let batch = take()
        if batch.isEmpty { break }
        await write(batch)
      }
      if state.withLock({ $0.isFinished && $0.outcomes.isEmpty }) { break }
    }
    while true {
      let rest = take()
      if rest.isEmpty { return }
      await write(rest)
    }
  }

  private func take() -> [DeliveryOutcome] {
    state.withLock { state in
      let batch = Array(state.outcomes.prefix(Self.batchLimit))
      state.outcomes.removeFirst(batch.count)
      return batch
    }
  }

  private func write(_ batch: [DeliveryOutcome]) async {
    for attempt in 1...Self.attemptLimit {
      do {
        let registered = state.withLock { $0.registered }
        let result = try await pool.write { try DeliverySettlement.write($0, batch, registered: registered) }
        if result.lost.isEmpty {
          state.withLock { $0.registered.formUnion(batch.compactMap { $0.template?.version }) }
        }
        FaultPoint.recorded.reached()
        settled(batch, result)
        return
      } catch {
        let isPassing =
          error is LeaseLost || (error as? PostgresError)?.isRetryable == true
          || (error as? PostgresError)?.isCommitUnknown == true
        logger.warning(
          "outcomes of deliveries were not written",
          metadata: ["outcomes": "\(batch.count)", "attempt": "\(attempt)", "error": "\(error)"])
        if !isPassing && batch.count > 1 {
          for outcome in batch { await write([outcome]) }
          return
        }
        if !isPassing { break }
        if !(error is LeaseLost) { try? await Task.sleep(for: .milliseconds(50 << min(attempt, 6))) }
      }
    }
    for outcome in batch {
      logger.error(
        "the outcome of a delivery is lost: its attempt will be recorded as unknown",
        metadata: ["order": "\(outcome.delivery.orderNumber)", "delivery": "\(outcome.delivery.delivery)"])
      onSettled(outcome)
    }
  }

  private func settled(_ batch: [DeliveryOutcome], _ result: DeliverySettlement.Result) {
    for outcome in batch {
      onSettled(outcome)
      if result.lost.contains(outcome.delivery.delivery) {
        telemetry.leasesLost.increment()
        logger.warning(
          "the outcome of a delivery was dropped: another worker has it",
          metadata: ["order": "\(outcome.delivery.orderNumber)", "delivery": "\(outcome.delivery.delivery)"])
      } else {
        telemetry.count(outcome.ending)
        log(outcome)
      }
    }
    telemetry.ordersDelivered.increment(by: result.delivered.count)
    ticks.changed(Set(batch.map(\.delivery.order)))
  }

  private func log(_ outcome: DeliveryOutcome) {
    let metadata: Logger.Metadata = [
      "order": "\(outcome.delivery.orderNumber)", "delivery": "\(outcome.delivery.delivery)",
      "attempt": "\(outcome.delivery.attempt)", "reply": "\(SafeText.cleaned(outcome.reply, limit: 200))",
    ]
    switch outcome.ending {
    case .confirmed: logger.debug("delivered", metadata: metadata)
    case .refused: logger.error("a delivery was refused", metadata: metadata)
    case .deferred, .unknown:
      let level: Logger.Level = outcome.retryAfter == nil ? .error : .warning
      logger.log(level: level, "a delivery did not succeed", metadata: metadata)
    }
  }
}
