package import Postgres

package enum ReconEvents {
  /// Those of `ids` that never came.
  package static func lacking(_ session: borrowing Session, _ ids: [String]) throws -> Set<String> {
    let rows = try session.rows(
      """
      SELECT g.id FROM unnest(\(ids)) AS g (id)
      WHERE NOT EXISTS (SELECT FROM gkm.stripe_event e WHERE e.event_id = g.id)
      """
    ) { try $0.string(0) }
    return Set(rows)
  }
}
