import Glibc

/// A database of one test's own, cloned from a template and dropped afterwards.
package struct TestDatabase: Sendable {
  /// The server it stands on.
  package let server: PrivatePostgres
  /// Its name.
  package let name: String
  /// Sets it apart from every other database and run: for names of roles, which all databases of a server share.
  package let suffix: String

  /// The same database on another server, which took it over.
  package func moved(to server: PrivatePostgres) -> TestDatabase {
    TestDatabase(server: server, name: name, suffix: suffix)
  }

  /// Makes an empty database, or a clone of `template`, for the time of `body`.
  ///
  /// The rights to connect are not part of a template: they are copied as they stand there.
  package static func with<T: Sendable>(
    on server: PrivatePostgres? = nil, template: String? = nil,
    _ body: @Sendable (TestDatabase) async throws -> T
  ) async throws -> T {
    let place: PrivatePostgres
    if let server { place = server } else { place = try await PrivatePostgres.shared() }
    let suffix = (0..<10).map { _ in String("abcdefghijkmnpqrstuvwxyz23456789".randomElement() ?? "x") }.joined()
    let database = TestDatabase(server: place, name: "t_\(suffix)", suffix: suffix)
    try await place.clone(template ?? "template1", into: database.name)
    do {
      let value = try await body(database)
      await place.drop(database.name)
      return value
    } catch {
      await place.drop(database.name)
      throw error
    }
  }

  /// A libpq keyword string for a user of this database.
  package func conninfo(
    user: String = "postgres", password: String? = nil, over route: PrivatePostgres.Route = .socket
  ) -> String {
    server.conninfo(user: user, password: password, database: name, over: route)
  }

  /// Runs SQL as the superuser in this database; see `PrivatePostgres.sql`.
  @discardableResult
  package func sql(_ text: String) async throws -> String { try await server.sql(text, database: name) }
}

extension PrivatePostgres {
  /// `CREATE DATABASE … TEMPLATE …`, then the template's own rights on a database, which cloning leaves behind.
  func clone(_ template: String, into name: String) async throws {
    try await sql(
      """
      CREATE DATABASE "\(name)" TEMPLATE "\(template)" STRATEGY = WAL_LOG;
      REVOKE ALL ON DATABASE "\(name)" FROM PUBLIC;
      SELECT format('GRANT %s ON DATABASE %I TO %s', a.privilege_type, '\(name)',
                    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM pg_database AS d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
       WHERE d.datname = '\(template)' AND a.grantee <> d.datdba
      \\gexec
      SELECT format('ALTER DATABASE %I OWNER TO %I', '\(name)', pg_get_userbyid(datdba))
        FROM pg_database WHERE datname = '\(template)' AND pg_get_userbyid(datdba) <> 'postgres'
      \\gexec
      """)
  }

  /// Drops a database with whoever is connected; a server that is gone has nothing to drop.
  func drop(_ name: String) async {
    _ = try? await sql("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE);")
  }

  /// Makes `name` once per server, however many processes ask at the same time: `make` fills a database of another
  /// name, which becomes the template when it is complete.
  package func template(
    _ name: String, _ make: @escaping @Sendable (TestDatabase) async throws -> Void
  ) async throws {
    try await TemplateMaker.shared.once("\(folder)/\(name)") { try await makeTemplate(name, make) }
  }

  private func makeTemplate(_ name: String, _ make: @Sendable (TestDatabase) async throws -> Void) async throws {
    if try await isThere(name) { return }
    try await TestDatabase.with(on: self) { database in
      try await make(database)
      // The loser of a race keeps the winner's; both are the same.
      try await sql(
        """
        SELECT pg_advisory_lock(hashtext('gkm-test-template'));
        SELECT format('ALTER DATABASE %I RENAME TO %I', '\(database.name)', '\(name)')
         WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '\(name)')
        \\gexec
        """)
    }
  }

  private func isThere(_ name: String) async throws -> Bool {
    try await sql("SELECT 1 FROM pg_database WHERE datname = '\(name)';") == "1"
  }
}

/// Lets all tests of this process wait for the one that makes what they need.
private actor TemplateMaker {
  static let shared = TemplateMaker()
  private var works: [String: Task<Void, any Error>] = [:]

  /// Runs `make` for the first who asks; the others wait for it. After a failure the next one tries again.
  func once(_ key: String, _ make: @escaping @Sendable () async throws -> Void) async throws {
    let work = works[key] ?? Task { try await make() }
    works[key] = work
    do {
      try await work.value
    } catch {
      if works[key] == work { works[key] = nil }
      throw error
    }
  }
}
