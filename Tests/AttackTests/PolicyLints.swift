import Market
import Postgres

/// What must hold of the catalogue whatever the policy says. Each lint is a query whose rows are the offenders.
enum PolicyLints {
  static func problems(_ session: borrowing Session) throws -> [String] {
    var problems: [String] = []
    for (lint, query) in all + [triggers, vendorPolicies] {
      problems += try session.rows(SQL(unescaped: query)) { "\(lint): \(try $0.string(0))" }
    }
    return problems
  }

  private static let ours = "('gkm'::regnamespace, 'api'::regnamespace)"

  private static let all: [(String, String)] = [
    (
      "row security is enabled and forced on every table",
      """
      SELECT c.relname::text FROM pg_class c WHERE c.relnamespace IN \(ours) AND c.relkind IN ('r', 'p')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
      """
    ),
    (
      "no column is of a type whose equality is not leakproof: an index would not be used under row security",
      """
      SELECT a.attrelid::regclass || '.' || a.attname FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
      WHERE c.relnamespace IN \(ours) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        AND (t.typtype = 'e' OR t.typbasetype = 'numeric'::regtype OR t.oid = 'numeric'::regtype)
      """
    ),
    (
      "who left cannot sign in and is in no group",
      """
      SELECT p.role_name::text FROM gkm.person p JOIN pg_authid r ON r.rolname = p.role_name
      WHERE p.disabled_at IS NOT NULL
        AND (r.rolcanlogin OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid))
      """
    ),
    (
      "no policy is for everybody",
      "SELECT p.polrelid::regclass || ' ' || p.polname FROM pg_policy p WHERE 0 = ANY (p.polroles)"
    ),
    (
      "what is for the tables' owner alone is for nobody else",
      """
      SELECT p.polrelid::regclass::text FROM pg_policy p WHERE p.polname = 'owner'
        AND p.polroles <> ARRAY['gkm_owner'::regrole::oid]
      """
    ),
    (
      "a view runs with its caller's rights",
      """
      SELECT c.relname::text FROM pg_class c WHERE c.relnamespace IN \(ours) AND c.relkind IN ('v', 'm')
        AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
      """
    ),
    (
      "every function has an empty search path",
      """
      SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace IN \(ours)
        AND NOT coalesce('search_path=""' = ANY (p.proconfig), false)
      """
    ),
    (
      "nothing of ours is everybody's to call",
      """
      SELECT p.oid::regprocedure::text FROM pg_proc p,
        aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      WHERE p.pronamespace IN \(ours) AND a.grantee = 0
      """
    ),
    (
      "no table, column, sequence, schema or database is everybody's",
      """
      SELECT c.oid::regclass::text FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relnamespace IN \(ours) AND a.grantee = 0
      UNION ALL SELECT a.attrelid::regclass || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid,
        aclexplode(a.attacl) x WHERE c.relnamespace IN \(ours) AND x.grantee = 0
      UNION ALL SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a
        WHERE n.nspname IN ('gkm', 'api', 'public') AND a.grantee = 0
      UNION ALL SELECT d.datname FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
        WHERE d.datname = current_database() AND a.grantee = 0
      """
    ),
    (
      "nobody but the functions' owners makes things",
      """
      SELECT r.rolname || ' in ' || n.nspname FROM pg_roles r, pg_namespace n
      WHERE n.nspname IN ('gkm', 'api', 'public') AND r.rolname IN ('gkm_support', 'gkm_ops', 'gkm_admin', 'gkm_vendor',
        'gkm_daemon', 'gkm_sealer', 'gkm_migrator') AND has_schema_privilege(r.oid, n.oid, 'CREATE')
      """
    ),
    (
      "vendors reach the functions' schema and no other",
      """
      SELECT n.nspname::text FROM pg_namespace n WHERE n.nspname IN ('gkm', 'public')
        AND has_schema_privilege('gkm_vendor', n.oid, 'USAGE')
      """
    ),
    (
      "nobody who is a vendor is of the staff, and everybody has one role",
      """
      SELECT p.role_name || ' as ' || p.role FROM gkm.person p JOIN pg_roles r ON r.rolname = p.role_name
      WHERE ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
        <> CASE WHEN p.disabled_at IS NULL THEN ARRAY['gkm_' || p.role] ELSE '{}' END
      """
    ),
    (
      "no login has more than its roles",
      """
      SELECT r.rolname::text FROM pg_roles r
      WHERE (r.rolname IN (SELECT p.role_name FROM gkm.person p) OR r.rolname ~ '^gkm_')
        AND (r.rolsuper OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls AND r.rolname <> 'gkm_backup'
          OR r.rolcreaterole AND r.rolname <> 'gkm_people'
          OR r.rolname IN (SELECT p.role_name FROM gkm.person p) AND r.rolconnlimit < 1)
      """
    ),
    (
      "the owners never sign in, and nobody is the maker of people",
      """
      SELECT r.rolname::text FROM pg_roles r WHERE r.rolcanlogin AND r.rolname IN ('gkm_owner', 'gkm_api',
        'gkm_vendor_read', 'gkm_audit_owner', 'gkm_people', 'gkm_support', 'gkm_ops', 'gkm_vendor', 'gkm_admin')
      UNION ALL SELECT m.member::regrole::text FROM pg_auth_members m
        WHERE m.roleid = 'gkm_people'::regrole
      UNION ALL SELECT m.member::regrole::text FROM pg_auth_members m
        WHERE m.roleid IN ('gkm_owner'::regrole, 'gkm_api'::regrole, 'gkm_vendor_read'::regrole,
          'gkm_audit_owner'::regrole) AND m.member <> 'gkm_migrator'::regrole
      """
    ),
    (
      "people write no code and hold no locks on the server",
      """
      SELECT 'plpgsql for ' || r.rolname FROM pg_roles r
        WHERE r.rolname IN ('gkm_support', 'gkm_ops', 'gkm_admin', 'gkm_vendor', 'gkm_daemon', 'gkm_sealer')
          AND has_language_privilege(r.oid, 'plpgsql', 'USAGE')
      UNION ALL SELECT p.oid::regprocedure || ' for ' || r.rolname FROM pg_roles r, pg_proc p
        WHERE r.rolname IN ('gkm_support', 'gkm_ops', 'gkm_admin', 'gkm_vendor')
          AND p.pronamespace = 'pg_catalog'::regnamespace
          AND (p.proname ~ '^(lo_|lowrite|loread|pg_(try_)?advisory_)' OR p.proname = 'pg_logical_emit_message')
          AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
      """
    ),
    (
      "vendors read nothing that says how others sell",
      """
      SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace
        AND c.relname ~ ('^pg_(stat_activity|stat_(xact_)?(all|user)_(tables|indexes)|statio_(all|user)_(tables|indexes|sequences)'
          || '|stat_database|stats|stats_ext|stats_ext_exprs|roles|user|group|locks|sequences|auth_members'
          || '|db_role_setting|shdepend|prepared_xacts|stat_replication|stat_ssl)$')
        AND has_table_privilege('gkm_vendor', c.oid, 'SELECT')
      UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
        AND p.proname ~ '^pg_stat_get_|^pg_(relation|table|indexes|total_relation|database)_size$'
        AND has_function_privilege('gkm_vendor', p.oid, 'EXECUTE')
      """
    ),
    (
      "what guards the books is there and awake",
      """
      SELECT w.name FROM (VALUES ('ledger_account', 'append_only'), ('ledger_tx', 'append_only'),
        ('ledger_posting', 'append_only'), ('refund_request', 'demand_approvals'), ('audit_leaf', 'demand_dense_leaves'),
        ('stock_unit', 'require_import_audit')) w (name, guard)
      WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = ('gkm.' || w.name)::regclass
        AND t.tgname = w.guard AND t.tgenabled = 'O')
      """
    ),
  ]

