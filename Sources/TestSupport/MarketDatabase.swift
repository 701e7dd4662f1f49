package import Market
package import Postgres
package import Store

/// A database of the market, bootstrapped and migrated, of one test's own; with people of its own.
package struct MarketDatabase: Sendable {
  package let database: TestDatabase

  /// A database that is a market already.
  package init(database: TestDatabase) { self.database = database }

  /// A clone of the template, which is made once per server and per state of the schema.
  package static func with<T: Sendable>(
    on server: PrivatePostgres? = nil, _ body: @Sendable (MarketDatabase) async throws -> T
  ) async throws -> T {
    let place: PrivatePostgres
    if let server { place = server } else { place = try await PrivatePostgres.shared() }
    let template = "market_\(Migrator.fingerprint.prefix(16))"
    try await place.template(template) { try await make($0) }
    return try await TestDatabase.with(on: place, template: template) { try await body(MarketDatabase(database: $0)) }
  }

  /// The password of the programs' logins on a test server.
  package static let programPassword = "test-program"

  /// Makes an empty database a market: of this release, or of one that had only these migrations.
  package static func make(_ database: TestDatabase, migrations: [Migration] = Migration.all) async throws {
    let superuser = try await PostgresConnection.connect(PostgresConfiguration(conninfo: database.conninfo()))
    try await superuser.run { session in
      // Roles are the cluster's: one at a time.
      try session.script("BEGIN; \(Self.oneAtATime)")
      try Bootstrap.cluster(session)
      for role in ["gkm_daemon", "gkm_migrator", "gkm_sealer"] {
        try session.script("ALTER ROLE \(role) PASSWORD '\(programPassword)'")
      }
      try session.script("ALTER DATABASE \(database.name) OWNER TO gkm_owner")
      try Bootstrap.databaseAccess(session, named: database.name)
      try Bootstrap.database(session)
      try session.script("COMMIT")
    }
    await superuser.close()
    let migrator = try await PostgresConnection.connect(
      PostgresConfiguration(conninfo: database.conninfo(user: "gkm_migrator", password: programPassword)))
    _ = try await Migrator.migrate(migrator, migrations: migrations)
    await migrator.close()
  }

  /// Changes of roles wait for one another: they all write one catalogue of the cluster.
  private static let oneAtATime = "LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;"

  /// How the daemon reaches it.
  package var daemon: PostgresConfiguration {
    PostgresConfiguration(conninfo: database.conninfo(user: "gkm_daemon", password: Self.programPassword))
  }

  /// How the sealer does.
  package var sealer: PostgresConfiguration {
    PostgresConfiguration(conninfo: database.conninfo(user: "gkm_sealer", password: Self.programPassword))
  }

  /// How the superuser does.
  package var superuser: PostgresConfiguration { PostgresConfiguration(conninfo: database.conninfo()) }

  /// Adds a person under a login of this test's own and returns how they sign in.
  package func person(_ role: Role, vendor: VendorID? = nil, named name: String? = nil) async throws
    -> PostgresConfiguration
  {
    let login = "\(name ?? role.rawValue)_\(database.suffix)"
    let vendorText = vendor.map { "\($0)" } ?? "NULL"
    try await database.sql(
      """
      BEGIN; \(Self.oneAtATime)
      SELECT api.person_add('\(login)', '\(login)', '\(role.rawValue)', \(vendorText), NULL);
      ALTER ROLE \(login) PASSWORD 'test-person';
      COMMIT;
      """)
    return PostgresConfiguration(conninfo: database.conninfo(user: login, password: "test-person"))
  }
}
