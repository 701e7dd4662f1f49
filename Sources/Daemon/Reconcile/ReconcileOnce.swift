package import Logging
package import Market
import Outbound
import Postgres
package import Store
import Stripe
import Synchronization

/// Reconciliation over a window that somebody chose, in a process of its own.
package struct ReconcileOnce: Sendable {
  private let configuration: Configuration
  private let from: Instant
  private let until: Instant?
  private let isDry: Bool
  private let logger: Logger

  package init(configuration: Configuration, from: Instant, until: Instant?, isDry: Bool, logger: Logger) {
    self.configuration = configuration
    self.from = from
    self.until = until
    self.isDry = isDry
    self.logger = logger
  }

  /// Stripe could not be asked, or would not answer.
  package struct StripeFailed: Error, CustomStringConvertible {
    package let description: String
  }

  /// Our clock.
  package static func now() -> Instant { SystemClock.now() }

  /// Goes through the kinds one after the other; `tell` gets a line for each thing found. Answers how many there were.
  package func run(_ kinds: [ReconKind], _ tell: @escaping @Sendable (String) -> Void) async throws -> Int {
    guard let key = configuration.stripe.apiKey?.text else {
      throw ConfigurationError(problems: configuration.missing(for: [.reconcile]))
    }
    let database = configuration.database
    let pool = PostgresPool(
      PostgresConfiguration(
        conninfo: database.conninfo, password: database.password?.text, applicationName: "gkmd reconcile",
        connectTimeout: database.connectTimeout, statementTimeout: .seconds(120), lockTimeout: database.lockTimeout),
      maximum: 2)
    let outbound = try OutboundClient()
    let found = Mutex(0)
    let stripe = StripeClient(
      StripeConfiguration(
        apiBase: configuration.stripe.apiBase, apiKey: key, deadline: configuration.stripe.deadline),
      over: outbound)
    let reconciler = Reconciler(
      ReconDesk(
        pool: pool, stripe: stripe, settings: configuration.reconcile, telemetry: ReconTelemetry(), logger: logger,
        wake: { _ in }, now: Self.now
      ) { note in
        found.withLock { $0 += 1 }
        tell(note.description)
      })
    do {
      for kind in kinds {
        let end = kind == .events ? until : until ?? Self.now() - configuration.reconcile.lateness
        try await reconciler.runOnce(kind, from: from, until: end, isDry: isDry)
      }
    } catch {
      await close(pool, outbound)
      guard let error = error as? StripeError else { throw error }
      throw StripeFailed(description: error.description)
    }
    await close(pool, outbound)
    return found.withLock { $0 }
  }

  private func close(_ pool: PostgresPool, _ outbound: OutboundClient) async {
    outbound.close()
    await pool.close()
  }
}
