import Market

/// Turns the policy into SQL: grants by column, forced row security with its policies, and the audit triggers.
///
/// What it writes first takes everything away and then gives what the policy says, so that a right that left the
/// policy leaves the database too.
enum PolicySQL {
  /// Every role that the policy gives anything to, beside PUBLIC.
  static let roles = [
    "gkm_support", "gkm_ops", "gkm_vendor", "gkm_admin", "gkm_daemon", "gkm_api", "gkm_vendor_read", "gkm_audit_owner",
    "gkm_people", "gkm_sealer",
  ]

  /// The whole script, to be run as gkm_owner. `columns` names the columns of each table, as they are in the database.
  static func script(columns: [String: [String]]) -> String {
    var out: [String] = ["SET ROLE gkm_owner;"]
    out.append(
      "REVOKE ALL ON ALL TABLES IN SCHEMA gkm FROM PUBLIC, \(roles.joined(separator: ", "));")
    for rule in Policy.tables {
      out += table(rule, columns: columns[rule.table] ?? [])
    }
    out.append("GRANT USAGE ON ALL SEQUENCES IN SCHEMA gkm TO gkm_daemon, gkm_api;")
    out.append("GRANT USAGE ON TYPE gkm.safe_text, gkm.minor_units, gkm.currency TO \(roles.joined(separator: ", "));")
    out.append("RESET ROLE;")
    out += functions()
    return out.joined(separator: "\n")
  }

  private static func table(_ rule: TableRule, columns: [String]) -> [String] {
    let name = "gkm.\(rule.table)"
    var out = ["ALTER TABLE \(name) ENABLE ROW LEVEL SECURITY;", "ALTER TABLE \(name) FORCE ROW LEVEL SECURITY;"]
    out.append(dropPolicies(rule.table))

    // The owner's own policy is for migrations; nobody logs in as the owner. What is append-only nobody changes.
    out.append(policy("owner", on: name, for: rule.isAppendOnly ? "SELECT" : "ALL", to: "gkm_owner", using: "true"))

    let open = columns.filter { !rule.hidden.contains($0) }
    let readers = Role.people.filter { $0.isStaff && rule.readers?.grant(to: $0) == .yes }.map(\.databaseRole)
    if !readers.isEmpty {
      let roles = readers.joined(separator: ", ")
      out.append("GRANT SELECT (\(open.joined(separator: ", "))) ON \(name) TO \(roles);")
      out.append(policy("staff", on: name, for: "SELECT", to: roles, using: "true"))
    }
    out += daemon(rule, name: name)
    out += sealer(rule, name: name)
    out += functionOwners(rule, name: name, open: open)
    out += vendor(rule, name: name, open: open)
    out += trigger(rule, name: name)
    return out
  }

  private static func daemon(_ rule: TableRule, name: String) -> [String] {
    guard !rule.daemon.isEmpty else { return [] }
    var verbs: [String] = []
    if rule.daemon.contains(.select) { verbs.append("SELECT") }
    if rule.daemon.contains(.insert) { verbs.append("INSERT") }
    if rule.daemon.contains(.update) { verbs.append("UPDATE") }
    if rule.daemon.contains(.delete) { verbs.append("DELETE") }
    var out = ["GRANT \(verbs.joined(separator: ", ")) ON \(name) TO gkm_daemon;"]
    if rule.table == "audit_event" {
      out.append(policy("daemon_read", on: name, for: "SELECT", to: "gkm_daemon", using: "true"))
      out.append(policy("daemon_append", on: name, for: "INSERT", to: "gkm_daemon", check: ownEvent))
    } else {
      out.append(policy("daemon", on: name, for: "ALL", to: "gkm_daemon", using: "true"))
    }
    return out
  }

  private static func sealer(_ rule: TableRule, name: String) -> [String] {
    switch rule.sealer {
    case .none: return []
    case .read(let columns):
      return [
        "GRANT SELECT (\(columns.joined(separator: ", "))) ON \(name) TO gkm_sealer;",
        policy("sealer_read", on: name, for: "SELECT", to: "gkm_sealer", using: "true"),
      ]
    case .append:
      return [
        "GRANT SELECT, INSERT ON \(name) TO gkm_sealer;",
        policy("sealer_read", on: name, for: "SELECT", to: "gkm_sealer", using: "true"),
        policy("sealer_append", on: name, for: "INSERT", to: "gkm_sealer", check: "true"),
      ]
    }
  }

