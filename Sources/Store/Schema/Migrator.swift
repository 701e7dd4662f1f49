import Crypto
package import Postgres

/// Brings a bootstrapped database to this program's schema.
///
/// Run as `gkm_migrator` (or a superuser), who becomes `gkm_owner` for the tables. Safe to run twice and by two
/// processes at once: an advisory lock lets one go first, the other finds nothing to do.
package enum Migrator {
  package struct Report: Sendable, Equatable {
    /// `1 core`, in the order in which they were applied.
    package var applied: [String] = []
    /// Whether functions, grants and policies were written anew.
    package var rewrotePolicy = false

    package init() {}
  }

  /// Names all that this program would make of a database: migrations, functions, policy, bootstrap. SHA-256 in hex.
  package static var fingerprint: String {
    let parts =
      Migration.all.map(\.sql) + Repeatable.scripts + [PolicySQL.script(columns: [:])] + Bootstrap.texts
    return hex(SHA256.hash(data: Array(parts.joined(separator: "\u{0}").utf8)))
  }

  /// Applies what is missing. Each migration is a transaction of its own; so is the policy.
  package static func migrate(
    _ connection: PostgresConnection, migrations: [Migration] = Migration.all, acceptDrift: Bool = false
  ) async throws -> Report {
    try await connection.run { session in
      try demandBootstrap(session)
      try session.script("SELECT pg_advisory_lock(7261002)")
      defer { try? session.script("RESET ROLE; SELECT pg_advisory_unlock(7261002)") }
      return try locked(session, migrations: migrations, acceptDrift: acceptDrift)
    }
  }

  private static func locked(
    _ session: borrowing Session, migrations: [Migration], acceptDrift: Bool
  ) throws -> Report {
    try session.script("SET ROLE gkm_owner; \(historyTable)")
    let done = try session.rows("SELECT version, name, sha256 FROM gkm.schema_migration ORDER BY version") {
      (version: try $0.int(0), name: try $0.string(1), sha256: try $0.string(2))
    }
    for row in done where row.version > 0 {
      guard let known = migrations.first(where: { $0.version == row.version }) else {
        throw SchemaError.newer(version: row.version)
      }
      guard known.sha256 == row.sha256 else { throw SchemaError.edited(version: row.version, name: known.name) }
    }
    let recorded = done.first { $0.version == 0 && $0.name == "catalogue" }?.sha256
    if let recorded, !acceptDrift, try catalogueHash(session) != recorded { throw SchemaError.drifted }

    var report = Report()
    for migration in migrations where !done.contains(where: { $0.version == migration.version }) {
      try apply(migration, session)
      report.applied.append("\(migration.version) \(migration.name)")
    }
    let policyHash = try policyHash(session)
    if done.first(where: { $0.version == 0 && $0.name == "policy" })?.sha256 != policyHash || !report.applied.isEmpty {
      try writePolicy(session, hash: policyHash)
      report.rewrotePolicy = true
    }
    return report
  }

  private static func apply(_ migration: Migration, _ session: borrowing Session) throws {
    try transaction(session) {
      try session.script("SET LOCAL ROLE gkm_owner;\n\(migration.sql)")
      _ = try session.execute(
        """
        INSERT INTO gkm.schema_migration (version, name, sha256)
        VALUES (\(migration.version), \(migration.name), \(migration.sha256))
        """)
    }
  }

  private static func writePolicy(_ session: borrowing Session, hash: String) throws {
    try session.script("RESET ROLE")
    let columns = try columnsByTable(session)
    try transaction(session) {
      for script in Repeatable.scripts { try session.script(script) }
      try session.script(PolicySQL.script(columns: columns))
      try session.script("SET ROLE gkm_owner; SELECT gkm.ensure_partitions(); RESET ROLE")
      try session.script("SET LOCAL ROLE gkm_owner")
      for (name, value) in [("policy", hash), ("catalogue", try catalogueHash(session))] {
        _ = try session.execute(
          """
          INSERT INTO gkm.schema_migration (version, name, sha256) VALUES (0, \(name), \(value))
          ON CONFLICT (version, name) DO UPDATE SET sha256 = excluded.sha256, applied_at = now()
          """)
      }
    }
    try session.script("SET ROLE gkm_owner")
  }

  private static func policyHash(_ session: borrowing Session) throws -> String {
    let all = Repeatable.scripts + [PolicySQL.script(columns: try columnsByTable(session))]
    return hex(SHA256.hash(data: Array(all.joined().utf8)))
  }

  private static func columnsByTable(_ session: borrowing Session) throws -> [String: [String]] {
    let rows = try session.rows(
      """
      SELECT c.relname::text, a.attname::text
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'gkm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY c.relname, a.attnum
      """
    ) { (try $0.string(0), try $0.string(1)) }
    return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
  }

  /// What the tables look like: columns, constraints and indexes of schema gkm, partitions left out.
  private static func catalogueHash(_ session: borrowing Session) throws -> String {
    let lines = try session.rows(
      """
      SELECT line FROM (
        SELECT 'column ' || c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' '
          || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'gkm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT 'constraint ' || c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE c.relnamespace = 'gkm'::regnamespace AND NOT c.relispartition AND k.contype <> 't'
        UNION ALL
        SELECT 'index ' || pg_get_indexdef(i.indexrelid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relnamespace = 'gkm'::regnamespace AND NOT c.relispartition
      ) AS lines (line) ORDER BY line
      """
    ) { try $0.string(0) }
    return hex(SHA256.hash(data: Array(lines.joined(separator: "\n").utf8)))
  }

  private static func demandBootstrap(_ session: borrowing Session) throws {
    let there = try session.first(
      "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'gkm'), to_regrole('gkm_owner') IS NOT NULL"
    ) { (try $0.bool(0), try $0.bool(1)) }
    guard there?.1 == true else { throw SchemaError.notBootstrapped("the role gkm_owner") }
    guard there?.0 == true else { throw SchemaError.notBootstrapped("the schema gkm") }
  }

  private static func transaction(_ session: borrowing Session, _ body: () throws -> Void) throws {
    try session.script("BEGIN")
    do {
      try body()
      try session.script("COMMIT")
    } catch {
      try? session.script("ROLLBACK")
      throw error
    }
  }

  private static let historyTable = """
    CREATE TABLE IF NOT EXISTS gkm.schema_migration (
      version integer NOT NULL,
      name text NOT NULL,
      sha256 text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (version, name)
    );
    """
}
