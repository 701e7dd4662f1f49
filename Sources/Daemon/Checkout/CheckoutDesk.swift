import CoreMetrics
package import Logging
package import Market
package import Postgres
package import Store
package import Stripe

/// Opens orders: holds the stock, has Stripe make a Checkout Session, notes it. Nobody is sent to pay before holding
/// stock, and no stock stays held for somebody who was not sent to pay.
package final class CheckoutDesk: Sendable {
  let settings: CheckoutSettings
  private let gate: ReservationGate
  let pool: PostgresPool
  private let stripe: StripeClient
  private let ticks: LiveTicks
  private let catalogue: CatalogueCache
  let telemetry: Telemetry
  let logger: Logger

  package init(
    settings: CheckoutSettings, pool: PostgresPool, vault: KeyVault, stripe: StripeClient, ticks: LiveTicks,
    catalogue: CatalogueCache, telemetry: Telemetry, logger: Logger
  ) {
    self.settings = settings
    self.pool = pool
    self.stripe = stripe
    self.ticks = ticks
    self.catalogue = catalogue
    self.telemetry = telemetry
    self.logger = logger
    gate = ReservationGate(
      settings: settings, reserver: Reserver(vault: vault, times: settings.reservationTimes), pool: pool,
      telemetry: telemetry)
  }

  /// Opens one order, or throws the `Problem` to answer with.
  ///
  /// Under an Idempotency-Key it is opened once: who comes again with the same request hears the same answer, and where
  /// the first to come has not got one, because it is at work or was cut off, carries on where that one stands.
  package func open(_ request: CheckoutRequest) async throws(Problem) -> AnsweredCheckout {
    guard let claim = request.wish.claim else { return try await openNew(request) }
    return try await openOnce(request, claim)
  }

  /// Holds stock, and goes on to Stripe.
  func openNew(_ request: CheckoutRequest) async throws(Problem) -> AnsweredCheckout {
    let start = ContinuousClock.now
    let order = try await reserve(request, since: start)
    let pending = PendingCheckout(order: order, email: request.wish.email, locale: request.wish.locale)
    let answer = try await complete(pending, isKeyed: request.wish.claim != nil)
    telemetry.count(Telemetry.CheckoutOutcome.created)
    telemetry.checkoutSeconds.record(since: start)
    return answer
  }

  private func reserve(
    _ request: CheckoutRequest, since start: ContinuousClock.Instant
  ) async throws(Problem) -> OpenedOrder {
    let outcome: ReservationOutcome
    do {
      outcome = try await gate.reserve(request.wish)
    } catch {
      telemetry.count(Telemetry.CheckoutOutcome.unavailable)
      let listings = request.wish.lines.map(\.listing.description).joined(separator: ",")
      logger.warning("no stock could be held", metadata: ["listings": "\(listings)", "error": "\(error)"])
      throw Problem.checkoutUnavailable
    }
    telemetry.reservationSeconds.record(since: start)
    if case .opened(let order) = outcome {
      catalogue.changed()
      return order
    }
    telemetry.count(outcome.telemetry)
    throw outcome.problem(request)
  }

  /// Has Stripe make the session of an order whose stock is held, and notes it. Any number may do so for one order, one
  /// after the other or at once: they find the same session.
  func complete(_ pending: PendingCheckout, isKeyed: Bool) async throws(Problem) -> AnsweredCheckout {
    let order = pending.order
    let session = try await makeSession(pending)
    let answer = AnsweredCheckout(
      order: order.id, number: order.number, amount: order.amount, session: session.id, url: session.url ?? "",
      expiresAt: session.expiresAt.map { Instant(unixSeconds: $0) } ?? order.payableUntil)
    try await attach(answer, payableUntil: order.payableUntil, isKeyed: isKeyed)
    ticks.changed([order.id])
    logger.info("an order was opened", metadata: ["order": "\(order.number)", "session": "\(session.id)"])
    return answer
  }

  private func makeSession(_ pending: PendingCheckout) async throws(Problem) -> CheckoutSession {
    let order = pending.order
    do throws(StripeError) {
      let session = try await stripe.createCheckoutSession(
        settings.sessionRequest(pending), idempotencyKey: "gkm-checkout-\(order.number)")
      if session.url != nil { return session }
      throw StripeError(kind: .unreadable, message: "a Checkout Session without an address")
    } catch {
      telemetry.count(Telemetry.CheckoutOutcome.refusedByStripe)
      logger.error(
        "Stripe made no Checkout Session", metadata: ["order": "\(order.number)", "error": "\(error)"])
      await release(order, because: error.message)
      throw error.isTransient ? Problem.stripeUnavailable : Problem.stripeRefused
    }
  }

  private func attach(_ answer: AnsweredCheckout, payableUntil: Instant, isKeyed: Bool) async throws(Problem) {
    let heldUntil = payableUntil + settings.reservationGrace
    for attempt in 1...3 {
      do {
        let isAttached = try await pool.write {
          try CheckoutSessionRecord.attach(
            $0, answer.session, url: answer.url, expiresAt: answer.expiresAt, to: (answer.order, answer.number),
            heldUntil: heldUntil)
        }
        if isAttached { return }
        // The order is over, or it is noted: by somebody with the same key, or by an earlier try of which we did not
        // hear.
        if await hasNoted(answer) { return }
        break
      } catch let error as PostgresError where error.isCommitUnknown || error.isRetryable {
        try? await Task.sleep(for: .milliseconds(50 * attempt))
      } catch {
        logger.error(
          "a Checkout Session could not be noted", metadata: ["order": "\(answer.number)", "error": "\(error)"])
        break
      }
    }
    // Nobody was told of the session: it is closed, and the stock is free when its short hold ends. Under a key somebody
    // else may tell of it.
    if !isKeyed { _ = try? await stripe.expireCheckoutSession(answer.session) }
    telemetry.count(Telemetry.CheckoutOutcome.unavailable)
    throw Problem.checkoutUnavailable
  }

  private func hasNoted(_ answer: AnsweredCheckout) async -> Bool {
    let current = try? await pool.read { try CheckoutSessionRecord.current($0, answer.order) }
    return current == answer.session
  }

  private func release(_ order: OpenedOrder, because problem: String) async {
    do {
      _ = try await pool.write { try ReservationRelease.release($0, order.id, .refused(problem)) }
      catalogue.changed()
      ticks.changed([order.id])
    } catch {
      logger.warning(
        "the stock of a refused checkout stays held until its short hold ends",
        metadata: ["order": "\(order.number)", "error": "\(error)"])
    }
  }
}
