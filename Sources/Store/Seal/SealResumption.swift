package import Market
package import Postgres

/// An admin's word that the log goes on from a restored backup, and that a head which it does not have is given up.
package struct SealResumption: Sendable, Equatable {
  package let event: Int64
  package let at: Instant
  package let actor: String
  package let lostSize: Int
  package let lostRoot: MerkleHash

  /// The newest event that gives up exactly this head.
  package static func givingUp(
    _ session: borrowing Session, size: Int, root: MerkleHash
  ) throws -> SealResumption? {
    try events(session, where: "subject_id = \(String(size))").last { $0.lostSize == size && $0.lostRoot == root }
  }

  /// Every one, oldest first.
  package static func all(_ session: borrowing Session) throws -> [SealResumption] {
    try events(session, where: "true")
  }

  private static func events(_ session: borrowing Session, where filter: SQL) throws -> [SealResumption] {
    try session.rows(
      """
      SELECT id, body FROM gkm.audit_event
      WHERE subject_kind = 'audit_head' AND action = \(AuditAction.auditResumed.rawValue) AND \(sql: filter)
      ORDER BY subject_id, at, id
      """
    ) { row in
      let id = try row.int64(0)
      guard let record = try? AuditRecord(parsing: try row.bytes(1)), record.action == .auditResumed,
        let size = record.details["lost_size"].flatMap({ Int($0) }),
        let root = record.details["lost_root"].flatMap({ Hex.decode($0) }).flatMap({ MerkleHash($0) })
      else { return nil }
      return SealResumption(event: id, at: record.at, actor: record.actor, lostSize: size, lostRoot: root)
    }.compactMap(\.self)
  }

  /// Writes it, as an admin; throws `ActionRefused`.
  package static func resume(
    _ session: borrowing Session, lostSize: Int, lostRoot: MerkleHash, reason: String
  ) throws {
    do {
      _ = try session.rows("SELECT api.audit_resume(\(lostSize), \(lostRoot.description), \(reason))") { _ in }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
