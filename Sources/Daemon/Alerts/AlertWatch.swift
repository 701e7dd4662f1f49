package import Logging
package import Market
package import Postgres
import ServiceLifecycle
package import Store

/// Looks at what the rules watch, and tells the team. Every daemon could: a round is the first one's that takes it.
package struct AlertWatch: Service {
  private let pool: PostgresPool
  private let plan: AlertPlan
  /// Who looks, for the record.
  private let name: String
  private let logger: Logger

  private static let patience = Duration.seconds(5)
  private static let round = "watch"

  package init(pool: PostgresPool, plan: AlertPlan, name: String, logger: Logger) {
    self.pool = pool
    self.plan = plan
    self.name = name
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.lookIfItIsTime()
        try? await Task.sleep(for: min(self.plan.interval / 4, .seconds(1)))
      }
    }
  }

  private func lookIfItIsTime() async {
    let interval = plan.interval
    do {
      let isOurs = try await pool.write(timeout: Self.patience) { session in
        try JobQueue.takeRound(session, Self.round, every: interval)
      }
      guard isOurs else { return }
      try await look(at: try await pool.read(timeout: Self.patience) { try Worker.databaseTime($0) })
    } catch is CancellationError {
      return
    } catch {
      logger.warning("nobody looked whether anything is amiss", metadata: ["error": "\(error)"])
    }
  }

  /// One look at everything, as things stand at a moment; `nil` where a newer one was taken in meanwhile.
  @discardableResult
  package func look(at: Instant) async throws -> AlertBook.Outcome? {
    let probe = AlertProbe(plan: plan, at: at)
    if plan.rules[.slo] != nil {
      try await pool.write(timeout: Self.patience) { try AlertProbe.countMinutes($0, at: at) }
    }
    var found: [AlertRule: [AlertObservation]] = [:]
    for rule in plan.rules.keys {
      do {
        found[rule] = try await pool.read(timeout: Self.patience) { try probe.look($0, rule) }
      } catch {
        logger.warning("a rule could not be looked at", metadata: ["rule": "\(rule.rawValue)", "error": "\(error)"])
      }
    }
    let (plan, name, all) = (plan, name, found)
    let outcome = try await pool.write(timeout: Self.patience) {
      try AlertBook.take($0, plan, at: at, by: name, found: all)
    }
    for telling in outcome?.tellings ?? [] {
      logger.log(
        level: telling.message == .resolved ? .notice : .error, "an alert",
        metadata: [
          "rule": "\(telling.rule)", "what": "\(telling.message.rawValue)", "title": "\(telling.title)",
          "about": "\(telling.text)",
        ])
    }
    return outcome
  }
}
