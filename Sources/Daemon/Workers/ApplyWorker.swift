import CoreMetrics
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Takes Stripe's events from the queue and makes orders what they say.
struct ApplyWorker: Sendable {
  let pool: PostgresPool
  let vault: KeyVault
  let mailDomain: String
  let sender: DeliverySender
  let slots: Slots
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let ticks: LiveTicks
  let horizon: ClaimHorizon
  let logger: Logger
  /// Wakes workers of a kind in every process.
  let wake: @Sendable (JobKind) -> Void

  /// Works whenever there may be work, until the signals end. `isBusy` is called when there is more than this lane
  /// takes at once.
  func run(_ signals: AsyncStream<Void>, isBusy: @Sendable () -> Void = {}) async {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
          let lease = Lease(for: limits.lease)
          let (limit, horizon) = (limits.batch, horizon)
          let claimed = try await pool.run { try ApplyClaim.claim($0, limit: limit, lease: lease, past: horizon) }
          if claimed.isEmpty { break }
          FaultPoint.claimed.reached()
          if claimed.count == limit { isBusy() }
          await apply(claimed, lease)
        }
      } catch is CancellationError {
        return
      } catch {
        logger.warning("events could not be taken from the queue", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }

  /// Applies claimed events as one batch; if it cannot be committed, each alone, so that one event never holds up
  /// another.
  func apply(_ claimed: [ClaimedEvent], _ lease: Lease) async {
    let start = ContinuousClock.now
    let events = claimed.map { EventReading.read($0) }
    do {
      try await commit(events, lease, isThorough: false)
      telemetry.applySeconds.record(ContinuousClock.now - start)
      telemetry.applyBatch.record(claimed.count)
    } catch {
      if claimed.count > 1 {
        logger.notice(
          "a batch of events is taken apart", metadata: ["events": "\(claimed.count)", "error": "\(error)"])
      }
      for (one, event) in zip(claimed, events) { await applyAlone(one, event, lease) }
    }
  }

  private func applyAlone(_ claimed: ClaimedEvent, _ event: EventToApply, _ lease: Lease) async {
    do {
      try await commit([event], lease, isThorough: true)
    } catch is LeaseLost {
      telemetry.leasesLost.increment()
      logger.notice("an event was applied by another worker", metadata: ["stripe_event": "\(claimed.eventID)"])
    } catch {
      await failed(claimed, lease, error)
    }
  }

  /// Commits, again as long as the cause passes and the lease holds.
  func commit(_ events: [EventToApply], _ lease: Lease, isThorough: Bool) async throws {
    let deadline = ContinuousClock.now + LeasePolicy(lease.duration).patience
    var pause = Duration.milliseconds(20)
    while true {
      do {
        return try await commitOnce(events, lease, isThorough: isThorough)
      } catch let error as PostgresError where error.isRetryable || error.isCommitUnknown {
        guard ContinuousClock.now + pause < deadline, !Task.isCancelled else { throw error }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .seconds(1))
      }
    }
  }

  private func commitOnce(_ events: [EventToApply], _ lease: Lease, isThorough: Bool) async throws {
    // An order line of several units takes a few more slots than there are events.
    let free = slots.take(upTo: events.count * 2)
    var used = 0
    defer { slots.giveBack(free - used) }
    let context = ApplyContext(
      vault: vault, mailDomain: mailDomain, lease: lease, deliveryLease: Lease(for: limits.lease),
      expressSlots: free, isThorough: isThorough, restockDelay: limits.restockDelay,
      restockWindow: limits.restockWindow, noticeWindow: limits.noticeWindow, sendsReceipts: limits.sendsReceipts)
    let result = try await pool.write { session in
      let result = try ApplyTransaction.run(session, events, context)
      FaultPoint.bound.reached()
      return result
    }
    FaultPoint.prepared.reached()
    used = result.prepared.count
    sender.submit(result.prepared)
    report(result)
  }

  func report(_ result: ApplyResult) {
    telemetry.count(result)
    if result.queuedDeliveries > 0 { wake(.deliver) }
    if limits.sendsReceipts, !result.orders.isEmpty { wake(.notify) }
    if result.hasRefunds { wake(.refund) }
    if result.hasQuestions {
      wake(.fetchDispute)
      wake(.listRefunds)
    }
    for alert in result.alerts {
      logger.warning(
        "an order needs somebody's eyes", metadata: ["order": "\(alert.order)", "reason": "\(alert.reason.rawValue)"])
    }
    if result.quarantined > 0 {
      logger.warning("events were put into quarantine", metadata: ["events": "\(result.quarantined)"])
    }
    if logger.logLevel <= .debug {
      for order in result.orders {
        logger.debug("order changed", metadata: ["order": "\(order.number)", "state": "\(order.state.rawValue)"])
      }
    }
    ticks.changed(result.orders.map(\.id))
  }

  /// Puts a failed event back, or gives it up after too many failures.
  private func failed(_ claimed: ClaimedEvent, _ lease: Lease, _ error: any Error) async {
    let metadata: Logger.Metadata = [
      "stripe_event": "\(claimed.eventID)", "attempt": "\(claimed.job.attempts)", "error": "\(error)",
    ]
    do {
      if claimed.job.attempts >= attempts(for: error) {
        let problem = "given up after \(claimed.job.attempts) failures, the last: \(error)"
        let buried = try await pool.write { try ApplyClaim.bury($0, claimed, lease: lease, problem: problem) }
        if buried {
          telemetry.buried.increment()
          logger.error("an event was given up and put into quarantine", metadata: metadata)
        }
      } else {
        let delay = RetrySchedule.delay(afterAttempt: claimed.job.attempts)
        _ = try await pool.run { try JobQueue.retry($0, claimed.job.id, after: delay, lease: lease) }
        logger.warning("an event could not be applied", metadata: metadata)
      }
    } catch {
      // Its lease runs out, and it is due again.
      logger.warning("an event could neither be applied nor put back", metadata: metadata)
    }
  }

  /// What the database refuses to store will not be stored the next time either.
  private func attempts(for error: any Error) -> Int {
    let state = (error as? PostgresError)?.sqlState ?? ""
    return state.hasPrefix("22") || state.hasPrefix("23") ? min(3, limits.jobAttempts) : limits.jobAttempts
  }
}
