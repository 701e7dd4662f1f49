package import Postgres

/// Which migration the database has reached.
package enum SchemaVersion {
  /// The newest applied; 0 before the first.
  package static func current(_ session: borrowing Session) throws -> Int {
    try session.first("SELECT coalesce(max(version), 0) FROM gkm.schema_migration") { try $0.int(0) } ?? 0
  }

  /// What this program was built for.
  package static var wanted: Int { Migration.all.map(\.version).max() ?? 0 }
}
