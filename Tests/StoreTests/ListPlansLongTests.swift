import Foundation
import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Lists in a large market") struct ListPlansLongTests {
  /// Rows that one part of a plan may touch: many times what a page shows and looks through, a fraction of the tables. A
  /// vendor of this market has some 4,000 orders.
  private static let budget = 5_000.0
  private static let orders = 15_000
  private static let reach = 300
  private static let limit = 25

  @Test("touch no more than a page's worth of rows, whatever is asked and whoever asks", .timeLimit(.minutes(20)))
  func plans() async throws {
    try await MarketDatabase.with { market in
      var demo = DemoDatabase.small(orders: Self.orders, suffix: "_\(market.database.suffix)")
      // Long enough that an order's state says little of its age.
      demo.days = 60
      let summary = try await DemoDatabase.load(demo, into: market)
      try await market.database.sql("ANALYZE")
      let large = try await Self.large(market)
      #expect(large.isSuperset(of: ["orders", "delivery", "ledger_posting", "vendor_order", "payment_attempt"]))
      for role in [Role.support, .admin, .vendor] {
        let login = try #require(summary.people.first { $0.role == role }?.login)
        let problems = try await Self.ask(market, as: login, large: large)
        #expect(problems.isEmpty, "as \(role.rawValue):\n\(problems.joined(separator: "\n"))")
      }
    }
  }

  /// Tables that no list may be read from as a whole.
  private static func large(_ market: MarketDatabase) async throws -> Set<String> {
    let names = try await market.database.sql(
      "SELECT relname FROM pg_class WHERE relnamespace = 'gkm'::regnamespace AND relkind = 'r' AND reltuples > 8000")
    return Set(names.split(separator: "\n").map(String.init))
  }

  /// Asks all that there is to ask; answers what cost too much.
  private static func ask(_ market: MarketDatabase, as login: String, large: Set<String>) async throws -> [String] {
    try await market.database.sql(
      """
      ALTER ROLE \(login) PASSWORD 'test-person';
      \(ExplainedPlans.settings.map { "ALTER ROLE \(login) SET \($0) = '\($1)';" }.joined(separator: "\n"))
      """)
    let plans = ExplainedPlans()
    let configuration = PostgresConfiguration(
      conninfo: market.database.conninfo(user: login, password: "test-person"),
      settings: ["plan_cache_mode": "force_custom_plan"], onNotice: { plans.add($0.message) })
    return try await DemoDatabase.connected(configuration) { connection in
      let viewer = try await connection.read { try Viewer.current($0) }
      let probes = try await connection.read { try ListProbes.all($0, viewer: viewer) }
      #expect(probes.count > (viewer.role == .vendor ? 20 : 100))
      var problems: [String] = []
      for probe in probes {
        _ = plans.take()
        let filter = try probe.kind.schema(for: viewer.role).parse(
          probe.filter, now: Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
        _ = try await connection.read {
          try ListPage.readPart(
            $0, viewer: viewer, kind: probe.kind, filter: filter, after: probe.after, limit: Self.limit,
            reach: Self.reach)
        }
        for plan in plans.take() {
          let costly = try PlanNode.nodes(of: plan).filter { $0.isTooMuch(of: large, budget: Self.budget) }
          problems += costly.map { "\(probe.title): \($0.title)" }
        }
      }
      return problems
    }
  }
}

extension PlanNode {
  /// Whether it reads a large table from end to end, or more of one than a list may.
  fileprivate func isTooMuch(of large: Set<String>, budget: Double) -> Bool {
    if kind == "Sort" { return rows > budget }
    guard let relation else { return false }
    let isLarge = large.contains { relation == $0 || relation.hasPrefix($0) }
    return isLarge && (rows > budget || kind == "Seq Scan")
  }
}
