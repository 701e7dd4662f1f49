import CoreMetrics
package import Logging
package import Postgres
import ServiceLifecycle
import Store
package import Stripe

/// Gives stock back that was held for orders which nobody paid: first the session is closed at Stripe, so that nobody
/// can pay for what is no longer held; then the stock is free. Forgets Idempotency-Keys whose time is over, too.
package final class ReservationSweep: Service, Sendable {
  private let pool: PostgresPool
  private let stripe: StripeClient
  private let interval: Duration
  private let ticks: LiveTicks
  private let catalogue: CatalogueCache?
  private let telemetry: Telemetry
  private let logger: Logger

  private static let pageSize = 100
  private static let sessionsAtOnce = 4

  package init(
    pool: PostgresPool, stripe: StripeClient, interval: Duration, ticks: LiveTicks, catalogue: CatalogueCache? = nil,
    telemetry: Telemetry, logger: Logger
  ) {
    self.pool = pool
    self.stripe = stripe
    self.interval = interval
    self.ticks = ticks
    self.catalogue = catalogue
    self.telemetry = telemetry
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        try? await Task.sleep(for: interval * Double.random(in: 0.8...1.2))
        do { try await sweep() } catch {
          if Task.isCancelled { return }
          logger.warning("overdue reservations could not be read", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// Goes once through everything overdue. Answers how many orders were ended.
  @discardableResult
  package func sweep() async throws -> Int {
    var cursor: OverdueReservation?
    var ended = 0
    while !Task.isCancelled {
      let start = cursor
      let page = try await pool.read { try ReservationRelease.overdue($0, after: start, limit: Self.pageSize) }
      ended += await end(page)
      guard page.count == Self.pageSize, let last = page.last else { break }
      cursor = last
    }
    try await pool.write { try CheckoutIdempotency.forget($0) }
    return ended
  }

  private func end(_ page: [OverdueReservation]) async -> Int {
    await withTaskGroup(of: Bool.self) { group in
      var ended = 0
      for (index, reservation) in page.enumerated() {
        if index >= Self.sessionsAtOnce, await group.next() == true { ended += 1 }
        group.addTask { await self.end(reservation) }
      }
      for await isEnded in group where isEnded { ended += 1 }
      return ended
    }
  }

  private func end(_ reservation: OverdueReservation) async -> Bool {
    if let session = reservation.checkoutSession, await !isClosed(session, of: reservation) { return false }
    do {
      let isReleased = try await pool.write {
        try ReservationRelease.release($0, reservation.order, .expired, ifOverdue: true)
      }
      if isReleased {
        telemetry.reservationsExpired.increment()
        catalogue?.changed()
        ticks.changed([reservation.order])
        logger.info("an unpaid order expired", metadata: ["order": "\(reservation.number)"])
      }
      return isReleased
    } catch {
      logger.warning(
        "an overdue reservation could not be released: it will be tried again",
        metadata: ["order": "\(reservation.number)", "error": "\(error)"])
      return false
    }
  }

  /// Whether nobody can pay through the session any more. One that is complete is paid, or waits for its money: its
  /// event is on the way, and the stock stays held for it.
  private func isClosed(_ session: String, of reservation: OverdueReservation) async -> Bool {
    do throws(StripeError) {
      return try await stripe.expireCheckoutSession(session).status == .expired
    } catch {
      if error.isMissing { return true }
      guard error.kind == .api, !error.isTransient else { return false }
    }
    guard let found = try? await stripe.checkoutSession(session) else { return false }
    if found.status == .complete {
      logger.notice(
        "an overdue order's session is complete: waiting for its event",
        metadata: ["order": "\(reservation.number)", "session": "\(session)"])
    }
    return found.status == .expired
  }
}
