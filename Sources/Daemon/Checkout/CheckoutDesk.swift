import CoreMetrics
package import Logging
package import Market
package import Postgres
package import Store
package import Stripe

/// An order with the page where it is paid.
package struct OpenedCheckout: Sendable, Equatable {
  package let order: OpenedOrder
  package let session: String
  package let url: String
  /// Unix seconds.
  package let expiresAt: Int64
}

/// Opens orders: holds the stock, has Stripe make a Checkout Session, notes it. Nobody is sent to pay before holding
/// stock, and no stock stays held for somebody who was not sent to pay.
package final class CheckoutDesk: Sendable {
  private let settings: CheckoutSettings
  private let gate: ReservationGate
  private let pool: PostgresPool
  private let stripe: StripeClient
  private let ticks: LiveTicks
  private let telemetry: Telemetry
  private let logger: Logger

  package init(
    settings: CheckoutSettings, pool: PostgresPool, vault: KeyVault, stripe: StripeClient, ticks: LiveTicks,
    telemetry: Telemetry, logger: Logger
  ) {
    self.settings = settings
    self.pool = pool
    self.stripe = stripe
    self.ticks = ticks
    self.telemetry = telemetry
    self.logger = logger
    gate = ReservationGate(
      settings: settings, reserver: Reserver(vault: vault, times: settings.reservationTimes), pool: pool,
      telemetry: telemetry)
  }

  /// Opens one order, or throws the `Problem` to answer with.
  package func open(_ request: CheckoutRequest) async throws(Problem) -> OpenedCheckout {
    let start = ContinuousClock.now
    let order = try await reserve(request, since: start)
    let session = try await makeSession(order, request.wish)
    try await attach(session, to: order)
    ticks.changed([order.id])
    telemetry.count(Telemetry.CheckoutOutcome.created)
    telemetry.checkoutSeconds.record(since: start)
    logger.info("an order was opened", metadata: ["order": "\(order.number)", "session": "\(session.id)"])
    return OpenedCheckout(
      order: order, session: session.id, url: session.url ?? "",
      expiresAt: session.expiresAt ?? order.payableUntil.unixSeconds)
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
    if case .opened(let order) = outcome { return order }
    telemetry.count(outcome.telemetry)
    throw outcome.problem(request)
  }

  private func makeSession(_ order: OpenedOrder, _ wish: ReservationWish) async throws(Problem) -> CheckoutSession {
    do throws(StripeError) {
      let session = try await stripe.createCheckoutSession(
        settings.sessionRequest(order, wish), idempotencyKey: "gkm-checkout-\(order.number)")
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

  private func attach(_ session: CheckoutSession, to order: OpenedOrder) async throws(Problem) {
    let heldUntil = order.payableUntil + settings.reservationGrace
    for attempt in 1...3 {
      do {
        let isAttached = try await pool.write {
          try CheckoutSessionRecord.attach(
            $0, session.id, to: order.id, number: order.number, heldUntil: heldUntil)
        }
        if isAttached { return }
        // The order is over, or an earlier try, of which we did not hear, has noted it.
        if await hasNoted(session, for: order) { return }
        break
      } catch let error as PostgresError where error.isCommitUnknown || error.isRetryable {
        try? await Task.sleep(for: .milliseconds(50 * attempt))
      } catch {
        logger.error(
          "a Checkout Session could not be noted", metadata: ["order": "\(order.number)", "error": "\(error)"])
        break
      }
    }
    // Nobody was told of the session: it is closed, and the stock is free when its short hold ends.
    _ = try? await stripe.expireCheckoutSession(session.id)
    telemetry.count(Telemetry.CheckoutOutcome.unavailable)
    throw Problem.checkoutUnavailable
  }

  private func hasNoted(_ session: CheckoutSession, for order: OpenedOrder) async -> Bool {
    let current = try? await pool.read { try CheckoutSessionRecord.current($0, order.id) }
    return current == session.id
  }

  private func release(_ order: OpenedOrder, because problem: String) async {
    do {
      _ = try await pool.write { try ReservationRelease.release($0, order.id, .refused(problem)) }
      ticks.changed([order.id])
    } catch {
      logger.warning(
        "the stock of a refused checkout stays held until its short hold ends",
        metadata: ["order": "\(order.number)", "error": "\(error)"])
    }
  }
}
