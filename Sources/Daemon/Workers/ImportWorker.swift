import CoreMetrics
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store
import Synchronization

/// Brings imports into the stock, one at a time: each keeps a transaction open for as long as it takes.
struct ImportWorker: Sendable {
  let pool: PostgresPool
  let vault: KeyVault
  let keeper: LeaseKeeper
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let logger: Logger
  /// Orders that wait for stock look again.
  let wake: @Sendable (JobKind) -> Void

  private static let progressInterval = Duration.milliseconds(400)

  /// Works whenever there may be an import, until the signals end.
  func run(_ signals: AsyncStream<Void>) async {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
          let lease = Lease(for: limits.lease)
          let jobs = try await pool.write { try JobQueue.claim($0, .importStock, limit: 1, lease: lease) }
          guard let job = jobs.first else { break }
          await work(job, lease)
        }
      } catch is CancellationError {
        return
      } catch {
        logger.warning("imports could not be taken from the queue", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }

  private func work(_ job: ClaimedJob, _ lease: Lease) async {
    keeper.hold(job.id, lease)
    defer { keeper.release(job.id) }
    let rows = Progress()
    let intake = StockIntake(vault, job, lease: lease) { rows.set($0) }
    do {
      let done = try await withThrowingTaskGroup { group in
        group.addTask { await report(rows, job) }
        defer { group.cancelAll() }
        return try await pool.write { try intake.run($0) }
      }
      if case .imported(let count) = done.outcome {
        wake(.restock)
        logger.info("keys were imported", metadata: ["import": "\(job.subject)", "keys": "\(count)"])
      }
      await note(rows.get(), job)
    } catch is LeaseLost {
      telemetry.leasesLost.increment()
    } catch let error where error is StockChunkError || error is VaultError {
      // However often it is tried, these bytes do not become others.
      await fail(intake, job, "\(error)")
    } catch {
      logger.warning(
        "an import could not be carried out",
        metadata: ["import": "\(job.subject)", "attempt": "\(job.attempts)", "error": "\(error)"])
      await putBack(job, lease, error)
    }
  }

  private func fail(_ intake: StockIntake, _ job: ClaimedJob, _ problem: String) async {
    do {
      try await pool.write { try intake.fail($0, problem: problem) }
      logger.error("an import failed", metadata: ["import": "\(job.subject)", "problem": "\(problem)"])
    } catch {
      logger.warning("an import could not be ended", metadata: ["import": "\(job.subject)", "error": "\(error)"])
    }
  }

  private func putBack(_ job: ClaimedJob, _ lease: Lease, _ error: any Error) async {
    do {
      if job.attempts >= limits.jobAttempts {
        if try await pool.write({ try JobQueue.bury($0, job, lease: lease, problem: "\(error)") }) {
          telemetry.buried.increment()
        }
      } else {
        let delay = RetrySchedule.delay(afterAttempt: job.attempts)
        _ = try await pool.run { try JobQueue.retry($0, job.id, after: delay, lease: lease) }
      }
    } catch {
      // Its lease runs out, and it is due again.
      logger.warning("an import could not be put back", metadata: ["error": "\(error)"])
    }
  }

  /// Writes now and then how far it is, until cancelled.
  private func report(_ rows: Progress, _ job: ClaimedJob) async {
    var told = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.progressInterval)
      let now = rows.get()
      guard now != told else { continue }
      await note(now, job)
      told = now
    }
  }

  private func note(_ rows: Int, _ job: ClaimedJob) async {
    guard rows > 0, let id = try? StockIntake.id(job) else { return }
    // Only a figure to look at: the next one comes soon.
    try? await pool.run { try StockIntake.note($0, id, rows: rows) }
  }

  private final class Progress: Sendable {
    private let rows = Mutex(0)
    func set(_ count: Int) { rows.withLock { $0 = count } }
    func get() -> Int { rows.withLock { $0 } }
  }
}