  /// gkm_api runs what people call; gkm_audit_owner writes and demands audit events.
  private static func functionOwners(_ rule: TableRule, name: String, open: [String]) -> [String] {
    var out: [String] = []
    if rule.table == "audit_event" {
      out.append("GRANT SELECT, INSERT ON \(name) TO gkm_audit_owner;")
      out.append(policy("audit_read", on: name, for: "SELECT", to: "gkm_audit_owner", using: "true"))
      out.append(policy("audit_append", on: name, for: "INSERT", to: "gkm_audit_owner", check: ownEvent))
      return out
    }
    if ["assignment", "ledger_posting"].contains(rule.table) {
      out.append("GRANT SELECT ON \(name) TO gkm_audit_owner;")
      out.append(policy("audit_read", on: name, for: "SELECT", to: "gkm_audit_owner", using: "true"))
    }
    guard rule.readers != nil else { return out }
    if rule.sealer == .append {
      out.append("GRANT SELECT ON \(name) TO gkm_api;")
      out.append(policy("api", on: name, for: "SELECT", to: "gkm_api", using: "true"))
      return out
    }
    let list = (open + rule.functionsAdd).joined(separator: ", ")
    let update = rule.isAppendOnly ? "" : ", UPDATE (\(list))"
    if rule.functionsTakeAway { out.append("GRANT DELETE ON \(name) TO gkm_api;") }
    out.append("GRANT SELECT (\(list)), INSERT (\(list))\(update) ON \(name) TO gkm_api;")
    out.append(policy("api", on: name, for: "ALL", to: "gkm_api", using: "true"))
    return out
  }

  /// Nobody's event but one's own, and none at another time than now.
  private static let ownEvent = "actor = session_user AND at = transaction_timestamp() AND xact = pg_current_xact_id()"

  private static func vendor(_ rule: TableRule, name: String, open: [String]) -> [String] {
    let condition: String
    switch rule.vendor {
    case .hidden: return []
    case .column: condition = "vendor_id = (SELECT api.my_vendor())"
    case .identity: condition = "id = (SELECT api.my_vendor())"
    case .everything: condition = "true"
    case .order(let column):
      // OFFSET 0: a row is looked up by itself. Without it the planner may gather all that the vendor ever sold first.
      condition =
        "EXISTS (SELECT FROM gkm.vendor_order v WHERE v.order_id = \(rule.table).\(column)"
        + " AND v.vendor_id = (SELECT api.my_vendor()) OFFSET 0)"
    }
    let columns = rule.vendorColumns ?? open
    return [
      "GRANT SELECT (\(columns.joined(separator: ", "))) ON \(name) TO gkm_vendor_read;",
      policy("vendor", on: name, for: "SELECT", to: "gkm_vendor_read", using: condition),
    ]
  }

  private static func trigger(_ rule: TableRule, name: String) -> [String] {
    var out = ["DROP TRIGGER IF EXISTS require_audit ON \(name);"]
    var occasions = "INSERT OR UPDATE OR DELETE"
    let function: String
    switch rule.audit {
    case .none: return out
    case .order(let column): function = "gkm.require_order_audit('\(column)')"
    case .subject(let kind, let column): function = "gkm.require_subject_audit('\(kind)', '\(column)')"
    case .stockUnit:
      function = "gkm.require_unit_audit()"
      // Units come by the hundred thousand: one look for all that a statement brings.
      occasions = "UPDATE OR DELETE"
      out += [
        "DROP TRIGGER IF EXISTS require_import_audit ON \(name);",
        "CREATE TRIGGER require_import_audit AFTER INSERT ON \(name) REFERENCING NEW TABLE AS added"
          + " FOR EACH STATEMENT EXECUTE FUNCTION gkm.require_import_audit();",
      ]
    case .ledgerTx: function = "gkm.require_ledger_entry()"
    }
    out.append(
      "CREATE CONSTRAINT TRIGGER require_audit AFTER \(occasions) ON \(name)"
        + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION \(function);")
    return out
  }

  private static func functions() -> [String] {
    // Functions of gkm_people are granted where they are made, by the superuser's bootstrap.
    Policy.functions.filter { $0.owner != .people }.flatMap { rule in
      let callers = rule.callers.map(\.databaseRole) + rule.internalCallers
      return [
        "SET ROLE \(rule.owner.rawValue);",
        "REVOKE ALL ON FUNCTION \(rule.signature) FROM PUBLIC, \(roles.joined(separator: ", "));",
        "GRANT EXECUTE ON FUNCTION \(rule.signature) TO \((callers + [rule.owner.rawValue]).joined(separator: ", "));",
        "RESET ROLE;",
      ]
    }
  }

  private static func policy(
    _ label: String, on name: String, for verb: String, to roles: String, using: String? = nil, check: String? = nil
  ) -> String {
    var out = "CREATE POLICY \(label) ON \(name) FOR \(verb) TO \(roles)"
    if let using { out += " USING (\(using))" }
    if let check { out += " WITH CHECK (\(check))" }
    return out + ";"
  }

  private static func dropPolicies(_ table: String) -> String {
    """
    DO $$
    DECLARE
      p text;
    BEGIN
      FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'gkm.\(table)'::regclass LOOP
        EXECUTE format('DROP POLICY %I ON gkm.\(table)', p);
      END LOOP;
    END $$;
    """
  }
}
