import Market
import Postgres
import Store
import TestSupport
import Testing

/// The policy as the database knows it, both ways: nothing is granted beside it, and nothing of it is missing.
@Suite("The policy and the live catalogue") struct PolicyTests {
  @Test("Rights on tables, columns and functions are the policy's, and every lint holds")
  func catalogue() async throws {
    try await SeededMarket.with { seeded in
      for role in Role.people { _ = try await seeded.person(role) }
      try await Self.disableSomebody(seeded)
      let superuser = try await PostgresConnection.connect(seeded.market.superuser)
      let (tables, functions, lints) = try await superuser.run { session in
        (
          try PolicyCatalogue.tableProblems(session), try PolicyCatalogue.functionProblems(session),
          try PolicyLints.problems(session)
        )
      }
      await superuser.close()
      #expect(tables == [])
      #expect(functions == [])
      #expect(lints == [])
    }
  }

  /// So that the lints have somebody to look at who left.
  private static func disableSomebody(_ seeded: SeededMarket) async throws {
    _ = try await seeded.market.person(.support, named: "gone")
    let admin = try await PostgresConnection.connect(try await seeded.market.person(.admin, named: "boss"))
    let login = "gone_\(seeded.market.database.suffix)"
    for attempt in 0... {
      do {
        try await admin.write { try PeopleAdministration.disable($0, login: login, reason: "left the company") }
        break
      } catch let error as PostgresError
        where attempt < 20 && (error.message.contains("concurrently") || error.isRetryable)
      {
        try await Task.sleep(for: .milliseconds(20 * attempt))
      }
    }
    await admin.close()
  }

  @Test("Every table there is has its line in the policy, and every line its table and columns")
  func tables() async throws {
    try await MarketDatabase.with { market in
      let superuser = try await PostgresConnection.connect(market.superuser)
      let columns = try await superuser.run { try PolicyCatalogue.columns($0) }
      await superuser.close()
      let partitions = /_(default|[0-9]{6})$/
      #expect(Set(columns.keys.filter { $0.firstMatch(of: partitions) == nil }) == Set(Policy.tables.map(\.table)))
      for rule in Policy.tables {
        let named = rule.hidden + rule.functionsAdd + (rule.vendorColumns ?? [])
        #expect(Set(named).isSubset(of: columns[rule.table] ?? []), "\(rule.table)")
      }
      #expect(Set(Policy.tables.map(\.table)).count == Policy.tables.count)
      #expect(Set(Policy.functions.map(\.signature)).count == Policy.functions.count)
    }
  }
}

@Suite("Every cell of the policy, tried") struct PolicyProbeLongTests {
  @Test("Each login does what the policy gives it, and is refused the rest")
  func cells() async throws {
    try await SeededMarket.with { seeded in
      let superuser = try await PostgresConnection.connect(seeded.market.superuser)
      let columns = try await superuser.run { try PolicyCatalogue.columns($0) }
      await superuser.close()
      for (role, login) in try await PolicyProbe.logins(seeded) {
        let connection = try await PostgresConnection.connect(login)
        let problems = try await connection.run { session in
          try PolicyProbe.tables(session, role: role, columns: columns) + PolicyProbe.actions(session, role: role)
        }
        await connection.close()
        #expect(problems == [], "\(role)")
      }
    }
  }

  @Test("Where every function is everybody's to call, each still refuses whom it is not for")
  func functionsLookThemselves() async throws {
    try await SeededMarket.with { seeded in
      try await seeded.market.database.sql(
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO PUBLIC; GRANT USAGE ON SCHEMA api TO gkm_sealer;")
      for (role, login) in try await PolicyProbe.logins(seeded) {
        let connection = try await PostgresConnection.connect(login)
        let problems = try await connection.run { try PolicyProbe.actions($0, role: role) }
        await connection.close()
        // Who somebody is they may ask, and are told nothing where they are nobody; and that they are here they may say,
        // which is noted of nobody either.
        let harmless = ["api.whoami()", "api.my_vendor()", "api.here()"]
        #expect(problems.filter { problem in !harmless.contains { problem.contains($0) } } == [], "\(role)")
      }
    }
  }
}
