package import Logging
package import Postgres
import ServiceLifecycle
package import Store
import Synchronization

/// Knows the installation's epoch and mode, and looks again every few seconds: a restored database has another epoch.
package final class InstallationWatch: Service, Sendable {
  private let state = Mutex<Installation?>(nil)
  private let pool: PostgresPool
  private let keyIsLive: Bool?
  private let interval: Duration
  private let logger: Logger

  /// - Parameter keyIsLive: whether the Stripe key moves real money; `nil` where that is not known.
  package init(pool: PostgresPool, keyIsLive: Bool? = nil, interval: Duration = .seconds(5), logger: Logger) {
    self.pool = pool
    self.keyIsLive = keyIsLive
    self.interval = interval
    self.logger = logger
  }

  /// What is wrong between the Stripe key and the market; `nil` where nothing is, or it is not known.
  package var modeProblem: String? { current?.problem(withKeyThatIsLive: keyIsLive) }

  /// As last read; `nil` until it was read once.
  package var current: Installation? { state.withLock { $0 } }

  /// As last read, and read now if it never was; `nil` where that fails.
  package func known() async -> Installation? {
    if let current { return current }
    try? await refresh()
    return current
  }

  /// Reads it now.
  package func refresh() async throws {
    let read = try await pool.read { try Installation.read($0) }
    let last = state.withLock { state in
      defer { state = read }
      return state
    }
    if last?.livemode != read.livemode, let problem = read.problem(withKeyThatIsLive: keyIsLive) {
      logger.error("the Stripe key and the market do not fit", metadata: ["problem": "\(problem)"])
    }
    if let last, last.epoch != read.epoch {
      logger.notice("the database was restored: what Redis remembers of it counts no more")
    }
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while !Task.isCancelled {
        do { try await refresh() } catch {
          logger.debug("the installation could not be read", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: interval)
      }
    }
  }
}
