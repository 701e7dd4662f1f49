package import Postgres

/// The little that has to be done now and then.
package enum Upkeep {
  /// Makes the partitions of the months to come; answers how many it made.
  package static func ensurePartitions(_ session: borrowing Session) throws -> Int {
    try session.first("SELECT gkm.ensure_partitions()") { try $0.int(0) } ?? 0
  }
}
