package import Postgres

/// What the planner knows of tables that grow: kept true to within a doubling, so that no plan from a table's first rows is
/// in use when it is large.
package enum TableStatistics {
  /// Analyzes the tables that have doubled; any daemon may, and one at a time does. Inside a transaction of its own.
  /// - Returns: how many tables there were.
  @discardableResult
  package static func refresh(_ session: borrowing Session) throws -> Int {
    try session.first("SELECT gkm.refresh_statistics() + gkm.refresh_audit_statistics()") { try $0.int(0) } ?? 0
  }
}
