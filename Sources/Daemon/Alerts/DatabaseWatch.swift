import Logging
import Market
import Postgres
import Redis
import ServiceLifecycle
import Store

/// Looks whether the database can be reached, and tells the team past it where it cannot: every other alert is kept and
/// queued in the database, and would say nothing just then.
///
/// Each daemon looks for itself, and tells of an outage and of its end once. Through Redis they agree on the one of them
/// that tells; without Redis each does. Silence is kept in the database, too, and does not reach this.
struct DatabaseWatch: Service {
  let pool: PostgresPool
  let redis: RedisClient
  let rule: AlertPlan.Rule
  /// Who misses it.
  let name: String
  let teller: DirectTeller
  let logger: Logger
  let now: @Sendable () -> Instant

  private static let interval = Duration.seconds(1)
  private static let patience = Duration.seconds(5)
  /// How long what was told counts as told for a daemon that comes later, where nobody is reminded.
  private static let memory = Duration.seconds(4 * 3_600)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        var course: AlertCourse?
        var problem = ""
        while !Task.isCancelled {
          let found = await look()
          problem = found ?? problem
          let at = now()
          if found != nil, course == nil { course = .begun(at: at) }
          if let message = step(&course, isBad: found != nil, at), let course {
            let telling = telling(message, course, problem, at)
            let times = course.notified
            group.addTask { await tell(telling, times) }
          }
          if course?.state == .resolved { course = nil }
          try? await Task.sleep(for: Self.interval)
        }
      }
    }
  }

  /// Why the database cannot be reached; `nil` where it can.
  private func look() async -> String? {
    do {
      _ = try await pool.read(timeout: Self.patience) { try Worker.databaseTime($0) }
      return nil
    } catch {
      // The end of this daemon is no outage.
      if Task.isCancelled { return nil }
      return SafeText.cleaned((error as? PostgresError)?.message ?? "\(error)", limit: 200)
    }
  }

  private func step(_ course: inout AlertCourse?, isBad: Bool, _ at: Instant) -> AlertCourse.Message? {
    guard let look = course?.look(isBad ? .bad : .calm, at: at, patience: rule.patience, isSilenced: false) else {
      return nil
    }
    if look.isForgotten { course = nil }
    return look.message
  }

  private func telling(
    _ message: AlertCourse.Message, _ course: AlertCourse, _ problem: String, _ at: Instant
  ) -> AlertTelling {
    AlertTelling(
      message: message, rule: AlertRule.database.rawValue, title: AlertRule.database.title,
      severity: AlertRule.database.severity, dedupe: "", lines: ["\(name): \(problem)"], since: course.since, at: at,
      channels: rule.channels)
  }

  private func tell(_ telling: AlertTelling, _ times: Int) async {
    logger.log(
      level: telling.message == .resolved ? .notice : .error, "an alert",
      metadata: [
        "rule": "\(telling.rule)", "what": "\(telling.message.rawValue)", "title": "\(telling.title)",
        "about": "\(telling.text)",
      ])
    guard !teller.channels.isEmpty, await isOurs(telling.message) else { return }
    await teller.tell(
      telling, named: "database-\(LeaseHolder.number)-\(telling.since.unixSeconds)-\(telling.message.rawValue)\(times)")
  }

  /// Whether no other daemon has told the same. Where Redis does not say, it is: twice is better than never.
  private func isOurs(_ message: AlertCourse.Message) async -> Bool {
    func key(_ message: AlertCourse.Message) -> String { "gkm:alert:database:\(message.rawValue)" }
    let memory: Duration =
      switch message {
      case .firing: rule.patience.reminder ?? Self.memory
      // Those who are to remind come within seconds of each other.
      case .reminder: (rule.patience.reminder ?? Self.memory) / 2
      case .resolved: rule.patience.after + .seconds(60)
      }
    let answer = try? await redis.command(
      "SET", key(message), name, "NX", "EX", max(1, memory.components.seconds), timeout: .milliseconds(500))
    guard let answer, !answer.isNull else { return answer == nil }
    // The next outage is another one.
    let others = message == .resolved ? [key(.firing), key(.reminder)] : message == .firing ? [key(.resolved)] : []
    if !others.isEmpty { _ = try? await redis.command(["DEL"] + others, timeout: .milliseconds(500)) }
    return true
  }
}
