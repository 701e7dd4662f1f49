import Logging
package import Market
import Postgres
import ServiceLifecycle
package import Store
import Stripe

/// Runs reconciliation when it is due, in as many processes as there are: the database says whose turn it is.
package final class Reconciler: Service, Sendable {
  private let desk: ReconDesk

  package init(_ desk: ReconDesk) { self.desk = desk }

  package func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      await withTaskGroup { group in
        for kind in ReconKind.allCases { group.addTask { await self.keep(kind) } }
        group.addTask { await self.keepShowing() }
      }
    }
  }

  private func keep(_ kind: ReconKind) async {
    let plan = desk.settings.plan(kind)
    let pause = min(max(plan.interval / 4, .milliseconds(50)), .seconds(10))
    while !Task.isCancelled {
      do { try await turn(plan) } catch {
        if Task.isCancelled { return }
        desk.logger.warning(
          "reconciliation could not begin", metadata: ["kind": "\(kind.rawValue)", "error": "\(error)"])
      }
      try? await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
    }
  }

  /// Does what is due of a kind. Answers whether there was anything.
  @discardableResult
  package func turn(_ plan: ReconPlan) async throws -> Bool {
    let lease = desk.lease
    guard let run = try await desk.pool.write({ try ReconRuns.claim($0, plan, lease: lease) }) else { return false }
    await carry(run)
    return true
  }

  private func carry(_ run: ReconRun) async {
    let name: Logger.Metadata = ["run": "\(run.id)", "kind": "\(run.kind.rawValue)"]
    do {
      try await ReconPass(run, at: desk).carry()
      desk.telemetry.ended(run.kind, "good")
      desk.logger.debug("a run of reconciliation is through", metadata: name)
    } catch is LeaseLost {
      desk.telemetry.ended(run.kind, "lost")
      desk.logger.notice("a run of reconciliation is another process' by now", metadata: name)
    } catch {
      let isInterrupted = Task.isCancelled || error is CancellationError
      desk.telemetry.ended(run.kind, isInterrupted ? "interrupted" : "failed")
      if !isInterrupted {
        desk.logger.warning(
          "a run of reconciliation did not come through, and will go on later",
          metadata: name.merging(["error": "\(error)"]) { $1 })
      }
      await leave(run, problem: isInterrupted ? nil : "\(error)")
    }
  }

  /// Also when this task is cancelled: what is let go of is taken up at once elsewhere. If it fails, the lease runs out.
  private func leave(_ run: ReconRun, problem: String?) async {
    let delay = problem == nil ? .zero : min(RetrySchedule.delay(afterAttempt: run.failures + 1), .seconds(60))
    let pool = desk.pool
    await Task {
      try? await pool.write { try ReconRuns.leave($0, run, problem: problem, for: delay) }
    }.value
  }

  /// Shows how reconciliation stands, for `/metrics`.
  private func keepShowing() async {
    while !Task.isCancelled {
      if let health = try? await desk.pool.read({ try ReconHealth.read($0) }) { desk.telemetry.show(health) }
      try? await Task.sleep(for: .seconds(5))
    }
  }

  /// Runs once over a window, because somebody asked for it. A dry run writes nothing.
  package func runOnce(_ kind: ReconKind, from: Instant, until: Instant?, isDry: Bool) async throws {
    let lease = desk.lease
    let run: ReconRun
    if isDry {
      run = .dry(kind, from: from, until: until, now: desk.now())
    } else {
      run = try await desk.pool.write {
        try ReconRuns.begin($0, kind, from: from, until: until, lease: lease)
      }
    }
    do {
      try await ReconPass(run, at: desk).carry()
    } catch {
      if !isDry { await leave(run, problem: "\(error)") }
      throw error
    }
  }
}
