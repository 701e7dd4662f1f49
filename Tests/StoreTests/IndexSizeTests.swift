import Market
import Postgres
import Store
import TestSupport
import Testing

/// Migration 25 on a market that has orders: its indexes find what they found before, and take less room.
@Suite("Smaller indexes") struct IndexSizeTests {
  @Test("a market with orders gets them, and everything is found by them as before") func migrated() async throws {
    try await TestDatabase.with { database in
      try await MarketDatabase.make(database, migrations: Migration.all.filter { $0.version < 25 })
      let market = MarketDatabase(database: database)
      try await DemoDatabase.load(DemoDatabase.small(orders: 900, suffix: "_\(database.suffix)"), into: market)
      // What a market has that was not made at once: no index is as dense as one that was just built.
      try await database.sql("REINDEX SCHEMA gkm")
      let before = try await Self.indexBytes(database)
      let finder = "SELECT string_agg(e.id::text, ',' ORDER BY e.id) FROM gkm.audit_event e WHERE"
      let questions = [
        "\(finder) e.order_id = (SELECT max(id) - 7 FROM gkm.orders)",
        "\(finder) e.subject_kind = 'delivery' AND e.subject_kind <> 'order' AND e.subject_id = '20'",
        "\(finder) e.at = (SELECT at FROM gkm.audit_event WHERE id = 500)",
        "\(finder) e.vendor_id = 1 AND e.at > now() - interval '1 day'",
        "SELECT count(*) FROM gkm.orders WHERE number = (SELECT number FROM gkm.orders WHERE id = 3)",
        "SELECT count(*) FROM gkm.orders WHERE number ~>=~ 'GK-7' AND number ~<~ 'GK-8'",
      ]
      let answers = try await Self.ask(questions, database)
      #expect(!answers.contains(""))

      let migrator = try await PostgresConnection.connect(
        PostgresConfiguration(
          conninfo: database.conninfo(user: "gkm_migrator", password: MarketDatabase.programPassword)))
      let report = try await Migrator.migrate(migrator)
      await migrator.close()
      #expect(report.applied.contains("25 index size"))

      #expect(try await Self.ask(questions, database) == answers)
      let plans = try await Self.ask(questions.map { "EXPLAIN (COSTS OFF) \($0)" }, database)
      #expect(plans.allSatisfy { !$0.contains("Seq Scan") }, "\(plans)")
      #expect(plans.suffix(2).allSatisfy { $0.contains("orders_number_key") }, "\(plans.suffix(2))")
      #expect(Double(try await Self.indexBytes(database)) < 0.8 * Double(before))
      let number = try await database.sql("SELECT number FROM gkm.orders WHERE id = 3")
      await #expect {
        try await DemoDatabase.connected(market.superuser) { connection in
          try await connection.run { try $0.script("UPDATE gkm.orders SET number = '\(number)' WHERE id = 4") }
        }
      } throws: { ($0 as? PostgresError)?.constraint == "orders_number_key" }
    }
  }

  /// As a planner answers who reads no table from end to end.
  private static func ask(_ questions: [String], _ database: TestDatabase) async throws -> [String] {
    var answers: [String] = []
    for question in questions { answers.append(try await database.sql("SET enable_seqscan = off; \(question)")) }
    return answers
  }

  /// What the indexes of the audit log and of the orders' numbers take.
  private static func indexBytes(_ database: TestDatabase) async throws -> Int {
    let text = try await database.sql(
      """
      SELECT sum(pg_relation_size(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_class x ON x.oid = i.indexrelid
      WHERE c.relnamespace = 'gkm'::regnamespace AND c.relkind = 'r'
        AND (c.relname LIKE 'audit_event%' OR x.relname LIKE 'orders_number%')
      """)
    return Int(text) ?? 0
  }
}
