import Logging
import Market
import Postgres
import Store
import Synchronization

/// Keeps the leases of what is under way: a mail server, or Stripe, may take longer than a lease.
final class LeaseKeeper: Sendable {
  private let pool: PostgresPool
  private let interval: Duration
  private let logger: Logger
  private let held = Mutex<[JobID: Lease]>([:])

  init(pool: PostgresPool, lease: Duration, logger: Logger) {
    self.pool = pool
    interval = LeasePolicy(lease).heartbeat
    self.logger = logger
  }

  func hold(_ job: JobID, _ lease: Lease) { held.withLock { $0[job] = lease } }
  func release(_ job: JobID) { held.withLock { $0[job] = nil } }

  /// Lengthens what is held, until cancelled. A lease that is lost is only let go of: what is written under it later
  /// counts for nothing.
  func run() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: interval)
      let leases = Dictionary(grouping: held.withLock { $0 }, by: \.value)
      for (lease, jobs) in leases {
        let ids = jobs.map(\.key)
        do {
          let kept = try await pool.run { try JobQueue.extend($0, ids, lease: lease) }
          for id in ids where !kept.contains(id) { release(id) }
        } catch {
          logger.warning("leases could not be lengthened", metadata: ["jobs": "\(ids.count)", "error": "\(error)"])
        }
      }
    }
  }
}
