import CoreMetrics
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store
import Stripe

/// Has Stripe give back what refund requests ask for: once each, however often it has to be tried.
///
/// The request is committed as `sending` before the call, under an Idempotency-Key of its own, and its id goes along as
/// metadata; what Stripe answers and what its events tell settle the same request. A crash anywhere between leaves a
/// request that is sent again under the same key, or looked for where Stripe may have forgotten the key.
struct RefundWorker: Sendable {
  let pool: PostgresPool
  let apply: ApplyWorker
  /// `nil`: Stripe cannot be asked from here, and requests wait.
  let stripe: StripeClient?
  let keeper: LeaseKeeper
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let logger: Logger
  let now: @Sendable () -> Instant

  /// Requests under way at once.
  private static let batch = 4

  func run(_ signals: AsyncStream<Void>) async {
    guard let stripe else { return }
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
          let lease = Lease(for: limits.lease)
          let jobs = try await pool.write { try JobQueue.claim($0, .refund, limit: Self.batch, lease: lease) }
          if jobs.isEmpty { break }
          await withTaskGroup { group in
            for job in jobs { group.addTask { await work(job, lease, stripe) } }
          }
        }
      } catch is CancellationError {
        return
      } catch {
        logger.warning("refund requests could not be taken from the queue", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }

  private func work(_ job: ClaimedJob, _ lease: Lease, _ stripe: StripeClient) async {
    keeper.hold(job.id, lease)
    defer { keeper.release(job.id) }
    do {
      guard let refund = try await pool.write({ try RefundSending.prepare($0, job, lease: lease) }) else {
        apply.wake(.restock)
        return
      }
      apply.ticks.changed([refund.order])
      defer { apply.ticks.changed([refund.order]) }
      do {
        try await send(refund, job, lease, stripe)
      } catch let error as StripeError {
        try await postpone(refund, job, lease, error)
      }
    } catch is LeaseLost {
      telemetry.leasesLost.increment()
    } catch {
      // Its lease runs out, and it is due again: under the same key.
      logger.warning(
        "a refund request could not be worked on", metadata: ["job": "\(job.subject)", "error": "\(error)"])
    }
  }

  private func send(
    _ refund: RefundSending.Prepared, _ job: ClaimedJob, _ lease: Lease, _ stripe: StripeClient
  ) async throws {
    if refund.isKeyOld {
      if let found = try await lookUp(refund, stripe) { return try await record(found, refund, job, lease) }
      try await pool.write { try RefundSending.renewKey($0, refund, job, lease: lease) }
    }
    do {
      let request = RefundRequest(
        paymentIntent: refund.paymentIntent, amount: refund.amount, metadata: refund.metadata)
      let answer = try await stripe.createRefund(request, idempotencyKey: refund.idempotencyKey)
      try await record(answer, refund, job, lease)
    } catch let error as StripeError {
      guard error.isRefusal else { throw error }
      // An earlier try whose answer was lost may have been carried out under a key that is forgotten.
      if let found = try await lookUp(refund, stripe) { return try await record(found, refund, job, lease) }
      try await fail(refund, job, lease, error)
    }
  }

  /// The refund that Stripe has for the request, if it has one.
  private func lookUp(_ refund: RefundSending.Prepared, _ stripe: StripeClient) async throws -> Refund? {
    let name = refund.request.description
    for try await found in stripe.refunds(paymentIntent: refund.paymentIntent)
    where found.metadata["refund_request"] == name {
      return found
    }
    return nil
  }

  /// Adds Stripe's answer to the order's facts, from which all the rest follows, and ends the job.
  private func record(
    _ answer: Refund, _ refund: RefundSending.Prepared, _ job: ClaimedJob, _ lease: Lease
  ) async throws {
    let fact = StripeFact.refund(
      id: answer.id, amount: answer.amount, status: answer.status.rawValue, charge: answer.chargeID,
      paymentIntent: answer.paymentIntentID ?? refund.paymentIntent, reason: answer.reason,
      request: refund.request.description, failureReason: answer.failureReason)
    let record = PaymentRecord.refund(
      id: answer.id, currency: try EventReading.currency(answer.currency),
      createdAt: Instant(unixSeconds: answer.created ?? now().unixSeconds))
    let content = EventContent.order(refund.order, facts: [fact], records: [record])
    let event = EventToApply(
      job: job.id, eventID: nil, type: JobKind.refund.rawValue, reading: .content(content))
    try await apply.commit([event], lease, isThorough: true)
    telemetry.count(refund: .accepted)
    logger.info(
      "a refund was accepted",
      metadata: [
        "order": "\(refund.orderNumber)", "request": "\(refund.request)", "refund": "\(answer.id)",
        "status": "\(answer.status.rawValue)",
      ])
  }

  private func fail(
    _ refund: RefundSending.Prepared, _ job: ClaimedJob, _ lease: Lease, _ error: StripeError
  ) async throws {
    try await pool.write {
      try RefundSending.fail($0, refund, job, lease: lease, problem: error.message)
    }
    apply.wake(.restock)
    telemetry.count(refund: .refused)
    logger.error(
      "Stripe refused a refund",
      metadata: ["order": "\(refund.orderNumber)", "request": "\(refund.request)", "error": "\(error)"])
  }

  /// Money that is owed is never given up on: the tries only become rarer.
  private func postpone(
    _ refund: RefundSending.Prepared, _ job: ClaimedJob, _ lease: Lease, _ error: StripeError
  ) async throws {
    let delay = RetrySchedule.delay(afterAttempt: refund.attempt)
    try await pool.write {
      try RefundSending.postpone($0, refund, job, lease: lease, problem: error.message, delay: delay)
    }
    telemetry.count(refund: .deferred)
    logger.log(
      level: refund.attempt >= limits.jobAttempts ? .error : .warning, "a refund could not be sent",
      metadata: [
        "order": "\(refund.orderNumber)", "request": "\(refund.request)", "attempt": "\(refund.attempt)",
        "error": "\(error)",
      ])
  }
}

extension StripeError {
  /// Whether Stripe refused what was asked for what it is, so that asking again would be refused again. A key that is
  /// not accepted is the installation's affair, and may be mended.
  fileprivate var isRefusal: Bool {
    kind == .api && !isTransient && !isAmbiguous && status != 401 && status != 403
  }
}