  /// Each table whose changes have to be told has its trigger, which fires at the transaction's end.
  private static var triggers: (String, String) {
    let tables = Policy.tables.filter { $0.audit != .none }.map { "('\($0.table)')" }
    return (
      "a change is told in its transaction",
      """
      SELECT w.name FROM (VALUES \(tables.joined(separator: ", "))) w (name)
      WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = ('gkm.' || w.name)::regclass
        AND t.tgname = 'require_audit' AND t.tgenabled = 'O' AND t.tgdeferrable AND t.tginitdeferred)
      """
    )
  }

  /// What is read on a vendor's behalf is that vendor's, but for what says nothing about anybody.
  private static var vendorPolicies: (String, String) {
    let open = Policy.tables.filter { $0.vendor == .everything }.map { "'\($0.table)'" }
    return (
      "what is read for a vendor is that vendor's",
      """
      SELECT c.relname || ' ' || p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
      WHERE 'gkm_vendor_read'::regrole = ANY (p.polroles) AND c.relname NOT IN (\(open.joined(separator: ", ")))
        AND (p.polcmd <> 'r' OR pg_get_expr(p.polqual, p.polrelid) !~ 'SELECT api.my_vendor\\(\\) AS my_vendor'
          OR pg_get_expr(p.polqual, p.polrelid) ~ ' OR ')
      """
    )
  }
}
