import CoreMetrics
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Answers people who ask for keys, and sees to it that no answer lies about: what nobody fetches is gone within a
/// minute. Publishes the key that people seal to.
struct KeyDesk: Sendable {
  let pool: PostgresPool
  let vault: KeyVault
  let requests: KeyRequests
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let logger: Logger

  private static let batch = 8
  private static let sweepInterval = Duration.seconds(5)

  /// Answers requests of a kind whenever there may be some, until the signals end.
  func run(_ kind: JobKind, _ signals: AsyncStream<Void>) async {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
          let lease = Lease(for: limits.lease)
          let jobs = try await pool.write { try JobQueue.claim($0, kind, limit: Self.batch, lease: lease) }
          if jobs.isEmpty { break }
          for job in jobs { await answer(job, lease) }
        }
      } catch is CancellationError {
        return
      } catch {
        logger.warning("requests for keys could not be taken from the queue", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }

  private func answer(_ job: ClaimedJob, _ lease: Lease) async {
    do {
      try await pool.write { try requests.answer($0, job, lease: lease) }
    } catch is LeaseLost {
      telemetry.leasesLost.increment()
    } catch {
      // Whoever asked waits for seconds, not for a retry schedule.
      logger.warning("a request for a key could not be answered", metadata: ["error": "\(error)"])
      let isLast = job.attempts >= limits.jobAttempts
      do {
        if isLast {
          if try await pool.write({ try JobQueue.bury($0, job, lease: lease, problem: "\(error)") }) {
            telemetry.buried.increment()
          }
        } else {
          _ = try await pool.run { try JobQueue.retry($0, job.id, after: .seconds(1), lease: lease) }
        }
      } catch {
        logger.warning("a request for a key could not be put back", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Publishes the key, then takes away what was left behind, until cancelled.
  func keepClean() async {
    var isPublished = false
    while !Task.isCancelled {
      do {
        if !isPublished {
          if try await pool.write({ try ExchangeKeys.publish($0, vault) }) {
            let fingerprint = try vault.exchangeKey().fingerprint
            logger.notice("the key that people seal to was published", metadata: ["fingerprint": "\(fingerprint)"])
          }
          isPublished = true
        }
        _ = try await pool.write { try KeyRequests.sweep($0) }
        _ = try await pool.write { try StockIntake.sweep($0) }
      } catch {
        logger.warning("requests for keys could not be tidied", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: Self.sweepInterval)
    }
  }
}
