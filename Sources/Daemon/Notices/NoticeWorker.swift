import CoreMetrics
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Sends notices: every message that is not a key.
///
/// An attempt is committed as prepared before anything leaves, and its outcome after; a crash between leaves it
/// `unknown`, and the notice goes again under the same Message-ID or event id. A notice that cannot be sent ends with the
/// dead letters, from where a person can have it tried again; nothing else is undone by it.
struct NoticeWorker: Sendable {
  let pool: PostgresPool
  let sender: NoticeSender
  let keeper: LeaseKeeper
  let settings: NoticeSettings
  let limits: WorkLimits
  let telemetry: WorkTelemetry
  let ticks: LiveTicks
  let logger: Logger

  /// Works whenever there may be work, until the signals end; then what is under way is finished.
  func run(_ signals: AsyncStream<Void>) async {
    let slots = Slots(settings.lanes)
    await registerTeam()
    await withDiscardingTaskGroup { group in
      for await _ in signals.cancelOnGracefulShutdown() {
        do {
          while !Task.isShuttingDownGracefully, !Task.isCancelled {
            await slots.waitForOne()
            let free = slots.take(upTo: settings.lanes)
            guard let prepared = try await take(free, giveBack: slots.giveBack) else { break }
            for notice in prepared {
              keeper.hold(notice.job.id, notice.lease)
              group.addTask {
                await self.send(notice)
                self.keeper.release(notice.job.id)
                slots.giveBack(1)
              }
            }
          }
        } catch is CancellationError {
          break
        } catch {
          logger.warning("notices could not be taken from the queue", metadata: ["error": "\(error)"])
          try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
        }
      }
    }
  }

  /// The database has to know on which channels the team listens, because notices are made there.
  private func registerTeam() async {
    let (channels, locale) = (settings.team.channels, settings.team.locale)
    do {
      try await pool.write { try NoticeQueue.setTeamChannels($0, channels, locale: locale) }
    } catch {
      logger.warning("the team's channels could not be told to the database", metadata: ["error": "\(error)"])
    }
  }

  /// Claims and prepares up to `free`; slots that are not used are given back. `nil`: nothing is due.
  private func take(_ free: Int, giveBack: (Int) -> Void) async throws -> [PreparedNotice]? {
    var used = 0
    defer { giveBack(free - used) }
    let lease = Lease(for: limits.lease)
    let (attempts, breaker) = (settings.attempts, settings.webhooks.breaker)
    let jobs = try await pool.write { try JobQueue.claim($0, .notify, limit: free, lease: lease) }
    guard !jobs.isEmpty else { return nil }
    do {
      let result = try await pool.write {
        try NoticeClaim.prepare($0, jobs, lease: lease, attemptLimit: attempts, breaker: breaker)
      }
      used = result.prepared.count
      for notice in result.exhausted {
        logger.error("a notice ran out of attempts", metadata: ["notice": "\(notice)"])
      }
      return result.prepared
    } catch {
      // Whether or not it was committed, whoever comes next finds out.
      try? await pool.run { try JobQueue.release($0, jobs.map(\.id), lease: lease) }
      throw error
    }
  }

  private func send(_ notice: PreparedNotice) async {
    let outcome = await sender.send(notice, attemptLimit: settings.attempts)
    let breaker = settings.webhooks.breaker
    for attempt in 1...Self.settleAttempts {
      do {
        try await pool.write { try NoticeSettlement.write($0, outcome, breaker: breaker) }
        report(outcome)
        return
      } catch is LeaseLost {
        telemetry.leasesLost.increment()
        return
      } catch {
        logger.warning(
          "the outcome of a notice was not written",
          metadata: ["notice": "\(notice.id)", "attempt": "\(attempt)", "error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(50 << attempt))
      }
    }
  }

  /// After so many failures the outcome is let go of: the attempt becomes `unknown` when its job is due again.
  private static let settleAttempts = 6

  private func report(_ outcome: NoticeOutcome) {
    telemetry.count(notice: outcome.ending, on: outcome.notice.channel)
    if let order = outcome.notice.order { ticks.changed([order.id]) }
    let metadata: Logger.Metadata = [
      "notice": "\(outcome.notice.id)", "template": "\(outcome.notice.template)",
      "channel": "\(outcome.notice.channel.rawValue)", "attempt": "\(outcome.notice.attempt)",
      "reply": "\(SafeText.cleaned(outcome.reply, limit: 200))",
    ]
    switch outcome.ending {
    case .confirmed: logger.debug("a notice was sent", metadata: metadata)
    default:
      logger.log(
        level: outcome.retryAfter == nil ? .error : .notice, "a notice could not be sent", metadata: metadata)
    }
  }
}
