import Postgres
import Store
import TestSupport
import Testing

@Suite struct MigratorTests {
  @Test func migratingTwiceChangesNothing() async throws {
    try await MarketDatabase.with { market in
      let connection = try await connect(market, "gkm_migrator")
      let again = try await Migrator.migrate(connection)
      #expect(again == Migrator.Report())
      await connection.close()
    }
  }

  @Test func twoProcessesAtOnceMigrateOnce() async throws {
    try await MarketDatabase.with { market in
      try await market.database.sql("SET ROLE gkm_owner; DELETE FROM gkm.schema_migration WHERE name = 'policy';")
      let reports = try await withThrowingTaskGroup(of: Migrator.Report.self) { group in
        for _ in 0..<2 {
          group.addTask {
            let connection = try await connect(market, "gkm_migrator")
            let report = try await Migrator.migrate(connection)
            await connection.close()
            return report
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(reports.filter(\.rewrotePolicy).count == 1)
    }
  }

  @Test func anEditedMigrationIsRefused() async throws {
    try await MarketDatabase.with { market in
      try await market.database.sql("UPDATE gkm.schema_migration SET sha256 = 'x' WHERE version = 1;")
      await #expect(throws: SchemaError.edited(version: 1, name: "core")) { try await migrate(market) }
    }
  }

  @Test func aMigrationOfALaterProgramIsRefused() async throws {
    try await MarketDatabase.with { market in
      try await market.database.sql(
        "INSERT INTO gkm.schema_migration (version, name, sha256) VALUES (999, 'later', 'x');")
      await #expect(throws: SchemaError.newer(version: 999)) { try await migrate(market) }
    }
  }

  @Test func aSchemaChangedByHandIsRefusedUnlessAccepted() async throws {
    try await MarketDatabase.with { market in
      try await market.database.sql("ALTER TABLE gkm.product ADD COLUMN sneaked text;")
      await #expect(throws: SchemaError.drifted) { try await migrate(market) }
      _ = try await migrate(market, acceptDrift: true)
    }
  }

  @Test func bootstrapIsRefusedToAnOrdinaryLogin() async throws {
    try await MarketDatabase.with { market in
      let connection = try await connect(market, "gkm_migrator")
      await #expect(throws: SchemaError.notSuperuser("gkm_migrator")) {
        try await connection.run { try Bootstrap.cluster($0) }
      }
      await connection.close()
    }
  }

  private func connect(_ market: MarketDatabase, _ user: String) async throws -> PostgresConnection {
    try await PostgresConnection.connect(
      PostgresConfiguration(
        conninfo: market.database.conninfo(user: user, password: MarketDatabase.programPassword)))
  }

  @discardableResult
  private func migrate(_ market: MarketDatabase, acceptDrift: Bool = false) async throws -> Migrator.Report {
    let connection = try await connect(market, "gkm_migrator")
    do {
      let report = try await Migrator.migrate(connection, acceptDrift: acceptDrift)
      await connection.close()
      return report
    } catch {
      await connection.close()
      throw error
    }
  }
}
