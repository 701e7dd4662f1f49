import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("A queue a million jobs long, with vacuum held back") struct BacklogLongTests {
  /// Claims and ends `count` jobs in batches; answers the median time of a batch.
  private static func drain(_ connection: PostgresConnection, _ count: Int, past horizon: ClaimHorizon) async throws
    -> Duration
  {
    var times: [Duration] = []
    var done = 0
    let clock = ContinuousClock()
    while done < count {
      let lease = Lease(for: .seconds(12))
      let start = clock.now
      let claimed = try await connection.write { session in
        try JobQueue.claim(session, .restock, limit: 200, lease: lease, past: horizon)
      }
      guard !claimed.isEmpty else { break }
      try await connection.write { session in
        _ = try session.execute(
          "DELETE FROM gkm.job WHERE id = ANY (\(claimed.map(\.id))) AND lease_token = \(lease.token)")
      }
      times.append(clock.now - start)
      done += claimed.count
    }
    #expect(done >= count)
    return times.sorted()[times.count / 2]
  }

  @Test("is taken from as fast after 200,000 jobs as at the beginning", .timeLimit(.minutes(15)))
  func heldVacuum() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.market.database.sql(
        """
        INSERT INTO gkm.job (kind, subject, run_at)
        SELECT 'restock', n::text, now() - interval '2 hours' + n * interval '7 milliseconds'
        FROM generate_series(1, 1000000) n;
        ANALYZE gkm.job;
        """)
      let reader = try await PostgresConnection.connect(bench.market.daemon)
      // A query that goes on keeps every dead row and index entry where it is.
      let holder = Task {
        _ = try? await reader.read(timeout: .seconds(900)) { session in
          try session.execute("SET LOCAL statement_timeout = 0")
          return try session.rows("SELECT pg_sleep(900)") { _ in 0 }
        }
      }
      #expect(try await bench.becomes("SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep';", "1"))
      let horizon = ClaimHorizon()
      let first = try await Self.drain(bench.daemon, 4_000, past: horizon)
      _ = try await Self.drain(bench.daemon, 192_000, past: horizon)
      let last = try await Self.drain(bench.daemon, 4_000, past: horizon)
      holder.cancel()
      await holder.value
      await reader.close()
      print("a batch of 200 from a million: \(first) at first, \(last) after 196,000 with vacuum held back")
      #expect(last < first * 4, "\(first) → \(last)")
    }
  }
}

extension Workbench {
  fileprivate func becomes(_ query: String, _ wanted: String) async throws -> Bool {
    for _ in 0..<100 {
      if try await sql(query) == wanted { return true }
      try await Task.sleep(for: .milliseconds(100))
    }
    return false
  }
}
