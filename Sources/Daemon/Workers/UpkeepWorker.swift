import CoreMetrics
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Does one round of upkeep for all daemons: partitions ahead, retention behind.
struct UpkeepWorker: Sendable {
  let pool: PostgresPool
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let logger: Logger

  /// Works whenever there may be a round to do, until the signals end.
  func run(_ signals: AsyncStream<Void>) async {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        let lease = Lease(for: .seconds(120))
        let jobs = try await pool.write { try JobQueue.claim($0, .upkeep, limit: 4, lease: lease) }
        for job in jobs { await work(job, lease) }
      } catch is CancellationError {
        return
      } catch {
        logger.warning("upkeep could not be taken from the queue", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }

  private func work(_ job: ClaimedJob, _ lease: Lease) async {
    do {
      let retention = limits.retention
      let done = try await pool.write { session in
        let done = try Upkeep.run(session, retention)
        _ = try AddressCodes.prune(session)
        try Upkeep.complete(session, [job], lease: lease)
        return done
      }
      if done.dropped > 0 {
        logger.notice("old bodies of events were taken away", metadata: ["months": "\(done.dropped)"])
      }
    } catch {
      logger.warning("upkeep could not be done", metadata: ["attempt": "\(job.attempts)", "error": "\(error)"])
      await putBack(job, lease, error)
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
      logger.warning("a round of upkeep could not be put back", metadata: ["error": "\(error)"])
    }
  }
}
