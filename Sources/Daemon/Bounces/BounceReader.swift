import CoreMetrics
import Glibc
import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Reads the Maildir that bounces are delivered into: what is recorded moves from `new` to `cur`, what is no bounce of
/// ours to `aside`. A daemon that dies between the record and the move reads the file again, and records nothing.
package struct BounceReader: Service {
  package let folder: String
  let report: BounceReport
  let pool: PostgresPool
  let interval: Duration
  let telemetry: BounceTelemetry
  let logger: Logger
  /// Wakes whoever tells of what came back.
  let wake: @Sendable (JobKind) -> Void

  /// Files of one look; the rest waits for the next, which follows at once.
  private static let limit = 200

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let read = await look()
        if read < Self.limit { try? await Task.sleep(for: interval) }
      }
    }
  }

  /// Reads what is there. Answers how many files it was done with.
  func look() async -> Int {
    let names: [String]
    do {
      names = try Maildir.names(folder, limit: Self.limit)
    } catch {
      telemetry.count(.failed)
      logger.warning("the mailbox for bounces cannot be read", metadata: ["folder": "\(folder)", "error": "\(error)"])
      return 0
    }
    var done = 0
    for name in names where !Task.isCancelled {
      if await take(name) { done += 1 }
    }
    return done
  }

  private func take(_ name: String) async -> Bool {
    let bounce: Bounce
    do {
      bounce = try report.read(try Maildir.read(folder, name, limitBytes: BounceReport.limitBytes))
    } catch let refusal as BounceReport.Refusal {
      return aside(name, refusal)
    } catch Maildir.Failure.gone {
      // Another daemon was faster.
      return true
    } catch Maildir.Failure.tooLarge {
      return aside(name, .tooLarge)
    } catch {
      telemetry.count(.failed)
      logger.warning("a bounce cannot be read", metadata: ["file": "\(name)", "error": "\(error)"])
      return aside(name, .unreadable)
    }
    do {
      switch try await pool.write({ try BounceDesk.record($0, bounce) }) {
      case .unknown: return aside(name, .unknown)
      case .recorded:
        telemetry.count(bounce.isHard ? .hard : .soft)
        wake(.notify)
      case .known: telemetry.count(.known)
      }
      return Maildir.move(folder, name, to: "cur", as: name.contains(":2,") ? name : "\(name):2,S")
    } catch {
      // It stays where it is, and is read again.
      telemetry.count(.failed)
      logger.warning("a bounce could not be recorded", metadata: ["file": "\(name)", "error": "\(error)"])
      return false
    }
  }

  private func aside(_ name: String, _ refusal: BounceReport.Refusal) -> Bool {
    telemetry.count(BounceTelemetry.Outcome(rawValue: refusal.rawValue) ?? .failed)
    logger.notice("a mail is no bounce of ours", metadata: ["file": "\(name)", "reason": "\(refusal.rawValue)"])
    return Maildir.move(folder, name, to: "aside", as: name)
  }
}

/// What came into the mailbox for bounces.
struct BounceTelemetry: Sendable {
  enum Outcome: String, CaseIterable, Sendable {
    case hard, soft, known, forged, unreadable, unknown, failed
    case tooLarge = "too_large"
  }

  private let counters: [Outcome: Counter]

  init(factory: any MetricsFactory = MetricsSystem.factory) {
    counters = Dictionary(
      uniqueKeysWithValues: Outcome.allCases.map {
        ($0, Counter(label: "gkm_bounces_total", dimensions: [("outcome", $0.rawValue)], factory: factory))
      })
  }

  func count(_ outcome: Outcome) { counters[outcome]?.increment() }
}
