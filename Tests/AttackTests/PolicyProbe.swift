import Market
import Postgres
import Store
import TestSupport

/// Asks the live database for each cell of the policy, as a real login of the role: what is allowed is done, or fails
/// for a reason of its own; what is not is refused.
enum PolicyProbe {
  /// Who signs in for each role that has logins.
  static func logins(_ seeded: SeededMarket) async throws -> [(role: String, login: PostgresConfiguration)] {
    var logins = [("gkm_daemon", seeded.market.daemon), ("gkm_sealer", seeded.market.sealer)]
    for role in Role.people { logins.append((role.databaseRole, try await seeded.person(role))) }
    return logins
  }

  /// Role × table × column × verb. Nothing is read and nothing written: no row qualifies.
  static func tables(
    _ session: borrowing Session, role: String, columns: [String: [String]]
  ) throws -> [String] {
    var problems: [String] = []
    for rule in Policy.tables {
      let names = columns[rule.table] ?? []
      let allowed = PolicyCatalogue.allowed(rule, columns: names)
      func ask(_ column: String, _ verb: String, _ statement: String) throws {
        let cell = PolicyCatalogue.Cell(role: role, table: rule.table, column: column, verb: verb)
        let state = try outcome(session, statement)
        // A generated column takes no value from anybody, which is found before the right is asked for.
        if state != "428C9", (state == "42501") == allowed.contains(cell) {
          problems.append("\(cell): \(state ?? "done"), and the policy says otherwise")
        }
      }
      for name in names {
        try ask(name, "SELECT", "SELECT \(name) FROM gkm.\(rule.table) LIMIT 0")
        try ask(
          name, "INSERT", "INSERT INTO gkm.\(rule.table) (\(name)) OVERRIDING SYSTEM VALUE SELECT NULL WHERE false")
        try ask(name, "UPDATE", "UPDATE gkm.\(rule.table) SET \(name) = DEFAULT WHERE false")
      }
      try ask("", "DELETE", "DELETE FROM gkm.\(rule.table) WHERE false")
      try ask("", "TRUNCATE", "TRUNCATE gkm.\(rule.table)")
    }
    return problems
  }

  /// Role × action: each function with nothing for its arguments. Who may call it hears what is wrong with them.
  static func actions(_ session: borrowing Session, role: String) throws -> [String] {
    var problems: [String] = []
    for rule in Policy.functions {
      let nothing = rule.arguments.map { "NULL::\($0)" }.joined(separator: ", ")
      let state = try outcome(session, "SELECT * FROM api.\(rule.name)(\(nothing))")
      let mayCall = rule.callers.map(\.databaseRole).contains(role)
      if (state == "42501") == mayCall {
        problems.append("\(role) calls \(rule.signature): \(state ?? "done"), and the policy says otherwise")
      }
    }
    return problems
  }

  /// The SQLSTATE that a statement is refused with; `nil` where it is done. What it did is undone.
  private static func outcome(_ session: borrowing Session, _ statement: String) throws -> String? {
    try session.script("BEGIN")
    defer { try? session.script("ROLLBACK") }
    do {
      try session.script(statement)
      return nil
    } catch let error as PostgresError {
      return error.sqlState ?? "\(error.kind)"
    }
  }
}
