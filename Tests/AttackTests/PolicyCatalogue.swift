import Market
import Postgres

/// What the policy gives, read from its table by another hand than the one that writes the grants, and compared with
/// what the live catalogue says that everybody may.
enum PolicyCatalogue {
  /// Roles that people and programs are members of, or that functions run as.
  static let roles = [
    "gkm_support", "gkm_ops", "gkm_admin", "gkm_vendor", "gkm_daemon", "gkm_sealer", "gkm_migrator", "gkm_people",
    "gkm_api", "gkm_vendor_read", "gkm_audit_owner",
  ]

  /// What may be done with one column, or with a whole table where `column` is empty.
  struct Cell: Hashable, CustomStringConvertible {
    var role: String
    var table: String
    var column: String
    var verb: String

    var description: String { "\(role) \(verb) \(table)\(column.isEmpty ? "" : ".\(column)")" }
  }

  /// The cells of one table that the policy allows.
  static func allowed(_ rule: TableRule, columns: [String]) -> Set<Cell> {
    var cells: Set<Cell> = []
    func give(_ role: String, _ verbs: String, _ names: [String]) {
      for verb in verbs.split(separator: " ").map(String.init) {
        if verb == "DELETE" {
          cells.insert(Cell(role: role, table: rule.table, column: "", verb: verb))
        } else {
          for name in names { cells.insert(Cell(role: role, table: rule.table, column: name, verb: verb)) }
        }
      }
    }
    let open = columns.filter { !rule.hidden.contains($0) }
    for role in Role.people where role.isStaff && rule.readers?.grant(to: role) == .yes {
      give(role.databaseRole, "SELECT", open)
    }
    for (right, verb) in [
      (DaemonRights.select, "SELECT"), (.insert, "INSERT"), (.update, "UPDATE"), (.delete, "DELETE"),
    ] where rule.daemon.contains(right) { give("gkm_daemon", verb, columns) }
    switch rule.sealer {
    case .none: break
    case .read(let names): give("gkm_sealer", "SELECT", names)
    case .append: give("gkm_sealer", "SELECT INSERT", columns)
    }
    if rule.vendor != .hidden { give("gkm_vendor_read", "SELECT", rule.vendorColumns ?? open) }
    if rule.table == "audit_event" {
      give("gkm_audit_owner", "SELECT INSERT", columns)
      return cells
    }
    if ["assignment", "ledger_posting"].contains(rule.table) { give("gkm_audit_owner", "SELECT", columns) }
    guard rule.readers != nil else { return cells }
    if rule.sealer == .append {
      give("gkm_api", "SELECT", columns)
    } else {
      give("gkm_api", rule.isAppendOnly ? "SELECT INSERT" : "SELECT INSERT UPDATE", open + rule.functionsAdd)
      if rule.functionsTakeAway { give("gkm_api", "DELETE", []) }
    }
    return cells
  }

  /// The columns of every table that there is, partitions too.
  static func columns(_ session: borrowing Session) throws -> [String: [String]] {
    let rows = try session.rows(
      """
      SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'gkm'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum
      """
    ) { (try $0.string(0), try $0.string(1)) }
    return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
  }

  /// What differs between the policy and the tables' rights in the catalogue, both ways.
  static func tableProblems(_ session: borrowing Session) throws -> [String] {
    let columns = try columns(session)
    var expected: Set<Cell> = []
    for rule in Policy.tables { expected.formUnion(allowed(rule, columns: columns[rule.table] ?? [])) }
    let list = roles.map { "'\($0)'" }.joined(separator: ", ")
    let found = try session.rows(
      SQL(
        unescaped: """
          SELECT r.rolname::text, c.relname::text, a.attname::text, v.verb
          FROM pg_roles r, pg_class c, pg_attribute a, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) v (verb)
          WHERE r.rolname IN (\(list)) AND c.relnamespace = 'gkm'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND has_column_privilege(r.oid, c.oid, a.attnum, v.verb)
          UNION ALL
          SELECT r.rolname, c.relname, '', v.verb
          FROM pg_roles r, pg_class c, unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) v (verb)
          WHERE r.rolname IN (\(list)) AND c.relnamespace = 'gkm'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND has_table_privilege(r.oid, c.oid, v.verb)
          """)
    ) { Cell(role: try $0.string(0), table: try $0.string(1), column: try $0.string(2), verb: try $0.string(3)) }
    let live = Set(found)
    return live.subtracting(expected).map { "\($0): granted, and not in the policy" }.sorted()
      + expected.subtracting(live).map { "\($0): in the policy, and not granted" }.sorted()
  }

  /// What differs for the functions: which there are in `api`, who may call them, whose rights they run with; and that
  /// of the inner ones people call none.
  static func functionProblems(_ session: borrowing Session) throws -> [String] {
    let list = roles.map { "'\($0)'" }.joined(separator: ", ")
    let live = try session.rows(
      SQL(
        unescaped: """
          SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
            n.nspname || '.' || p.proname || '(' || coalesce((
              SELECT string_agg(format_type(t, NULL), ', ' ORDER BY place)
              FROM unnest(p.proargtypes) WITH ORDINALITY AS u (t, place)), '') || ')',
            p.proowner::regrole::text, coalesce((
              SELECT string_agg(r.rolname, ' ' ORDER BY r.rolname COLLATE "C") FROM pg_roles r
              WHERE r.rolname IN (\(list)) AND has_function_privilege(r.oid, p.oid, 'EXECUTE')), '')
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('api', 'gkm')
          """)
    ) { (signature: try $0.string(1), owner: try $0.string(2), callers: try $0.string(3)) }
    var problems: [String] = []
    var seen: Set<String> = []
    for function in live {
      let callers = Set(function.callers.split(separator: " ").map(String.init))
      guard function.signature.hasPrefix("api.") else {
        let people = callers.intersection(["gkm_support", "gkm_ops", "gkm_admin", "gkm_vendor", "gkm_sealer"])
        let mayCall: Set<String> =
          function.signature == "gkm.reconciliation_health()" ? ["gkm_support", "gkm_ops", "gkm_admin"] : []
        if people != mayCall { problems.append("\(function.signature): called by \(people.sorted())") }
        continue
      }
      seen.insert(function.signature)
      guard let rule = Policy.functions.first(where: { spelled($0) == function.signature }) else {
        problems.append("\(function.signature): not in the policy")
        continue
      }
      if rule.owner.rawValue != function.owner { problems.append("\(rule.signature): owned by \(function.owner)") }
      let expected = Set(rule.callers.map(\.databaseRole) + rule.internalCallers + [rule.owner.rawValue])
      if callers != expected {
        problems.append(
          "\(rule.signature): granted beyond the policy to \(callers.subtracting(expected).sorted()), missing for "
            + "\(expected.subtracting(callers).sorted())")
      }
    }
    for rule in Policy.functions where !seen.contains(spelled(rule)) {
      problems.append("\(rule.signature): in the policy, and not there")
    }
    return problems.sorted()
  }

  /// The signature as the catalogue writes it.
  private static func spelled(_ rule: FunctionRule) -> String {
    rule.signature.replacing("timestamptz", with: "timestamp with time zone")
  }
}
