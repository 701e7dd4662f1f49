package import Postgres

/// What has to happen to a database that was restored from a backup, before anything works on it.
package enum AfterRestore {
  /// Refund requests that a restored past may have lost: fewer than this are made between two backups.
  private static let lostRequests = 1_000_000

  /// Begins a new epoch, so that what Redis remembers of a later past counts for nothing; returns its number. Numbers
  /// that refund requests had in that past are not given out again: Stripe knows them as Idempotency-Keys. As
  /// `gkm_migrator`, inside a transaction.
  package static func beginEpoch(_ session: borrowing Session) throws -> Int64 {
    try session.script("SET LOCAL ROLE gkm_owner")
    let epoch = try session.first("UPDATE gkm.installation SET epoch = epoch + 1 RETURNING epoch") { try $0.int64(0) }
    guard let epoch else { throw NotFound("gkm.installation has no row: this is no migrated database") }
    _ = try session.rows(
      "SELECT setval('gkm.refund_request_id_seq', last_value + \(lostRequests)) FROM gkm.refund_request_id_seq"
    ) { _ in }
    try session.script("SET LOCAL ROLE gkm_api")
    let details = ["epoch", String(epoch)]
    _ = try session.rows(
      """
      SELECT gkm.audit('database.restored', 'installation', 'epoch', NULL, NULL, NULL, 'migrator', NULL, \(details))
      """
    ) { _ in }
    return epoch
  }
}
