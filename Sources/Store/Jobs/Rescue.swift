import Market
package import Postgres

/// What a dead worker held goes before what waits: it has waited in turn once, and then for its lease to end.
package enum Rescue {
  /// Makes urgent what became due lately because its lease ran out. Answers how many jobs that were. To be called more
  /// often than every `window`: it reads no further back, for before it may lie a backlog of any length.
  @discardableResult
  package static func putFirst(_ session: borrowing Session) throws -> Int {
    let kinds: [JobKind] = [.apply, .deliver]
    let rows: [Int64] = try session.rows(
      """
      UPDATE gkm.job SET priority = \(Int16(JobPriority.urgent.rawValue))
      WHERE id IN (
        SELECT id FROM gkm.job
        WHERE kind = ANY (\(kinds.map(\.rawValue))) AND priority = \(Int16(JobPriority.normal.rawValue))
          AND run_at BETWEEN now() - make_interval(secs => \(windowSeconds)) AND now() AND lease_token IS NOT NULL
        ORDER BY id FOR UPDATE SKIP LOCKED
      )
      RETURNING id, set_config('synchronous_commit', 'off', true)
      """
    ) { try $0.int64(0) }
    return rows.count
  }

  private static let windowSeconds = 5.0
}
