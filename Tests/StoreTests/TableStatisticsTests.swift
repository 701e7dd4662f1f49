import Postgres
import Store
import TestSupport
import Testing

@Suite("A plan from a table's first rows does not outlive them") struct TableStatisticsTests {
  /// How the session looks up a posting's transaction, as the foreign key does: with a plan made once.
  private static func plan(_ connection: PostgresConnection) async throws -> String {
    try await connection.run { session in
      try session.rows("EXPLAIN EXECUTE lookup (1, 2::smallint)") { try $0.string(0) }.joined(separator: "\n")
    }
  }

  @Test("What doubled is analyzed, by the daemon's own role, in both owners' tables; what stood still is let be")
  func doubled() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.daemon.write { try TableStatistics.refresh($0) }
      try await bench.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.ledger_tx (entry, postings) VALUES ('first', 2);
        ANALYZE gkm.ledger_tx;
        """)
      // With what is known of one row, reading the table from end to end is the best plan there is.
      try await bench.daemon.run { session in
        try session.script(
          """
          SET plan_cache_mode = force_generic_plan;
          PREPARE lookup (bigint, smallint) AS
            SELECT 1 FROM ONLY gkm.ledger_tx x WHERE id = $1 AND postings = $2;
          """)
      }
      #expect(try await Self.plan(bench.daemon).contains("Seq Scan"))
      try await bench.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.ledger_tx (entry, postings) SELECT 'entry ' || n, 2 FROM generate_series(1, 20000) AS n;
        INSERT INTO gkm.audit_leaf (leaf_index, event_id, event_at, hash)
          SELECT n, n, now(), sha256('x') FROM generate_series(0, 9999) AS n;
        """)
      #expect(try await Self.plan(bench.daemon).contains("Seq Scan"))

      let looked = try await bench.daemon.write { try TableStatistics.refresh($0) }
      #expect(looked >= 2)
      #expect(try await Self.plan(bench.daemon).contains("Index"))
      let known = try await bench.sql(
        """
        SELECT string_agg(relname || ' ' || reltuples, ', ' ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'gkm'::regnamespace AND relname IN ('ledger_tx', 'audit_leaf');
        """)
      #expect(known == "audit_leaf 10000, ledger_tx 20001")
      #expect(try await bench.daemon.write { try TableStatistics.refresh($0) } == 0)
    }
  }

  @Test("While one daemon looks, another does not wait for it")
  func oneLooks() async throws {
    try await Workbench.with(keys: 0) { bench in
      try await bench.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.ledger_tx (entry, postings) SELECT 'entry ' || n, 2 FROM generate_series(1, 20000) AS n;
        """)
      let other = try await PostgresConnection.connect(bench.market.daemon)
      try await other.run { _ = try $0.rows("SELECT pg_advisory_lock(7261005)") { _ in } }
      #expect(try await bench.daemon.write { try TableStatistics.refresh($0) } == 0)
      await other.close()
      var looked = 0
      for _ in 0..<100 where looked == 0 {
        looked = try await bench.daemon.write { try TableStatistics.refresh($0) }
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(looked >= 1)
    }
  }
}
