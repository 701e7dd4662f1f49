package import Market
package import Postgres

/// How far the sealing is behind.
package struct SealLag: Sendable, Equatable {
  /// Leaves under the newest head.
  package let treeSize: Int
  /// When that was signed; `nil` before the first.
  package let signedAt: Instant?
  /// When the oldest event happened that is not sealed; `nil` where all are.
  package let oldestUnsealed: Instant?
  package let databaseTime: Instant

  /// How long the oldest unsealed event has waited.
  package var waiting: Duration { oldestUnsealed.map { databaseTime - $0 } ?? .zero }

  /// Reads only what lies behind the newest head's cursor, up to the first that is not sealed.
  package static func read(_ session: borrowing Session) throws -> SealLag {
    try IndexPlans.only(session) { try behindNewest($0) }
  }

  private static func behindNewest(_ session: borrowing Session) throws -> SealLag {
    let newest = try StoredHead.newest(session)
    let xact = String(newest?.cursor.xact ?? 0)
    let lag = try session.first(
      """
      SELECT now(), (SELECT e.at FROM gkm.audit_event e
        WHERE (e.xact, e.id) > (\(xact)::text::xid8, \(newest?.cursor.id ?? 0))
          AND NOT EXISTS (SELECT FROM gkm.audit_leaf l WHERE l.event_id = e.id)
        ORDER BY e.xact, e.id LIMIT 1)
      """
    ) { row in
      SealLag(
        treeSize: newest?.size ?? 0, signedAt: newest?.signedAt, oldestUnsealed: try row.instantOrNil(1),
        databaseTime: try row.instant(0))
    }
    guard let lag else { throw StoreError.badRow("now() gave no row") }
    return lag
  }
}
