import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Runs of reconciliation") struct ReconRunTests {
  private static let plan = ReconPlan(
    kind: .events, interval: .seconds(3_600), overlap: .seconds(600), lateness: .seconds(20))

  private func with(_ body: @Sendable @escaping (Workbench) async throws -> Void) async throws {
    try await Workbench.with(keys: 0) { try await body($0) }
  }

  private func claim(
    _ bench: Workbench, _ plan: ReconPlan = Self.plan, lease: Lease = Lease(for: .seconds(60))
  ) async throws -> ReconRun? {
    try await bench.daemon.write { try ReconRuns.claim($0, plan, lease: lease) }
  }

  @Test("A period's run is begun by one process only") func once() async throws {
    try await with { bench in
      let pool = PostgresPool(bench.market.daemon, maximum: 8)
      let runs = try await withThrowingTaskGroup(of: ReconRun?.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await pool.write { try ReconRuns.claim($0, Self.plan, lease: Lease(for: .seconds(60))) }
          }
        }
        return try await group.reduce(into: []) { if let run = $1 { $0.append(run) } }
      }
      await pool.close()
      #expect(runs.count == 1)
      #expect(try await bench.sql("SELECT count(*) FROM gkm.recon_run;") == "1")
    }
  }

  @Test("One whose process died goes on in another, behind the last page that was written; the dead one's word is void")
  func resumed() async throws {
    try await with { bench in
      let first = try #require(try await claim(bench))
      try await bench.daemon.write {
        try ReconRuns.advance($0, first, ReconProgress(.events, cursor: "evt_9", lookedAt: 100, missed: 3))
      }
      #expect(try await claim(bench) == nil)
      _ = try await bench.sql("UPDATE gkm.recon_run SET lease_until = now() - interval '1 s';")
      let second = try #require(try await claim(bench))
      #expect(second.id == first.id && second.cursor == "evt_9" && second.from == first.from)
      await #expect(throws: LeaseLost.self) {
        try await bench.daemon.write { try ReconRuns.advance($0, first, ReconProgress(.events, cursor: "evt_1")) }
      }
      await #expect(throws: LeaseLost.self) {
        try await bench.daemon.write { try ReconRuns.finish($0, first, overlap: .zero) }
      }
      try await bench.daemon.write { try ReconRuns.finish($0, second, overlap: .seconds(600)) }
      #expect(try await bench.sql("SELECT outcome, missed FROM gkm.recon_run;") == "good|3")
      #expect(try await claim(bench) == nil)
    }
  }

  @Test("The next run begins where Stripe's clock stood in the last good one, less the overlap") func windows()
    async throws
  {
    try await with { bench in
      let newest = Instant(unixSeconds: 1_700_000_000)
      let first = try #require(try await claim(bench))
      try await bench.daemon.write {
        try ReconRuns.advance($0, first, ReconProgress(.events, cursor: nil, newestSeen: newest))
        try ReconRuns.finish($0, first, overlap: Self.plan.overlap)
      }
      // Seen long ago: no further back than Stripe lists events.
      _ = try await bench.sql("UPDATE gkm.recon_run SET period = period - interval '1 day';")
      let second = try #require(try await claim(bench))
      let now = try await bench.sql("SELECT extract(epoch FROM now())::bigint;")
      let month = try #require(Int64(now)) - 30 * 86_400
      #expect(abs(second.from.unixSeconds - month) < 60)
      // From a clock that was wrong: no later than now.
      try await bench.daemon.write { try ReconRuns.finish($0, second, overlap: Self.plan.overlap) }
      _ = try await bench.sql(
        "UPDATE gkm.recon_run SET period = period - interval '1 day', window_until = now() + interval '9 days';")
      let third = try #require(try await claim(bench))
      #expect(abs(third.from.unixSeconds - (try #require(Int64(now)) - 600)) < 60)
    }
  }

  @Test("A failure lets go of the run for a while, and after a day gives it up") func failures() async throws {
    try await with { bench in
      let first = try #require(try await claim(bench))
      try await bench.daemon.write { try ReconRuns.leave($0, first, problem: "Stripe is down", for: .seconds(30)) }
      #expect(try await claim(bench) == nil)
      #expect(
        try await bench.sql("SELECT failures, problem, outcome IS NULL FROM gkm.recon_run;") == "1|Stripe is down|t")
      _ = try await bench.sql(
        "UPDATE gkm.recon_run SET lease_until = now(), started_at = now() - interval '25 hours';")
      let again = try #require(try await claim(bench))
      #expect(again.failures == 1)
      try await bench.daemon.write { try ReconRuns.leave($0, again, problem: "still", for: .zero) }
      #expect(try await bench.sql("SELECT outcome FROM gkm.recon_run;") == "failed")
      let health = try await bench.daemon.read { try ReconHealth.read($0) }
      #expect(health.kinds.allSatisfy { $0.lastGood == nil && !$0.isRunning } && health.openBreaks == 0)
    }
  }

  @Test("A run by hand stands beside the others and moves none of them") func byHand() async throws {
    try await with { bench in
      _ = try #require(try await claim(bench))
      let run = try await bench.daemon.write {
        try ReconRuns.begin(
          $0, .events, from: Instant(unixSeconds: 1), until: nil, lease: Lease(for: .seconds(60)))
      }
      try await bench.daemon.write { try ReconRuns.finish($0, run, overlap: .zero) }
      #expect(try await bench.sql("SELECT count(*) FROM gkm.recon_run WHERE ended_at IS NULL;") == "1")
      let health = try await bench.daemon.read { try ReconHealth.read($0) }
      #expect(health.kinds.first { $0.kind == .events }?.lastGood == nil)
    }
  }
}
