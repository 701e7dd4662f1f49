import Market
import Postgres
import Store
import TestSupport
import Testing

/// What the sealer reads for one step, whatever the planner believes of a log that grows faster than its statistics.
@Suite("The sealer's plans") struct SealPlanTests {
  private static let limit = 400
  private static let waiting = 12_000
  /// Rows that one part of a plan may touch: what a step takes, and a little.
  private static let budget = Double(limit + 50)

  @Test("a step touches what it seals, however much waits behind it and however much is sealed before")
  func steps() async throws {
    try await explained { sealed, connection, plans in
      try await connection.run { try $0.script("SET SESSION AUTHORIZATION gkm_sealer") }
      // On tables that are empty and then all but: these are the plans that a connection keeps.
      for _ in 0..<8 {
        try await sealed.write(2)
        _ = try await Self.seal(connection, sealed)
      }
      _ = plans.take()
      for analyzes in [false, true] {
        // In one transaction, so that no histogram says where in it the sealer stands.
        try await sealed.write(Self.waiting)
        if analyzes { try await sealed.sql("ANALYZE gkm.audit_event") }
        try await sealed.settled()
        let problems = try await Self.seal(connection, sealed, tellingOf: plans)
        #expect(problems.isEmpty, "\(problems.prefix(9).joined(separator: "\n"))")
      }
      #expect(try await sealed.sql("SELECT max(tree_size) FROM gkm.audit_head") == "\(16 + 2 * Self.waiting)")
    }
  }

  @Test("how far the sealing is behind is read from one event, however many wait")
  func lag() async throws {
    try await explained { sealed, connection, plans in
      try await sealed.write(3)
      try await sealed.sealAll()
      for _ in 0..<8 { _ = try await connection.read { try SealLag.read($0) } }
      try await sealed.write(Self.waiting)
      try await sealed.sql("ANALYZE gkm.audit_event")
      _ = plans.take()
      let lag = try await connection.read { try SealLag.read($0) }
      #expect(lag.treeSize == 3 && lag.oldestUnsealed != nil)
      let problems = try Self.problems(plans.take(), budget: 20)
      #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
      // What follows in the same transaction is planned as ever.
      let kept = try await connection.read { session in
        _ = try SealLag.read(session)
        return try session.first("SELECT current_setting('enable_seqscan')") { try $0.string(0) }
      }
      #expect(kept == "on")
    }
  }

  @Test("verifying reads each event once, whatever is believed of the log") func verifying() async throws {
    try await explained { sealed, connection, plans in
      try await sealed.write(2 * Self.waiting)
      try await sealed.sealAll(limit: 8_192)
      var check = LogCheck()
      check.keys = [sealed.signer.verifier]
      _ = plans.take()
      let report = try await check.run(connection)
      #expect(report.findings == [] && report.leaves.count == 2 * Self.waiting)
      let touched = try plans.take().flatMap { try PlanNode.nodes(of: $0) }.filter {
        $0.relation?.hasPrefix("audit_event") == true
      }
      // For the pieces, and once more for events that are not sealed.
      #expect(touched.reduce(0) { $0 + $1.rows } < Double(5 * Self.waiting), "\(touched.map(\.title))")
      #expect(!touched.contains { $0.kind == "Seq Scan" }, "\(touched.map(\.title))")
    }
  }

  /// A sealed market, and a superuser's connection that tells its plans.
  private func explained(
    _ body: @Sendable (SealedMarket, PostgresConnection, ExplainedPlans) async throws -> Void
  ) async throws {
    try await SealedMarket.with { sealed in
      let plans = ExplainedPlans()
      var configuration = sealed.market.superuser
      configuration.settings.merge(ExplainedPlans.settings) { $1 }
      configuration.onNotice = { plans.add($0.message) }
      try await DemoDatabase.connected(configuration) { try await body(sealed, $0, plans) }
    }
  }

  /// Seals all there is, each step in a transaction of its own; answers what a step touched that was too much.
  private static func seal(
    _ connection: PostgresConnection, _ sealed: SealedMarket, tellingOf plans: ExplainedPlans? = nil
  ) async throws -> [String] {
    let step = sealed.step(limit: limit)
    var position = try await connection.read { try SealedMarket.position($0) }
    _ = plans?.take()
    var problems: [String] = []
    var steps = 0
    while true {
      let from = position
      let result = try await connection.write {
        try step.run($0, from, now: Instant(unixSeconds: 1_767_225_600))
      }
      position = result.position
      steps += 1
      if let plans { problems += try Self.problems(plans.take(), budget: budget).map { "step \(steps): \($0)" } }
      if !result.isFull { return problems }
    }
  }

  private static func problems(_ plans: [String], budget: Double) throws -> [String] {
    #expect(!plans.isEmpty)
    return try plans.flatMap { try PlanNode.nodes(of: $0) }
      .filter { $0.rows > budget || ($0.kind == "Seq Scan" && $0.relation?.hasPrefix("audit_") == true) }.map(\.title)
  }
}

extension SealedMarket {
  /// Waits until nobody on the server is in the midst of a transaction that began before what was written last: other
  /// tests' would keep it from being sealed.
  fileprivate func settled() async throws {
    try await eventually {
      try await sql(
        """
        SELECT max(xact)::text::numeric < pg_snapshot_xmin(pg_current_snapshot())::text::numeric FROM gkm.audit_event
        """) == "t"
    }
  }
}
