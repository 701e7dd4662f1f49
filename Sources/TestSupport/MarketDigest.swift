import Market
package import Postgres

/// What a market's database holds, table by table: to show that an attack changed nothing.
package struct MarketDigest: Sendable, Equatable {
  /// Rows and checksum of each table; under `(rights)` who may do what, under `(logins)` what logins are.
  package private(set) var tables: [String: String]

  /// What a running daemon writes of itself without being asked.
  package static let ownWork: Set<String> = [
    "worker", "alert", "alert_watch", "slo_minute", "job_round", "recon_run", "exchange_key", "team_channel",
    "template",
    "installation", "low_stock",
  ]

  /// Reads all of it in one statement. `session` is a superuser's.
  ///
  /// - Parameter ignored: tables that change by themselves meanwhile.
  package static func read(_ session: borrowing Session, ignoring ignored: Set<String> = []) throws -> MarketDigest {
    let tables = Policy.tables.map(\.table).filter { !ignored.contains($0) }.map {
      "SELECT '\($0)', count(*) || ' rows, ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM gkm.\($0) t"
    }
    let rows = try session.rows(SQL(unescaped: (tables + catalogue).joined(separator: "\nUNION ALL "))) {
      (try $0.string(0), try $0.string(1))
    }
    return MarketDigest(tables: Dictionary(rows, uniquingKeysWith: { "\($0) \($1)" }))
  }

  /// The names of what differs.
  package func differences(from other: MarketDigest) -> [String] {
    Set(tables.keys).union(other.tables.keys).filter { tables[$0] != other.tables[$0] }.sorted()
  }

  /// Rights on everything there is, row security, functions and their settings; and every login that this database
  /// knows of. Other tests make logins of their own meanwhile: theirs have nothing to do with this one.
  private static let catalogue = [
    """
    SELECT '(rights)', md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
      SELECT 'table ' || c.oid::regclass || ' ' || c.relowner || ' ' || c.relrowsecurity || c.relforcerowsecurity
        || coalesce(c.relacl::text, '') FROM pg_class c
        WHERE c.relnamespace IN ('gkm'::regnamespace, 'api'::regnamespace, 'public'::regnamespace)
      UNION ALL SELECT 'column ' || a.attrelid::regclass || ' ' || a.attname || ' ' || a.attacl::text
        FROM pg_attribute a WHERE a.attacl IS NOT NULL
      UNION ALL SELECT 'policy ' || p.polrelid::regclass || ' ' || p.polname || ' ' || p.polroles::text || ' '
        || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
        FROM pg_policy p
      UNION ALL SELECT 'function ' || p.oid::regprocedure || ' ' || p.proowner || ' ' || md5(p.prosrc)
        || coalesce(p.proacl::text, '') || coalesce(p.proconfig::text, '') FROM pg_proc p
        WHERE p.pronamespace IN ('gkm'::regnamespace, 'api'::regnamespace, 'public'::regnamespace)
      UNION ALL SELECT 'trigger ' || t.tgrelid::regclass || ' ' || t.tgname || ' ' || t.tgenabled::text
        FROM pg_trigger t WHERE NOT t.tgisinternal
      UNION ALL SELECT 'schema ' || n.nspname || ' ' || coalesce(n.nspacl::text, '') FROM pg_namespace n
        WHERE n.nspname !~ '^pg_(toast|temp)'
      UNION ALL SELECT 'extension ' || e.extname FROM pg_extension e
      UNION ALL SELECT 'large object ' || l.oid FROM pg_largeobject_metadata l
      UNION ALL SELECT 'event trigger ' || v.evtname FROM pg_event_trigger v
    ) catalogue (line)
    """,
    """
    SELECT '(logins)', md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
      SELECT r.rolname::text || r.rolsuper || r.rolcreaterole || r.rolcreatedb || r.rolbypassrls || r.rolcanlogin
        || r.rolconnlimit || r.rolreplication || coalesce((SELECT string_agg(m.roleid::regrole::text, ' ' ORDER BY m.roleid)
          FROM pg_auth_members m WHERE m.member = r.oid), '')
        || coalesce((SELECT string_agg(s.setconfig::text, ' ') FROM pg_db_role_setting s WHERE s.setrole = r.oid), '')
      FROM pg_roles r WHERE r.rolname ~ '^gkm_' OR r.rolname IN (SELECT p.role_name FROM gkm.person p)
    ) logins (line)
    """,
  ]
}
