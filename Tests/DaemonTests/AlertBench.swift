import Logging
import Market
import Postgres
import Store
import TestSupport

@testable import Daemon

/// A market of a test's own with two daemons that watch it, and a hand on their clock.
struct AlertBench: Sendable {
  let market: MarketDatabase
  /// Two, as of two daemons.
  let watches: [AlertWatch]
  let pool: PostgresPool
  /// What the test's times count from: the database's time when it began.
  let start: Instant

  /// - Parameter settings: lines of a configuration file.
  static func with(_ settings: String = "", _ body: @Sendable (AlertBench) async throws -> Void) async throws {
    let plan = try plan(settings)
    try await MarketDatabase.with { market in
      let pool = PostgresPool(market.daemon, maximum: 6)
      var logger = Logger(label: "test")
      logger.logLevel = .critical
      let watches = (1...2).map { number in
        AlertWatch(pool: pool, plan: plan, name: "shop\(number):1", logger: logger)
      }
      do {
        let start = try await pool.read { try Worker.databaseTime($0) }
        try await body(AlertBench(market: market, watches: watches, pool: pool, start: start))
        await pool.close()
      } catch {
        await pool.close()
        throw error
      }
    }
  }

  static func plan(_ settings: String) throws -> AlertPlan {
    try Configuration.parse(settings, named: "test.toml", environment: [:]).configuration.alerts.plan
  }

  /// Both daemons look at the same moment, so many seconds after the start; what they said between them.
  @discardableResult
  func look(at seconds: Double) async throws -> [AlertTelling] {
    let at = start + .microseconds(Int64(seconds * 1_000_000))
    return try await withThrowingTaskGroup(of: [AlertTelling].self) { group in
      for watch in watches { group.addTask { try await watch.look(at: at)?.tellings ?? [] } }
      return try await group.reduce([], +)
    }
  }

  /// What they say from one moment to another, looking every ten seconds: `firing smtp`, `resolved backlog`.
  func said(from first: Int, to last: Int, step: Int = 10) async throws -> [String] {
    var said: [String] = []
    for second in stride(from: first, through: last, by: step) {
      said += try await look(at: Double(second)).map { "\($0.message.rawValue) \($0.rule)" }
    }
    return said
  }

  @discardableResult
  func sql(_ text: String) async throws -> String { try await market.database.sql(text) }

  /// As a restore would put it there: what triggers demand is not what is tested here.
  @discardableResult
  func plant(_ text: String) async throws -> String {
    try await sql("BEGIN; SET LOCAL session_replication_role = replica; \(text) COMMIT;")
  }

  /// `backlog apply firing`, a line for each alert.
  func alerts(_ condition: String = "state <> 'resolved'") async throws -> [String] {
    try await sql("SELECT rule || ' ' || subject || ' ' || state FROM gkm.alert WHERE \(condition) ORDER BY id;")
      .split(separator: "\n").map(String.init)
  }
}
