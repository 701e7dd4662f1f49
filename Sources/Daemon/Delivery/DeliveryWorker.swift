import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Takes deliveries from the queue: those that were not sent right after their keys were bound, and those to be tried
/// again.
struct DeliveryWorker: Sendable {
  let pool: PostgresPool
  let vault: KeyVault
  let sender: DeliverySender
  let slots: Slots
  let gate: MailGate
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let ticks: LiveTicks
  let horizon: ClaimHorizon
  let logger: Logger

  /// Works whenever there may be work, until the signals end.
  func run(_ signals: AsyncStream<Void>) async {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        while try await takeSome(), !Task.isShuttingDownGracefully, !Task.isCancelled {}
      } catch is CancellationError {
        return
      } catch {
        logger.warning("deliveries could not be taken from the queue", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }

  /// Takes and prepares one batch. Answers whether there may be more.
  private func takeSome() async throws -> Bool {
    let free = slots.take(upTo: limits.batch)
    guard free > 0 else {
      await slots.waitForOne()
      return true
    }
    let lease = Lease(for: limits.lease)
    var used = 0
    defer { slots.giveBack(free - used) }
    // While the mail server is away the rest stays where it is, due, and is claimed when it is back.
    let limit = gate.admit(free)
    guard limit > 0 else { return false }
    let horizon = horizon
    let jobs = try await pool.write { try JobQueue.claim($0, .deliver, limit: limit, lease: lease, past: horizon) }
    guard !jobs.isEmpty else { return false }
    FaultPoint.taken.reached()
    let claim = try await prepare(jobs, lease)
    used = claim.prepared.count
    sender.submit(claim.prepared)
    for exhausted in claim.exhausted {
      logger.error(
        "a delivery ran out of attempts",
        metadata: ["order": "\(exhausted.order)", "delivery": "\(exhausted.delivery)"])
    }
    ticks.changed(Set(claim.prepared.map(\.order)))
    return jobs.count == free
  }

  private func prepare(_ jobs: [ClaimedJob], _ lease: Lease) async throws -> DeliveryClaim.Result {
    let (attemptLimit, vault) = (limits.deliveryAttempts, vault)
    do {
      return try await pool.write {
        try DeliveryClaim.prepare($0, jobs, lease: lease, attemptLimit: attemptLimit, vault: vault)
      }
    } catch {
      // Whether or not it was committed, whoever comes next finds out.
      try? await pool.run { try JobQueue.release($0, jobs.map(\.id), lease: lease) }
      throw error
    }
  }
}
